# SPDX-License-Identifier: Apache-2.0
# plimsoll inventory against the tools that made the packages: package for package and file for file. The roots are made
# here, by those tools; nothing is fetched, and no container is started.
load lib

setup_file() {
	D=$(mktemp -d /tmp/plm.XXXXXX)
	export D
	export HOME=$D/home GOCACHE=$D/go-cache GOPATH=$D/go GOPROXY=off GOFLAGS=-mod=mod GOTOOLCHAIN=local
	mkdir -p "$HOME"
	debian_tar
}

teardown_file() { chmod -R u+w "$D" && rm -rf "$D"; }

inventory() { timeout 60 "$PLM" inventory --state-dir "$D/none" --format json "$@"; }

# ours TYPE ROOT: lists what the inventory holds of that type, of packages in $D/ours.packages as "NAME VERSION ARCHITECTURE",
# of files in $D/ours.files as "NAME PATH DIGEST", tabs between.
ours() {
	inventory --files "$2" >"$D/ours.json"
	jq -r --arg type "$1" '.packages[] | select(.type == $type) | [.name, .version, .architecture // "-"] | @tsv' \
		"$D/ours.json" | sort >"$D/ours.packages"
	jq -r --arg type "$1" '.files[] | select(.package.type == $type) |
		[.package.name, .file.path, .plimsoll.expected // "-"] | @tsv' "$D/ours.json" | sort >"$D/ours.files"
	[ "$(jq -r '.notes | length' "$D/ours.json")" -eq 0 ] || fail "$(jq -c .notes "$D/ours.json")"
}

# expect_same WHAT MINIMUM: what the tool said is on standard input.
expect_same() {
	sort >"$D/theirs.$1"
	[ "$(wc -l <"$D/theirs.$1")" -ge "$2" ] || fail "the tool told of too few $1:" "$(cat "$D/theirs.$1")"
	diff "$D/theirs.$1" "$D/ours.$1"
}

# merged: paths on standard input, as a root has them whose /bin, /lib and so on are links into /usr.
merged() { sed -E 's,^((.*\t)?)/(bin|sbin|lib|lib32|lib64|libx32)/,\1/usr/\3/,'; }

# ---- dpkg ----

# What dpkg lists of its packages and is there. What are directories to it, /bin and so on, are links here.
dpkg_files() {
	local root=$1 name package path
	dpkg-query --root="$root" -W -f '${Package} ${binary:Package}\n' | while read -r name package; do
		dpkg-query --root="$root" -L "$package" | grep '^/' | grep -vxE '/(bin|sbin|lib|lib32|lib64|libx32)' | merged | while read -r path; do
			[ -d "$root$path" ] && [ ! -L "$root$path" ] || [ ! -e "$root$path" ] && [ ! -L "$root$path" ] ||
				printf '%s\t%s\n' "$name" "$path"
		done
	done | sort -u
}

# Conffiles' are in the status file alone.
dpkg_digests() {
	local root=$1 file name
	dpkg-query --root="$root" -W -f '${Package}\n${Conffiles}\n' |
		awk -v OFS='\t' '/^[^ ]/ {name = $1} /^ \// && $3 != "obsolete" {print name, $1, "md5:" $2}' | merged
	for file in "$root"/var/lib/dpkg/info/*.md5sums; do
		name=$(basename "${file%.md5sums}")
		sed -E "s,^([0-9a-f]{32})  (.*)\$,${name%%:*}\t/\2\tmd5:\1," "$file"
	done | merged
}

@test "dpkg: a root of debootstrap's" {
	mkdir "$D/debian"
	tar -C "$D/debian" -xf "$PLM_CACHE/bookworm.tar"
	ours deb "$D/debian"
	dpkg-query --root="$D/debian" -W -f '${Package}\t${Version}\t${Architecture}\n' | expect_same packages 80
	dpkg_digests "$D/debian" | sort >"$D/want.digests"
	grep -P '\tmd5:' "$D/ours.files" | diff "$D/want.digests" -
	dpkg_files "$D/debian" >"$D/want.files"
	[ "$(wc -l <"$D/want.files")" -gt 2000 ]
	cut -f 1,2 "$D/ours.files" | grep -vP '\t/(bin|sbin|lib|lib32|lib64|libx32)$' | while IFS=$'\t' read -r name path; do
		[ ! -e "$D/debian$path" ] && [ ! -L "$D/debian$path" ] || printf '%s\t%s\n' "$name" "$path"
	done | sort -u | diff "$D/want.files" -
}

# ---- rpm ----

rpm_specs() {
	cat >"$D/alpha.spec" <<'SPEC'
Name: alpha
Epoch: 2
Version: 1.0
Release: 3.fc40
Summary: a
License: GPL-2.0-only AND MIT
BuildArch: noarch
%description
a
%package libs
Summary: l
Epoch: 0
Version: 7~rc1
%description libs
l
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/alpha.d %{buildroot}/var/log %{buildroot}/usr/lib/alpha
echo '#!/bin/sh' >%{buildroot}/usr/bin/alpha
chmod 755 %{buildroot}/usr/bin/alpha
ln -s alpha %{buildroot}/usr/bin/alpha-link
ln %{buildroot}/usr/bin/alpha %{buildroot}/usr/bin/alpha-hard
echo conf >%{buildroot}/etc/alpha.conf
echo conf2 >"%{buildroot}/etc/alpha.d/name with blank.conf"
touch %{buildroot}/var/log/alpha.log
echo lib >%{buildroot}/usr/lib/alpha/libalpha.so.1
: >%{buildroot}/usr/lib/alpha/empty
%files
/usr/bin/alpha
/usr/bin/alpha-link
/usr/bin/alpha-hard
%config(noreplace) /etc/alpha.conf
%config "/etc/alpha.d/name with blank.conf"
%ghost /var/log/alpha.log
%dir /etc/alpha.d
%files libs
/usr/lib/alpha
SPEC
	cat >"$D/beta.spec" <<'SPEC'
Name: beta
Version: 0.9^git1
Release: 1
Summary: b
License: MIT
%description
b
%install
mkdir -p %{buildroot}/opt/beta
for i in $(seq 300); do echo $i >%{buildroot}/opt/beta/$i; done
%files
/opt/beta
SPEC
}

rpm_root() {
	local spec root=$D/rpm
	rpm_specs
	for spec in alpha beta; do
		rpmbuild -bb --define "_topdir $D/rpmbuild" "$D/$spec.spec" >"$D/rpmbuild.log" 2>&1 || fail "$(tail "$D/rpmbuild.log")"
	done
	mkdir -p "$root"
	rpm --root "$root" --dbpath /var/lib/rpm --initdb
	rpm --root "$root" --dbpath /var/lib/rpm -i --nodeps --ignorearch --noscripts "$D"/rpmbuild/RPMS/*/*.rpm
}

# Directories are left out; a digest is of regular files that are to be there.
rpm_files() {
	rpm --root "$1" --dbpath /var/lib/rpm -qa --qf '[%{=NAME}\t%{FILENAMES}\t%{FILEMODES:perms}\t%{FILEFLAGS:fflags}\t%{FILEDIGESTS}\n]' |
		awk -F '\t' -v OFS='\t' '$3 !~ /^d/ {print $1, $2, $5 == "" || $4 ~ /g/ ? "-" : "sha256:" $5}'
}

@test "rpm: packages that rpmbuild made" {
	rpm_root
	ours rpm "$D/rpm"
	rpm --root "$D/rpm" --dbpath /var/lib/rpm -qa --qf '%{NAME}\t%{EVR}\t%{ARCH}\n' | expect_same packages 3
	rpm_files "$D/rpm" | expect_same files 308
	inventory --verify --fail-on modified "$D/rpm" >"$D/verified.json"
	jq -e '.verified.modified == 0 and .verified.same > 300' "$D/verified.json"
	rpm --root "$D/rpm" --dbpath /var/lib/rpm -e alpha-libs
	ours rpm "$D/rpm"
	rpm --root "$D/rpm" --dbpath /var/lib/rpm -qa --qf '%{NAME}\t%{EVR}\t%{ARCH}\n' | expect_same packages 2
}

# ---- pip ----

# python_project NAME VERSION [MODULE...]
python_project() {
	local name=$1 version=$2 module=${1//[-.]/_}
	mkdir -p "$D/projects/$name/$module/sub"
	echo "__version__ = '$version'" >"$D/projects/$name/$module/__init__.py"
	echo "x = 1" >"$D/projects/$name/$module/sub/deep.py"
	cat >"$D/projects/$name/setup.py" <<-END
		from setuptools import setup
		setup(name="$name", version="$version", license="MIT", packages=["$module", "$module.sub"],
		      entry_points={"console_scripts": ["$name-tool = $module:main"]})
	END
}

pip() { python3 -m pip --disable-pip-version-check --no-color "$@"; }

pip_install() {
	local site=$1 name
	python_project plain-lib 1.2.3
	python_project Under_Score 2.0rc1
	python_project dotted.name 0.0.1.post4
	for name in plain-lib Under_Score dotted.name; do
		pip wheel -q --no-build-isolation --no-index --no-deps -w "$D/wheels" "$D/projects/$name" >"$D/pip.log" 2>&1 ||
			fail "$(cat "$D/pip.log")"
	done
	pip install -q --no-index --no-deps --no-compile --target "$site" "$D"/wheels/*.whl >"$D/pip.log" 2>&1 ||
		fail "$(cat "$D/pip.log")"
}

# Each RECORD's files, with their digests in hexadecimal; below a target, programs are in its own bin.
record_files() {
	python3 - "$1" "$2" <<-'END'
		import base64, csv, glob, os, sys
		root, site = sys.argv[1:]
		for record in glob.glob(site + "/*.dist-info/RECORD"):
		    name = next(l.split(": ", 1)[1].strip() for l in open(os.path.dirname(record) + "/METADATA") if l.startswith("Name: "))
		    for path, digest, size in csv.reader(open(record)):
		        path = path.replace("../../bin/", "bin/")
		        kind, _, value = digest.partition("=")
		        text = kind + ":" + base64.urlsafe_b64decode(value + "==").hex() if kind else "-"
		        if os.path.exists(os.path.join(site, path)):
		            print(name, os.path.join(site, path)[len(root):], text, sep="\t")
	END
}

@test "pip: wheels that it built and installed" {
	local site=$D/python/usr/lib/python3/dist-packages
	pip_install "$site"
	ours pypi "$D/python"
	pip list --format json --path "$site" | jq -r '.[] | [.name, .version, "-"] | @tsv' | expect_same packages 3
	record_files "$D/python" "$site" | expect_same files 15
	inventory --verify --fail-on modified "$D/python" >"$D/verified.json"
	jq -e '.verified.modified == 0 and .verified.same >= 12' "$D/verified.json"
	echo >>"$site/plain_lib/sub/deep.py"
	run -1 inventory --verify --fail-on modified "$D/python"
	jq -e '[.files[].file.path] == ["/usr/lib/python3/dist-packages/plain_lib/sub/deep.py"]' <<<"$output"
}

# ---- npm ----

# node_project NAME VERSION
node_project() {
	local dir=$D/node/${1//\//-}
	mkdir -p "$dir/lib"
	jq -n --arg name "$1" --arg version "$2" '{name: $name, version: $version, license: "ISC", main: "lib/x.js"}' \
		>"$dir/package.json"
	echo 'module.exports = 1' >"$dir/lib/x.js"
	(cd "$dir" && npm pack --silent --pack-destination "$D/node" >/dev/null)
}

npm() { command npm --offline --no-audit --no-fund --no-update-notifier --cache "$D/npm-cache" "$@"; }

@test "npm: modules that it packed and installed" {
	local app=$D/js/srv/app
	node_project left 1.2.3
	node_project right 2.0.0-beta.1
	node_project @scope/both 0.3.0
	mkdir -p "$app"
	echo '{"name": "app", "version": "9.9.9"}' >"$app/package.json"
	(cd "$app" && npm install --silent "$D"/node/*.tgz)
	ours npm "$D/js"
	(cd "$app" && npm ls --all --json --long) |
		jq -r '[.. | objects | select(.dependencies) | .dependencies | to_entries[] | [.key, .value.version, "-"]] | unique[] | @tsv' >"$D/listed"
	expect_same packages 3 <"$D/listed"
	grep -P '\t/srv/app/node_modules/' "$D/ours.files" | cut -f 2 >"$D/ours.paths"
	(cd "$D/js" && find srv/app/node_modules -type f ! -path '*/node_modules/.package-lock.json' -printf '/%p\n') | sort |
		diff - <(sort "$D/ours.paths")
}

# ---- go ----

@test "go build: modules that are in the binary" {
	mkdir -p "$D/gosrc/lib" "$D/gosrc/cmd" "$D/gobin/usr/local/bin"
	printf 'module example.org/lib\n\ngo 1.18\n' >"$D/gosrc/lib/go.mod"
	printf 'package lib\n\nfunc X() int { return 1 }\n' >"$D/gosrc/lib/lib.go"
	printf 'module example.org/cmd\n\ngo 1.18\n\nrequire example.org/lib v1.4.2\n\nreplace example.org/lib v1.4.2 => ../lib\n' >"$D/gosrc/cmd/go.mod"
	printf 'package main\n\nimport "example.org/lib"\n\nfunc main() { println(lib.X()) }\n' >"$D/gosrc/cmd/main.go"
	(cd "$D/gosrc/cmd" && CGO_ENABLED=0 go build -o "$D/gobin/usr/local/bin/tool" .)
	(cd "$D/gosrc/cmd" && CGO_ENABLED=0 go build -ldflags '-s -w' -buildmode pie -o "$D/gobin/usr/local/bin/stripped" .)
	ours golang "$D/gobin"
	for file in tool stripped; do
		go version -m "$D/gobin/usr/local/bin/$file" | awk -F '\t' -v OFS='\t' '
			/^[^\t]/ {sub(/.*: go/, ""); print "stdlib", $0, "-"; next}
			$2 == "mod" || $2 == "dep" {if (path) print path, version, "-"; path = $3; version = $4}
			$2 == "=>" {version = $3 ~ /^[.\/]/ ? "(devel)" : $4}
			END {print path, version, "-"}'
	done | expect_same packages 6
}
