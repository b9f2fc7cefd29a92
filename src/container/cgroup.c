/* SPDX-License-Identifier: Apache-2.0 */
#include "container/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

enum id_form { ID_HEX64, ID_ANY };

/* One way to name a container's cgroup: [parent/]prefix ID suffix. First row that fits. */
struct naming {
	const char *prefix;
	const char *suffix;
	enum id_form form;
	const char *parent;  /* the component before must be this one; NULL any */
	const char *runtime; /* NULL: not told, or (with `other`) none */
	bool other;          /* not a container, though a later row may think so */
};

static const struct naming namings[] = {
	{ "docker-", ".scope", ID_HEX64, NULL, "docker", false },
	{ "cri-containerd-", ".scope", ID_HEX64, NULL, "containerd", false },
	{ "nerdctl-", ".scope", ID_HEX64, NULL, "containerd", false },
	{ "crio-", ".scope", ID_HEX64, NULL, "cri-o", false },
	{ "crio-", "", ID_HEX64, NULL, "cri-o", false },
	{ "libpod-", ".scope", ID_HEX64, NULL, "podman", false },
	{ "libpod-", "", ID_HEX64, NULL, "podman", false },
	{ "", "", ID_HEX64, "docker", "docker", false },
	{ "", "", ID_HEX64, "libpod_parent", "podman", false },
	{ "", "", ID_HEX64, NULL, NULL, false },
	{ "runc-", ".scope", ID_ANY, NULL, "runc", false },
	{ "crun-", ".scope", ID_ANY, NULL, "crun", false },
	{ "lxc.payload.", "", ID_ANY, NULL, "lxc", false },
	{ "lxc.payload", "", ID_ANY, "lxc", NULL, true },
	{ "", "", ID_ANY, "lxc", "lxc", false },
	{ "machine-qemu", "", ID_ANY, NULL, NULL, true },
	{ "machine-", ".scope", ID_ANY, NULL, "nspawn", false },
};

/*
 * With a cgroupfs driver but a systemd-like parent, containerd and Docker join slice, prefix and id by colons
 * in one name: "kubepods-besteffort-pod1.slice:cri-containerd:<64 hex>".
 */
static const struct {
	const char *infix;
	const char *runtime;
} joined[] = {
	{ ":cri-containerd:", "containerd" },
	{ ":docker:", "docker" },
};

/* Last components that are no container's, by whole name, by beginning and by end. */
static const char *const other_names[] = { "docker",   "kubepods",      "besteffort", "burstable", "guaranteed",
					   "buildkit", "libpod_parent", "lxc",        "machine" };
static const char *const other_beginnings[] = { "kubepods-",   "kubepods.", "libpod-conmon-", "crio-conmon-",
						"lxc.monitor", "lxc.pivot", "conmon" };
static const char *const other_ends[] = { ".service", ".slice",  ".scope", ".socket", ".mount",
					  ".swap",    ".target", ".timer", ".device", ".automount" };

struct text {
	const char *start;
	size_t length;
};

static bool text_is(struct text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.start, word, text.length) == 0;
}

static bool text_begins(struct text text, const char *word)
{
	return text.length >= strlen(word) && memcmp(text.start, word, strlen(word)) == 0;
}

static bool text_ends(struct text text, const char *word)
{
	size_t length = strlen(word);

	return text.length >= length && memcmp(text.start + text.length - length, word, length) == 0;
}

static bool is_hex64(struct text text)
{
	if (text.length != 64)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!memchr("0123456789abcdef", text.start[i], 16))
			return false;
	return true;
}

static bool naming_fits(const struct naming *naming, struct text parent, struct text name, struct text *ret_id)
{
	size_t around = strlen(naming->prefix) + strlen(naming->suffix);
	struct text id;

	if (naming->parent && !text_is(parent, naming->parent))
		return false;
	if (name.length < around || !text_begins(name, naming->prefix) || !text_ends(name, naming->suffix))
		return false;
	id = (struct text){ name.start + strlen(naming->prefix), name.length - around };
	if (naming->form == ID_HEX64 && !is_hex64(id))
		return false;
	if (!naming->other && id.length == 0)
		return false;
	*ret_id = id;
	return true;
}

static bool joined_fits(struct text name, struct text *ret_id, const char **ret_runtime)
{
	if (name.length < 64)
		return false;

	struct text id = { name.start + name.length - 64, 64 };
	struct text before = { name.start, name.length - 64 };

	for (size_t i = 0; is_hex64(id) && i < ARRAY_SIZE(joined); i++) {
		if (!text_ends(before, joined[i].infix))
			continue;
		*ret_id = id;
		*ret_runtime = joined[i].runtime;
		return true;
	}
	return false;
}

static bool container_named(struct text parent, struct text name, struct text *ret_id, const char **ret_runtime)
{
	for (size_t i = 0; i < ARRAY_SIZE(namings); i++) {
		if (!naming_fits(&namings[i], parent, name, ret_id))
			continue;
		*ret_runtime = namings[i].runtime;
		return !namings[i].other;
	}
	return joined_fits(name, ret_id, ret_runtime);
}

/* "pod" and a uid: 32 hex digits, with or without (systemd: underscores for) dashes; or a static pod's hash.
 */
static bool is_pod(struct text name)
{
	if (!text_begins(name, "pod") || name.length < 3 + 32)
		return false;
	for (size_t i = 3; i < name.length; i++)
		if (!memchr("0123456789abcdef-_", name.start[i], 18))
			return false;
	return true;
}

static bool other_named(struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++)
		if (text_is(name, other_names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(other_beginnings); i++)
		if (text_begins(name, other_beginnings[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(other_ends); i++)
		if (text_ends(name, other_ends[i]))
			return true;
	return is_pod(name);
}

static struct cgroup_guess guess_new(enum cgroup_verdict verdict, struct text id, const char *runtime, size_t root)
{
	struct cgroup_guess guess = { .verdict = verdict, .runtime = runtime, .root_length = root };

	memcpy(guess.id, id.start, id.length);
	return guess;
}

struct cgroup_guess cgroup_classify(const char *path)
{
	struct text parent = { "", 0 }, name = { "", 0 }, id = { "", 0 };
	const char *runtime = NULL, *at = path;

	while (*at == '/') {
		at += strspn(at, "/");
		if (!*at)
			break;
		parent = name;
		name = (struct text){ at, strcspn(at, "/") };
		if (name.length > NAME_MAX)
			return (struct cgroup_guess){ .verdict = CGROUP_OTHER };
		at += name.length;
		if (container_named(parent, name, &id, &runtime))
			return guess_new(CGROUP_CONTAINER, id, runtime, (size_t)(at - path));
	}
	if (name.length == 0 || other_named(name))
		return (struct cgroup_guess){ .verdict = CGROUP_OTHER };
	return guess_new(CGROUP_PERHAPS, name, NULL, (size_t)(name.start + name.length - path));
}
