// SPDX-License-Identifier: Apache-2.0
/*
 * mutation: the root file system of a container was changed outside what the policy calls writable
 * (mutation.file), or a container changed what is not its own: a kernel control file, another container's
 * root (mutation.outside).
 */
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "detect/control.h"
#include "detect/internal.h"
#include "fold/fold.h"
#include "policy/policy.h"

/* op_info.flags */
#define OP_WRITES    (1u << 0) /* content, or the wish to write it */
#define OP_METADATA  (1u << 1) /* content stays */
#define OP_TWO_NAMES (1u << 2) /* event.change.from is a name of the root as well */
#define OP_SILENT    (1u << 3) /* of itself no change that lasts */

struct op_info {
	const char *action; /* NULL: no op */
	const char *verb;
	unsigned flags;
};

/* clang-format off */
static const struct op_info ops[PLM_OPS] = {
	[PLM_OP_OPEN_WRITE]  = {"open", "was opened for writing", OP_WRITES | OP_SILENT},
	[PLM_OP_CREATE]      = {"create", "was created", OP_WRITES},
	[PLM_OP_TMPFILE]     = {"create", "was created without a name", OP_SILENT},
	[PLM_OP_MODIFY]      = {"modify", "was modified", OP_WRITES},
	[PLM_OP_TRUNCATE]    = {"modify", "was truncated", OP_WRITES},
	[PLM_OP_FALLOCATE]   = {"modify", "was resized or had a range cleared", OP_WRITES},
	[PLM_OP_RENAME]      = {"rename", "was renamed", OP_TWO_NAMES},
	[PLM_OP_EXCHANGE]    = {"rename", "was exchanged", OP_TWO_NAMES},
	[PLM_OP_UNLINK]      = {"delete", "was deleted", 0},
	[PLM_OP_RMDIR]       = {"delete", "was deleted (a directory)", 0},
	[PLM_OP_MKDIR]       = {"create", "was created (a directory)", 0},
	/* a second name: what is written under the one is changed under the other */
	[PLM_OP_LINK]        = {"link", "was hard-linked", OP_TWO_NAMES},
	[PLM_OP_SYMLINK]     = {"create", "was created (a symbolic link)", 0},
	[PLM_OP_MKNOD]       = {"create", "was created (a special file)", 0},
	[PLM_OP_CHMOD]       = {"metadata", "was given other permissions", OP_METADATA},
	[PLM_OP_CHOWN]       = {"metadata", "was given another owner", OP_METADATA},
	[PLM_OP_SETXATTR]    = {"metadata", "was given an extended attribute", OP_METADATA},
	[PLM_OP_REMOVEXATTR] = {"metadata", "lost an extended attribute", OP_METADATA},
	[PLM_OP_UTIMES]      = {"metadata", "was given other times", OP_METADATA},
	[PLM_OP_MOUNT]       = {"mount", "was mounted over", 0},
};
/* clang-format on */

static const struct op_info *op_of(const struct event *event)
{
	static const struct op_info none = { NULL, NULL, OP_SILENT };

	return event->change.op < PLM_OPS && ops[event->change.op].action ? &ops[event->change.op] : &none;
}

const char *mutation_action(enum plm_op op)
{
	return op < PLM_OPS && ops[op].action ? ops[op].action : "change";
}

/* ---- mutation.outside ---- */

static void tell_outside(struct detection *detection, const char *what)
{
	const struct event *event = detection->event;
	struct finding *finding =
		detection_add(detection, RULE_MUTATION_OUTSIDE, SEVERITY_CRITICAL, op_of(event)->action);

	if (!finding)
		return;
	finding->path = event->path;
	finding->file = &event->file;
	finding->layer = (enum plm_layer)event->file.layer;
	finding_subject(finding, "%s", event->path ? event->path : "?");
	finding_message(finding, "%s, %s, %s in %s by %s", say_path(event->path).text, what, op_of(event)->verb,
			say_container(detection->container).text, say_actor(detection).text);
}

void detect_mutation_outside(struct detection *detection)
{
	const struct event *event = detection->event;
	const char *owner = detection->facts->other_container;
	unsigned flags = op_of(event)->flags;
	const char *reason;

	if (event->file.layer == PLM_LAYER_CONTROL && (flags & OP_WRITES)) {
		reason = control_reason(&event->file, event->path);
		if (reason)
			tell_outside(detection, say("which %s", reason).text);
	} else if (event->file.layer == PLM_LAYER_OTHER_ROOT) {
		/* Opening it for writing is already more than it may; whether it then wrote is seen from inside only. */
		tell_outside(detection,
			     say("of the root file system of %.64s", owner ? owner : "another container").text);
	}
}

/* ---- mutation.file ---- */

/* The one of the change's names that is told. */
struct changed {
	const char *path;
	enum answer in_image;
};

static bool is_hint(const struct event *event)
{
	return event->change.flags & PLM_CHANGE_HINT;
}

/* Did this change what the container's root file system will hold from now on? */
static bool changes_root(const struct event *event, const struct facts *facts)
{
	unsigned flags = op_of(event)->flags;

	if (flags & OP_SILENT)
		return false;
	if (is_hint(event))
		return facts->confirmed != ANSWER_NO;
	if (event->file.layer != PLM_LAYER_UPPER && event->file.layer != PLM_LAYER_IMAGE &&
	    event->file.layer != PLM_LAYER_PLAIN)
		return false;
	return !(event->file.flags & PLM_FILE_UNLINKED) || !(flags & (OP_WRITES | OP_METADATA));
}

/* A name that could not be resolved is nowhere that may be written. */
static bool is_writable(const struct detection *detection, const char *path)
{
	return path && path[0] == '/' && policy_writable(detection->policy, path);
}

/* The first name outside what may be written, the new one before the old. False: there is none. */
static bool changed_outside_writable(const struct detection *detection, struct changed *ret_changed)
{
	const struct event *event = detection->event;
	const struct facts *facts = detection->facts;

	if (!is_writable(detection, event->path)) {
		*ret_changed = (struct changed){ event->path ? event->path : event->change.name, facts->in_image };
		return true;
	}
	if (!(op_of(event)->flags & OP_TWO_NAMES) || !event->change.from || is_writable(detection, event->change.from))
		return false;
	*ret_changed = (struct changed){ event->change.from, facts->from_in_image };
	return true;
}

/* Set-user-ID or set-group-ID given to what may be a program, or a file capability. */
static bool gives_privilege(const struct event *event)
{
	bool directory = S_ISDIR(event->file.mode);

	switch (event->change.op) {
	case PLM_OP_CHMOD:
		return (event->change.value & (S_ISUID | S_ISGID)) && !directory;
	case PLM_OP_CREATE:
	case PLM_OP_RENAME:
	case PLM_OP_EXCHANGE:
	case PLM_OP_LINK:
		return S_ISREG(event->file.mode) && (event->file.mode & (S_ISUID | S_ISGID));
	case PLM_OP_SETXATTR:
		return event->change.attribute && strcmp(event->change.attribute, "security.capability") == 0;
	default:
		return false;
	}
}

static enum severity mutation_severity(const struct event *event, const struct facts *facts)
{
	if (gives_privilege(event))
		return SEVERITY_HIGH;
	if (op_of(event)->flags & OP_METADATA)
		return SEVERITY_LOW;
	if (facts->metadata_only && event->file.layer == PLM_LAYER_UPPER) /* written, and as the image has it */
		return SEVERITY_LOW;
	return facts->code || facts->content.packaged == ANSWER_YES ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

static const char *mutation_verdict(const struct event *event, const struct facts *facts, enum answer in_image)
{
	bool metadata =
		facts->metadata_only || ((op_of(event)->flags & OP_METADATA) && event->file.layer != PLM_LAYER_UPPER);

	return verdict_of_path(in_image, metadata ? "metadata" : "modified");
}

static enum plm_layer mutation_layer(const struct event *event, const struct facts *facts)
{
	if (!is_hint(event) || event->file.layer == PLM_LAYER_PLAIN)
		return (enum plm_layer)event->file.layer;
	return facts->confirmed == ANSWER_YES ? PLM_LAYER_UPPER : PLM_LAYER_UNKNOWN;
}

/* What the verb leaves open: " as /other", " (mode 4755)". */
static struct phrase say_detail(const struct event *event)
{
	if ((op_of(event)->flags & OP_TWO_NAMES) && event->change.from)
		return say(" as %s", say_path(event->path).text);
	if (event->change.op == PLM_OP_CHMOD)
		return say(" (mode %04llo)", (unsigned long long)event->change.value & 07777);
	if (event->change.attribute)
		return say(" (%.64s)", event->change.attribute);
	return say("%s", "");
}

static void say_mutation(struct finding *finding, const struct detection *detection)
{
	const struct event *event = detection->event;
	bool renamed = (op_of(event)->flags & OP_TWO_NAMES) && event->change.from;
	bool unconfirmed = is_hint(event) && detection->facts->confirmed == ANSWER_UNKNOWN;

	finding_message(finding, "%s %s%s in %s by %s%s", say_path(renamed ? event->change.from : finding->path).text,
			op_of(event)->verb, say_detail(event).text, say_container(detection->container).text,
			say_actor(detection).text, unconfirmed ? " (unconfirmed: not seen on disk)" : "");
}

void detect_mutation_file(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct facts *facts = detection->facts;
	struct finding *finding;
	struct changed changed;

	if (!changes_root(event, facts) || !changed_outside_writable(detection, &changed))
		return;
	finding = detection_add(detection, RULE_MUTATION_FILE, mutation_severity(event, facts), op_of(event)->action);
	if (!finding)
		return;
	finding->path = changed.path;
	finding->file = is_hint(event) ? NULL : &event->file;
	finding->layer = mutation_layer(event, facts);
	finding->verdict = mutation_verdict(event, facts, changed.in_image);
	finding->content = &facts->content;
	finding->writer = facts->writer;
	finding->setup = facts->container_age < FOLD_SETUP_WINDOW && event->task.session == 0;
	finding_subject(finding, "%s", changed.path ? changed.path : "?");
	say_mutation(finding, detection);
}
