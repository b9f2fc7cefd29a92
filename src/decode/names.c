// SPDX-License-Identifier: Apache-2.0
#include "decode/names.h"

#include <stddef.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "plimsoll/event.h"

#define NAME_OF(names, value) ((value) < ARRAY_SIZE(names) ? (names)[value] : NULL)

const char *backend_name(unsigned backend)
{
	static const char *const names[] = {
		[PLM_BACKEND_TRACEPOINT] = "tracepoint", [PLM_BACKEND_LSM] = "lsm",   [PLM_BACKEND_FENTRY] = "fentry",
		[PLM_BACKEND_ITERATOR] = "iterator",     [PLM_BACKEND_DISK] = "disk",
	};

	return NAME_OF(names, backend);
}

/* What lies on a plain root has none: nobody can tell whose it is. */
const char *layer_name(unsigned layer)
{
	static const char *const names[] = {
		[PLM_LAYER_IMAGE] = "image",   [PLM_LAYER_UPPER] = "upper",           [PLM_LAYER_MEMORY] = "memory",
		[PLM_LAYER_VOLUME] = "volume", [PLM_LAYER_OTHER_ROOT] = "other-root", [PLM_LAYER_CONTROL] = "control",
	};

	return NAME_OF(names, layer);
}

const char *cause_name(unsigned cause)
{
	static const char *const names[] = {
		[PLM_CAUSE_IMAGE] = "image",
		[PLM_CAUSE_SESSION] = "exec-session",
		[PLM_CAUSE_SETUID_FILE] = "setuid-file",
		[PLM_CAUSE_FILE_CAPABILITY] = "file-capability",
		[PLM_CAUSE_SETUID_CALL] = "setuid-call",
		[PLM_CAUSE_USER_NAMESPACE] = "user-namespace",
		[PLM_CAUSE_UNEXPLAINED] = "unexplained",
	};

	return NAME_OF(names, cause);
}

const char *kind_name(unsigned kind)
{
	static const char *const names[] = {
		[PLM_BIRTH] = "birth",     [PLM_START] = "start",   [PLM_EXEC] = "exec",
		[PLM_TASK] = "task",       [PLM_CHANGE] = "change", [PLM_IDENTITY] = "identity",
		[PLM_MAPPING] = "mapping", [PLM_LEAVE] = "leave",   [PLM_BLIND] = "blind",
	};

	return NAME_OF(names, kind);
}

const char *file_type_name(unsigned mode)
{
	static const char *const names[] = {
		[S_IFREG >> 12] = "file",        [S_IFDIR >> 12] = "dir",          [S_IFLNK >> 12] = "symlink",
		[S_IFCHR >> 12] = "char_device", [S_IFBLK >> 12] = "block_device", [S_IFIFO >> 12] = "fifo",
		[S_IFSOCK >> 12] = "socket",
	};

	return NAME_OF(names, (mode & S_IFMT) >> 12);
}
