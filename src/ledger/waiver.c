// SPDX-License-Identifier: Apache-2.0
#include "ledger/waiver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/subject.h"
#include "ledger/evidence.h"
#include "output/escape.h"
#include "output/time.h"
#include "policy/pattern.h"

#define SECOND 1000000000ll

static const char *const sources[WAIVER_SOURCES] = {
	[WAIVER_COMMAND] = "command",
	[WAIVER_POLICY] = "policy",
};

static const char *const ends[WAIVER_ENDS] = {
	[WAIVER_HOLDS] = "in-force",
	[WAIVER_ENDED] = "ended",
	[WAIVER_REVOKED] = "revoked",
	[WAIVER_VOID] = "void",
};

const char *waiver_source_name(enum waiver_source source)
{
	return sources[source];
}

const char *waiver_end_name(enum waiver_end end)
{
	return ends[end];
}

int64_t waiver_warns(const struct waiver *waiver, int64_t warning)
{
	int64_t late = waiver->made + (waiver->until - waiver->made) / 4 * 3, early = waiver->until - warning * SECOND;

	return early > late ? early : late;
}

/* ---- checking ---- */

struct check {
	const struct waiver *waiver;
	int64_t max, now;
	char *why;
};

static int refuse(const struct check *check, const char *what)
{
	(void)snprintf(check->why, WAIVER_WHY, "%s", what);
	return -EINVAL;
}

static bool is_plain(const char *text)
{
	size_t length = strlen(text), size;
	uint32_t code;

	for (; length > 0; text += size, length -= size) {
		size = utf8_decode(text, length, &code);
		if (size == 0 || code_is_unsafe(code))
			return false;
	}
	return true;
}

static int check_rule(const struct check *check)
{
	if (evidence_kinds(check->waiver->rule))
		return 0;
	(void)snprintf(check->why, WAIVER_WHY, "%s keeps no clock: there is nothing to waive",
		       rule_info(check->waiver->rule)->id);
	return -EINVAL;
}

static int check_end(const struct check *check)
{
	char text[TIME_RFC3339_SIZE];

	if (check->waiver->until == 0)
		return refuse(check, "a waiver needs an end");
	if (check->waiver->until <= check->now)
		return refuse(check, "its end is in the past");
	if ((check->waiver->until - check->now) / SECOND <= check->max)
		return 0;
	time_rfc3339(check->now + check->max * SECOND, text);
	(void)snprintf(check->why, WAIVER_WHY, "its end is later than the policy allows: %.10s at the latest", text);
	return -EINVAL;
}

static int check_texts(const struct check *check)
{
	const struct {
		const char *name, *text;
		size_t max;
		bool needed, named; /* named by a container, perhaps: any bytes */
	} texts[] = {
		{ "a workload", check->waiver->workload, PATTERN_MAX, true, true },
		{ "an owner", check->waiver->owner, WAIVER_OWNER_MAX, true, false },
		{ "a reason", check->waiver->reason, WAIVER_TEXT_MAX, true, false },
		{ "a subject", check->waiver->subject, PATTERN_MAX, false, true },
		{ "a digest", check->waiver->digest, WAIVER_OWNER_MAX, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = texts[i].text, *fault = NULL;

		if (!text || !*text)
			fault = texts[i].needed || text ? "is needed, and not empty" : NULL;
		else if (strlen(text) > texts[i].max)
			fault = "must not be so long";
		else if (!texts[i].named && !is_plain(text))
			fault = "must be UTF-8 without control characters";
		if (!fault)
			continue;
		(void)snprintf(check->why, WAIVER_WHY, "%s %s", texts[i].name, fault);
		return -EINVAL;
	}
	return 0;
}

static int check_digest(const struct check *check)
{
	const char *digest = check->waiver->digest;

	if (!digest || (strncmp(digest, "sha256:", 7) == 0 && strspn(digest + 7, "0123456789abcdef") == 64 &&
			strlen(digest) == 7 + 64))
		return 0;
	return refuse(check, "a digest is an image's: sha256: and 64 hex digits");
}

int waiver_check(const struct waiver *waiver, int64_t max, int64_t now, char ret_why[static WAIVER_WHY])
{
	static int (*const checks[])(const struct check *check) = { check_rule, check_texts, check_digest, check_end };
	const struct check check = { waiver, max, now, ret_why };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](&check);
	return r;
}

void waiver_policy_id(const struct waiver *waiver, char ret_id[static WAIVER_ID_SIZE])
{
	const char *const texts[] = { rule_info(waiver->rule)->id,
				      waiver->workload,
				      waiver->subject,
				      waiver->digest,
				      waiver->owner,
				      waiver->reason };
	char until[24];
	uint64_t hash = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		hash = subject_hash_more(hash, texts[i] ?: "");
	(void)snprintf(until, sizeof(until), "%" PRId64, waiver->until);
	(void)snprintf(ret_id, WAIVER_ID_SIZE, "P%016" PRIx64, subject_hash_more(hash, until));
}
