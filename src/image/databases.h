/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths of a root are package databases' own, so that a change there may be a package's coming or going. Pure. */
#ifndef PLM_IMAGE_DATABASES_H
#define PLM_IMAGE_DATABASES_H

enum package_area {
	AREA_NONE,
	AREA_FILES,    /* where language packages are installed: its database may be about to change */
	AREA_STATE,    /* what a package manager keeps beside its database */
	AREA_DATABASE, /* a database itself: what is installed is another now */
};

/* `path`: absolute. What is compiled anew at each run (__pycache__) is in no area. */
enum package_area package_area(const char *path);

#endif
