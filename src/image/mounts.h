/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mount table as /proc/PID/mountinfo shows it (proc_pid_mountinfo(5)), and the options of an overlay in it.
 * Pure: text in, answers out; no file is opened. A container with CAP_SYS_ADMIN writes most of that text, so
 * it is bounded and checked.
 */
#ifndef PLM_IMAGE_MOUNTS_H
#define PLM_IMAGE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOUNTS_TEXT_MAX   (4u << 20)
#define MOUNTS_MAX        100000 /* the kernel's own default limit of a mount namespace */
#define OVERLAY_LOWER_MAX 512    /* the kernel takes 500 */

/* Strings belong to the table. The escapes of the table (\040 and the like) are decoded but in super. */
struct mount_entry {
	int id, parent;
	uint32_t device;   /* major << 20 | minor, as in plimsoll/event.h */
	const char *root;  /* what of the file system is mounted */
	const char *point; /* as seen from the process's root */
	const char *options;
	const char *fstype;
	const char *source;
	const char *super; /* super block options, as shown: escapes and all */
};

struct mounts;

/*
 * Reads `size` bytes. 0: *ret_mounts is the caller's, for mounts_free.
 * -EBADMSG: a line lacks a field, a number is none, a NUL. -E2BIG: above a bound. -ENOMEM.
 */
int mounts_parse(const char *text, size_t size, struct mounts **ret_mounts);
void mounts_free(struct mounts *mounts); /* takes NULL */

size_t mounts_count(const struct mounts *mounts);
const struct mount_entry *mounts_get(const struct mounts *mounts, size_t index); /* in the order of the text */

/* The root mount: the last one at "/", of those with `device` where that is not 0. NULL: none. */
const struct mount_entry *mounts_root(const struct mounts *mounts, uint32_t device);

/*
 * The mount that holds `path` (absolute, without "." or ".."), walking down from `root` as the kernel does: a
 * mount that a later one covers is not found. The result is `root` where nothing else holds it.
 */
const struct mount_entry *mounts_find(const struct mounts *mounts, const struct mount_entry *root, const char *path);

/*
 * Where `path` inside file system `device` can be seen in this table: 0, or -ENOENT where no mount shows it,
 * or -ENAMETOOLONG. ret_path is untouched on failure. Mounts over that place are not looked for.
 */
int mounts_locate(const struct mounts *mounts, uint32_t device, const char *path, char *ret_path, size_t size);

/*
 * What an overlay was mounted with, unescaped twice: as the table escapes (seq_show_option) and as overlayfs
 * does (Documentation/filesystems/overlayfs.rst: a backslash before colons, commas and backslashes; none in
 * lowerdir+ and datadir+). Lower directories from the top down. Layers behind "::" or in datadir+ hold only
 * data that metacopy files point to: they are counted, and no names of theirs are visible.
 */
struct overlay_options {
	char *upper; /* NULL: a read-only overlay */
	char *work;
	char **lower;
	size_t lowers;
	size_t data_layers;
	bool userxattr; /* overlayfs's own attributes are user.overlay.*, not trusted.overlay.* */
};

/*
 * 0: *ret_options is filled, to be emptied with overlay_options_clear.
 * -EBADMSG: no lower directory at all, an empty one, or a bad escape. -E2BIG: too many layers. -ENOMEM.
 */
int overlay_options_parse(const char *super, struct overlay_options *ret_options);
void overlay_options_clear(struct overlay_options *options);

#endif
