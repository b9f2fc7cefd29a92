// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/stat.h>

#include "image/rootfs_internal.h"

/* A file system stamps with the clock's last tick, which is up to 10 ms old, and the event's time was carried
 * from one clock to another: what is closer than this counts as the same moment. */
#define CLOCK_SLACK 20000000ll

static enum answer unless_changed_since(int64_t ctime, int64_t when)
{
	return ctime + CLOCK_SLACK >= when ? ANSWER_UNKNOWN : ANSWER_NO;
}

static int64_t ctime_of(const struct stat *stat)
{
	return stat->st_ctim.tv_sec * 1000000000ll + stat->st_ctim.tv_nsec;
}

static enum answer merged_holds(const struct rootfs *rootfs, const char *path)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	int error = rootfs_find_merged(rootfs, path, &entry);

	if (error == -ENOENT)
		return ANSWER_NO;
	return error ? ANSWER_UNKNOWN : ANSWER_YES;
}

static enum answer not(enum answer answer) {
	static const enum answer
		opposite[] = { [ANSWER_UNKNOWN] = ANSWER_UNKNOWN, [ANSWER_NO] = ANSWER_YES, [ANSWER_YES] = ANSWER_NO };

	return opposite[answer];
}

/* What a row of the table below asks: the claim, and what the upper directory has at its path. */
struct question {
	const struct rootfs *rootfs;
	const struct rootfs_claim *claim;
	const struct layer_entry *entry;
	mode_t type; /* that the entry has to have; 0: any */
};

/* No entry where there should be one. Whoever removed it changed the nearest directory that is left. */
static enum answer missing(const struct question *question)
{
	return unless_changed_since(ctime_of(&question->entry->parent), question->claim->when);
}

static enum answer differs(const struct question *question)
{
	return unless_changed_since(ctime_of(&question->entry->stat), question->claim->when);
}

static enum answer ask_removed(const struct question *question)
{
	if (question->entry->says == LAYER_HAS)
		return differs(question);
	if (question->entry->says != LAYER_ABSENT)
		return ANSWER_YES;
	return not(merged_holds(question->rootfs, question->claim->path));
}

static enum answer ask_made(const struct question *question)
{
	if (question->entry->says != LAYER_HAS)
		return missing(question);
	if (question->type && (question->entry->stat.st_mode & S_IFMT) != question->type)
		return differs(question);
	return ANSWER_YES;
}

/* The old name must be gone as well; one that is there can have been made again. */
static enum answer ask_renamed(const struct question *question)
{
	enum answer made = ask_made(question);

	if (made != ANSWER_YES || !question->claim->from)
		return made;
	return merged_holds(question->rootfs, question->claim->from) == ANSWER_NO ? ANSWER_YES : ANSWER_UNKNOWN;
}

static enum answer ask_exchanged(const struct question *question)
{
	enum answer made = ask_made(question);

	if (made != ANSWER_YES || !question->claim->from)
		return made;
	return merged_holds(question->rootfs, question->claim->from) == ANSWER_YES ? ANSWER_YES : ANSWER_UNKNOWN;
}

/* Every change of a file that is there copies it up: where only the image has it, it was not changed. */
static enum answer ask_copied_up(const struct question *question)
{
	if (question->entry->says == LAYER_HAS)
		return ANSWER_YES;
	if (question->entry->says == LAYER_ABSENT &&
	    merged_holds(question->rootfs, question->claim->path) == ANSWER_YES)
		return ANSWER_NO;
	return missing(question);
}

static enum answer ask_mode(const struct question *question)
{
	enum answer there = ask_copied_up(question);

	if (there != ANSWER_YES)
		return there;
	return ((question->entry->stat.st_mode ^ question->claim->value) & 07777) == 0 ? ANSWER_YES : differs(question);
}

static bool id_fits(uint32_t claimed, uint32_t actual)
{
	return claimed == UINT32_MAX || claimed == actual;
}

static enum answer ask_owner(const struct question *question)
{
	uint64_t value = question->claim->value;
	enum answer there = ask_copied_up(question);

	if (there != ANSWER_YES)
		return there;
	return id_fits((uint32_t)value, question->entry->stat.st_uid) &&
			       id_fits((uint32_t)(value >> 32), question->entry->stat.st_gid)
		       ? ANSWER_YES
		       : differs(question);
}

static enum answer ask_size(const struct question *question)
{
	enum answer there = ask_copied_up(question);

	if (there != ANSWER_YES)
		return there;
	return (uint64_t)question->entry->stat.st_size == question->claim->value ? ANSWER_YES : differs(question);
}

/* Operations without a row leave nothing that a name leads to. */
static const struct {
	enum answer (*ask)(const struct question *question);
	mode_t type;
} questions[PLM_OPS] = {
	[PLM_OP_OPEN_WRITE] = { ask_copied_up, 0 },
	[PLM_OP_CREATE] = { ask_made, S_IFREG },
	[PLM_OP_MODIFY] = { ask_copied_up, 0 },
	[PLM_OP_TRUNCATE] = { ask_size, 0 },
	[PLM_OP_FALLOCATE] = { ask_copied_up, 0 },
	[PLM_OP_RENAME] = { ask_renamed, 0 },
	[PLM_OP_EXCHANGE] = { ask_exchanged, 0 },
	[PLM_OP_UNLINK] = { ask_removed, 0 },
	[PLM_OP_RMDIR] = { ask_removed, 0 },
	[PLM_OP_MKDIR] = { ask_made, S_IFDIR },
	[PLM_OP_LINK] = { ask_made, 0 },
	[PLM_OP_SYMLINK] = { ask_made, S_IFLNK },
	[PLM_OP_MKNOD] = { ask_made, 0 },
	[PLM_OP_CHMOD] = { ask_mode, 0 },
	[PLM_OP_CHOWN] = { ask_owner, 0 },
	[PLM_OP_SETXATTR] = { ask_copied_up, 0 },
	[PLM_OP_REMOVEXATTR] = { ask_copied_up, 0 },
	[PLM_OP_UTIMES] = { ask_copied_up, 0 },
};

enum answer rootfs_confirm(const struct rootfs *rootfs, const struct rootfs_claim *claim)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	struct question question = { .rootfs = rootfs, .claim = claim, .entry = &entry };

	if ((unsigned)claim->op >= PLM_OPS || !questions[claim->op].ask || !rootfs->has_upper)
		return ANSWER_UNKNOWN;
	if (rootfs_look_upper(rootfs, claim->path, &entry) < 0)
		return ANSWER_UNKNOWN;
	question.type = questions[claim->op].type;
	return questions[claim->op].ask(&question);
}
