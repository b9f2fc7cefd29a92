/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The very file that ran, or changed, opened for reading its content: by the kernel's own links to what a process runs
 * (/proc/PID/exe, /proc/PID/map_files), while it lives; else by the layers. Whatever is opened counts only if inode, size
 * and change time are those of the record: a path is never trusted to lead to the same file twice.
 *
 * By the layers alone that is proof only of what had settled before the event (OBJECT_SETTLED): a file can be written
 * twice within one tick of its file system's clock, and looks the same. While a process runs it, nobody can write to a
 * program (ETXTBSY); what is mapped can be. What nobody has written to needs not to have settled: its mode was changed, which
 * copied it up. In a container that was there before it was watched that holds for inodes born since: nobody can have had them
 * open from before (statx(2), stx_btime: the upper file system's).
 */
#ifndef PLM_IMAGE_OBJECT_H
#define PLM_IMAGE_OBJECT_H

#include "decode/event.h"
#include "image/rootfs.h"

#define OBJECT_SETTLED 20000000 /* ns: more than a tick of any file system's clock */

#define OBJECT_EVER    1 /* before any file was born */

enum object_link {
	OBJECT_NONE,    /* by the layers only */
	OBJECT_PROGRAM, /* /proc/PID/exe */
	OBJECT_MAPPING, /* /proc/PID/map_files, at event->mapping.address */
	OBJECT_INPUT,   /* /proc/PID/fd/0 */
	OBJECT_NAME,    /* as the process itself would find `name` */
};

struct object {
	const struct plm_file *file; /* of a record, or found since */
	const char *path;            /* the container's; NULL: unknown */
	enum object_link link;
	const char *name; /* of OBJECT_NAME */
	int64_t when;     /* of the event, ns since the epoch */
	int64_t unwritten; /* since then nobody has written to it, ns since the epoch, if it was born later; OBJECT_EVER: whenever
			      it was; 0: not known */
};

/*
 * A descriptor, the caller's. -ESTALE: what is there is another file, or may have changed since the event; -EBADMSG: no
 * regular file; or the errno of opening it. `rootfs` may be NULL. `host_root`: "" for the agent's own.
 */
int object_open(const struct object *object, const struct event *event, const struct rootfs *rootfs,
		const char *host_root);

#endif
