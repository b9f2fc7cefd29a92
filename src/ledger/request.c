// SPDX-License-Identifier: Apache-2.0
#include "ledger/request.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "output/lossy.h"
#include "output/time.h"
#include "policy/value.h"

struct asked {
	struct ledger *ledger;
	const json_t *request;
	const char *by;
	const struct trust_reading *reading;
};

static const char *text_of(const struct asked *asked, const char *key)
{
	const char *text = json_string_value(json_object_get(asked->request, key));

	return text && *text ? text : NULL;
}

static json_t *refusal(int error, const char *why)
{
	return json_pack("{s:s, s:i}", "error", why, "errno", -error);
}

/* ---- waive ---- */

static json_t *until_read(const struct asked *asked, int64_t *ret_until)
{
	const char *text = text_of(asked, "until");
	int64_t seconds = 0;
	int r = text ? value_until(text, &seconds) : -EINVAL;

	if (!text)
		return refusal(-EINVAL, "a waiver needs an end");
	if (r == -ERANGE || seconds > INT64_MAX / 1000000000)
		return refusal(-EINVAL, "its end is not in the calendar");
	if (r < 0)
		return refusal(-EINVAL, "its end is no date: 2026-12-31 or 2026-12-31T18:00:00Z is");
	*ret_until = seconds * 1000000000;
	return NULL;
}

static json_t *of_violation(const struct asked *asked, const char *id, struct waiver *ret_waiver)
{
	int r = ledger_violation(asked->ledger, id, ret_waiver);

	if (r == -EEXIST)
		return refusal(r, "several violations begin so: give more of the id");
	return r < 0 ? refusal(r, "there is no violation of that id (see plimsoll compliance)") : NULL;
}

static json_t *of_rule(const struct asked *asked, struct waiver *ret_waiver)
{
	const char *id = text_of(asked, "rule");
	int rule = id ? rule_from_id(id) : -ENOENT;

	if (rule < 0)
		return refusal(-EINVAL, id ? "there is no such rule" : "a rule is needed, or a violation's id");
	*ret_waiver = (struct waiver){ .rule = (enum rule)rule,
				       .workload = text_of(asked, "workload"),
				       .subject = text_of(asked, "subject") };
	return NULL;
}

static json_t *waiver_json(const struct waiver *waiver)
{
	char until[TIME_RFC3339_SIZE];

	time_rfc3339(waiver->until, until);
	return json_pack("{s:{s:s, s:s, s:o, s:o*, s:s}}", "waiver", "id", waiver->id, "rule",
			 rule_info(waiver->rule)->id, "workload", json_lossy(waiver->workload), "subject",
			 waiver->subject ? json_lossy(waiver->subject) : NULL, "until", until);
}

static json_t *do_waive(const struct asked *asked)
{
	const char *violation = text_of(asked, "violation");
	struct waiver waiver = { .id = "" };
	const struct waiver *made = NULL;
	char why[WAIVER_WHY] = "";
	json_t *no = violation ? of_violation(asked, violation, &waiver) : of_rule(asked, &waiver);
	int r;

	if (!no)
		no = until_read(asked, &waiver.until);
	if (no)
		return no;
	waiver.digest = text_of(asked, "digest");
	waiver.owner = text_of(asked, "owner");
	waiver.reason = text_of(asked, "reason");
	r = ledger_waive(asked->ledger, &waiver, asked->by, asked->reading->boot, &made, why);
	if (r == -EINVAL)
		return refusal(r, why[0] ? why : "a pattern is none");
	return r < 0 ? refusal(r, strerror(-r)) : waiver_json(made);
}

/* ---- the others ---- */

static json_t *do_revoke(const struct asked *asked)
{
	const char *id = text_of(asked, "id"), *reason = text_of(asked, "reason");
	int r;

	if (!id || !reason || strlen(reason) > WAIVER_TEXT_MAX)
		return refusal(-EINVAL, "a waiver's id and a reason are needed");
	r = ledger_revoke(asked->ledger, id, asked->by, reason, asked->reading->boot);
	if (r == -ENOENT)
		return refusal(r, "no waiver of that id is in force (see plimsoll compliance --waivers)");
	if (r == -EPERM)
		return refusal(r, "it is the policy's: take it out there, and reload");
	return r < 0 ? refusal(r, strerror(-r)) : json_pack("{s:s}", "revoked", id);
}

static json_t *do_confirm(const struct asked *asked)
{
	enum trust_verdict verdict = ledger_confirm_clock(asked->ledger, asked->reading, asked->by);

	return json_pack("{s:s}", "clock", verdict == TRUST_RESUMED ? "is believed again" : "was not in doubt");
}

static const struct {
	const char *name;
	json_t *(*answer)(const struct asked *asked);
} kinds[] = {
	{ "waive", do_waive },
	{ "revoke", do_revoke },
	{ "confirm-clock", do_confirm },
};

json_t *ledger_request(struct ledger *ledger, const char *text, const char *by, const struct trust_reading *reading)
{
	json_auto_t *request = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const struct asked asked = { ledger, request, by, reading };
	const char *what = json_string_value(json_object_get(request, "do"));

	for (size_t i = 0; what && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, what) == 0)
			return kinds[i].answer(&asked);
	return refusal(-EINVAL, "the ledger does not understand the request");
}
