// SPDX-License-Identifier: Apache-2.0
#include "compliance/mend.h"

#include <string.h>

#include "base/cleanup.h"

/* What of the subject a sentence names. */
enum part {
	PART_NONE,
	PART_PATH,  /* without the digest, or the file's numbers, behind it */
	PART_CAUSE, /* behind the cause: an executable */
};

struct span {
	const char *text;
	size_t size;
};

/* The first row that fits: `cause` is one of the subject's first two words, or any with NULL. A sentence is what stands
 * before and behind the subject's part. */
static const struct mend_row {
	const char *rule, *cause;
	enum part part;
	const char *before, *behind;
} rows[] = {
	{ "drift.exec.memory", NULL, PART_PATH, "find out who started ",
	  " from memory; ship it as a file of the image" },
	{ "drift.exec.foreign", NULL, PART_PATH, "build ",
	  " into the image, or allow that volume's programs in the policy and mount it read-only" },
	{ "drift.exec.modified", NULL, PART_PATH, "make the container anew from its image; build the change of ",
	  " into the image if it is wanted" },
	{ "drift.exec.new", NULL, PART_PATH, "find out who brought ",
	  "; build it into the image and redeploy, or make the container anew without it" },
	{ "drift.library", NULL, PART_PATH, "build ", " into the image and redeploy" },
	{ "drift.script", NULL, PART_PATH, "build ", " into the image, or run it from one of its own" },
	{ "drift.package", NULL, PART_NONE, "build the packages into the image and redeploy", "" },
	{ "mutation.outside", NULL, PART_PATH, "take away what lets it write ",
	  ": the mount, or the capability; make the container anew" },
	{ "mutation.file", NULL, PART_PATH, "put what is written to ",
	  " on a volume, or name it in the policy's writable; make the root read-only" },
	{ "escape.cgroup", NULL, PART_PATH, "take the cgroup mount and SYS_ADMIN from the container; look at what ",
	  " did outside" },
	{ "escape.exec", NULL, PART_PATH, "end ", " on the host, and look for what started it there" },
	{ "root.escalation", "setuid-file", PART_CAUSE,
	  "set allowPrivilegeEscalation to false, or take the set-user-ID bit from ", " in the image" },
	{ "root.escalation", "file-capability", PART_CAUSE,
	  "set allowPrivilegeEscalation to false, or take the capabilities from ", " in the image" },
	{ "root.escalation", "setuid-call", PART_CAUSE, "drop SETUID and SETGID from the container of ",
	  ", which changes its user" },
	{ "root.escalation", "user-namespace", PART_CAUSE, "forbid user namespaces (a seccomp profile) to ", "" },
	{ "root.escalation", NULL, PART_CAUSE, "find out how ", " became root, and make the container anew" },
	{ "root.exec", "image", PART_NONE, "set USER in the image, or runAsUser in the pod", "" },
	{ "root.exec", "exec-session", PART_NONE,
	  "enter with a user (docker exec -u), and let fewer people enter as root", "" },
	{ "root.exec", "setuid-file", PART_NONE,
	  "set allowPrivilegeEscalation to false, or remove set-user-ID programs from the image", "" },
	{ "root.exec", "file-capability", PART_NONE,
	  "set allowPrivilegeEscalation to false, or remove file capabilities from the image", "" },
	{ "root.exec", "setuid-call", PART_NONE, "drop SETUID and SETGID from the container's capabilities", "" },
	{ "root.exec", "user-namespace", PART_NONE,
	  "forbid user namespaces (a seccomp profile), or accept it by a waiver", "" },
	{ "root.exec", NULL, PART_NONE, "set USER in the image, or runAsUser in the pod; find out what made it root",
	  "" },
	{ "image.modified", NULL, PART_PATH, "build the image anew with ", " as its package has it" },
};

static bool is_between(char c)
{
	return c == ' ' || c == ',';
}

static size_t word_length(const char *text)
{
	size_t length = 0;

	while (text[length] && !is_between(text[length]))
		length++;
	return length;
}

/* Is what stands from there to the end a digest, or a file's numbers? */
static bool is_identity(const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *colon = strchr(text, ':');
	size_t digits;

	if (*text == '@')
		return text[1] && text[1 + strspn(text + 1, "0123456789abcdef:.")] == '\0';
	text = colon ? colon + 1 : text;
	digits = strspn(text, hex);
	return digits >= 32 && text[digits] == '\0';
}

static struct span part_path(const char *subject)
{
	size_t size = strlen(subject), at = size;

	while (at > 0 && !is_between(subject[at - 1]))
		at--;
	return (struct span){ subject, at > 1 && is_identity(subject + at) ? at - 1 : size };
}

static struct span part_cause(const char *subject)
{
	size_t first = word_length(subject);

	if (!subject[first])
		return (struct span){ subject, first };
	return (struct span){ subject + first + 1, strlen(subject + first + 1) };
}

static struct span part_none(const char *subject)
{
	return (struct span){ subject, 0 };
}

static struct span (*const parts[])(const char *subject) = {
	[PART_NONE] = part_none,
	[PART_PATH] = part_path,
	[PART_CAUSE] = part_cause,
};

static bool has_cause(const char *subject, const char *cause)
{
	for (int i = 0; i < 2; i++) {
		size_t length = word_length(subject);

		if (length == strlen(cause) && strncmp(subject, cause, length) == 0)
			return true;
		if (!subject[length])
			return false;
		subject += length + 1;
	}
	return false;
}

void mend_append(struct buffer *out, const char *rule, const char *subject)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct mend_row *row = &rows[i];
		struct span part = parts[row->part](subject);

		if (strcmp(row->rule, rule) != 0 || (row->cause && !has_cause(subject, row->cause)))
			continue;
		buffer_string(out, row->before);
		buffer_append(out, part.text, part.size);
		buffer_string(out, row->behind);
		return;
	}
}
