// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/databases.h"

static const struct {
	const char *path;
	enum package_area area;
} rows[] = {
	{ "/var/lib/dpkg/status", AREA_DATABASE },
	{ "/var/lib/dpkg/info/x.list", AREA_DATABASE },
	{ "/var/lib/dpkg", AREA_DATABASE },
	{ "/lib/apk/db/installed", AREA_DATABASE },
	{ "/usr/lib/apk/db/lock", AREA_DATABASE },
	{ "/var/lib/rpm/rpmdb.sqlite", AREA_DATABASE },
	{ "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal", AREA_DATABASE },
	{ "/usr/lib/python3/dist-packages/x-1.dist-info/RECORD", AREA_DATABASE },
	{ "/usr/lib/python3/dist-packages/x.egg-info", AREA_DATABASE },
	{ "/app/venv/lib/python3.11/site-packages/x-1.dist-info", AREA_DATABASE },
	{ "/app/node_modules/left/package.json", AREA_DATABASE },
	{ "/app/node_modules/.package-lock.json", AREA_DATABASE },
	{ "/app/venv/lib/python3.11/site-packages/x/y.py", AREA_FILES },
	{ "/app/node_modules/left/index.js", AREA_FILES },
	{ "/app/node_modules", AREA_FILES },
	{ "/var/lib/apt/extended_states", AREA_STATE },
	{ "/etc/apk/world", AREA_STATE },
	/* twins */
	{ "/var/lib/dpkg-old/status", AREA_NONE },
	{ "/var/lib/dpk", AREA_NONE },
	{ "/data/var/lib/dpkg/status", AREA_NONE },
	{ "/app/package.json", AREA_NONE },
	{ "/app/my-node_modules/x/package.json", AREA_NONE },
	{ "/usr/lib/python3/dist-packages/x/__pycache__/y.cpython-311.pyc", AREA_NONE },
	{ "/opt/x-1.dist-info/RECORD", AREA_NONE },
	{ "/usr/bin/dpkg", AREA_NONE },
	{ "/", AREA_NONE },
	{ "relative/site-packages", AREA_NONE },
};

static void areas(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (package_area(rows[i].path) != rows[i].area)
			fail_msg("%s: %d, not %d", rows[i].path, package_area(rows[i].path), rows[i].area);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(areas) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
