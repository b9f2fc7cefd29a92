/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as the agent handles it: a record of the kernel side after every size, kind, offset and length was
 * checked, its paths turned root first. Plain data; the strings live in the decoder (or, in a test, wherever the
 * test put them) until the next record is decoded. Absent strings are NULL, never "".
 */
#ifndef PLM_DECODE_EVENT_H
#define PLM_DECODE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/event.h"

/* A string that may hold any byte but NUL. */
struct event {
	enum plm_kind kind;
	enum plm_backend backend;
	uint64_t time; /* CLOCK_BOOTTIME */
	uint64_t cgroup;
	uint64_t container; /* root cgroup id; 0: outside */
	uint32_t head_flags;
	uint32_t repeats;

	struct plm_task task;
	struct plm_creds before;
	enum plm_cause before_cause;
	struct plm_file file;
	const char *path; /* of file, as the container sees it; for a change told by name: resolved, see image/ */

	struct {
		uint32_t flags; /* PLM_EXEC_* */
		struct plm_file script;
		const char *script_path;
		const char *name;
		const char *const *argv; /* NULL-terminated */
		size_t argc;
		const char *cwd;
		struct plm_ancestor ancestors[PLM_ANCESTORS];
		uint32_t stdin_mode;
		struct plm_file input; /* all 0: no regular file is its standard input, to be read */
		const char *input_path;
	} exec;

	struct {
		enum plm_op op;
		uint32_t flags; /* PLM_CHANGE_* */
		uint64_t value;
		const char *base, *name;
		const char *from_base, *from_name;
		const char *from; /* the old path of a rename or link, resolved */
		const char *attribute;
	} change;

	struct {
		uint64_t address;
		enum plm_mapping_how how;
	} mapping;

	struct {
		uint32_t call;
	} identity;

	struct {
		uint64_t to;
		uint64_t by_start;
		uint32_t by_pid;
		const char *path;
	} leave;

	struct {
		enum plm_blind_what what;
	} blind;

	struct {
		uint64_t parent;
		const char *path;
		bool gone;
	} birth;

	struct {
		bool sandbox; /* it runs on a kernel of its own, and nothing below is known */
		uint32_t root_device;
		uint32_t root_magic;
		uint32_t upper_device;
		uint64_t upper_inode;
		const char *
			upper; /* path inside the file system upper_device: of the upper directory, or of a plain root */
	} start;

	const char *root; /* with PLM_TASK_CHROOT: the task's root */
};

#endif
