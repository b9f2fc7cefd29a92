// SPDX-License-Identifier: Apache-2.0
#include "container/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"

#define WHOLE_MAX (4 * (FACT_MAX + 1))
#define HASH_AT   (WORKLOAD_MAX - 1 - 17)

#define SUFFIX       5  /* XXXXX */
#define GENERATED    63 /* the longest name with a suffix: what stands before it is cut at 58 */
#define HASH_MIN     8
#define HASH_MAX     10
#define CRON_DIGITS  8 /* minutes since the epoch have had so many since 1989; older controllers wrote seconds */
#define ID_SHORT     12
#define NERDCTL_ID   5
#define SURNAME_MAX  14
#define UUID_LENGTH  36
#define SAFE_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define HASH_LETTERS "456789bcdf"
#define LETTERS      "abcdefghijklmnopqrstuvwxyz"
#define DIGITS       "0123456789"
#define HEX          "0123456789abcdef"

struct text {
	const char *start;
	size_t length;
};

static struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

static bool text_ends(struct text text, const char *end, size_t length)
{
	return text.length >= length && memcmp(text.start + text.length - length, end, length) == 0;
}

/* How many of the last bytes are of `letters`. */
static size_t text_last_of(struct text text, const char *letters)
{
	size_t count = 0;

	while (count < text.length && strchr(letters, text.start[text.length - 1 - count]))
		count++;
	return count;
}

static struct text text_cut(struct text text, size_t length)
{
	return (struct text){ text.start, text.length - length };
}

static bool is_part(struct text text)
{
	if (text.length == 0 || text.length > WORKLOAD_PART_MAX || strspn(text.start, ".") == text.length)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.start[i];

		if (byte == '/' || byte < 0x20 || byte == 0x7f)
			return false;
	}
	return true;
}

static bool is_part_string(const char *string)
{
	return string && is_part(text_of(string));
}

/* ---- names that a program made up ---- */

/* The left-hand words of moby's name generator, which Podman and Docker share; in order. */
/* clang-format off */
static const char *const adjectives[] = {
	"admiring", "adoring", "affectionate", "agitated", "amazing", "angry", "awesome", "beautiful", "blissful",
	"bold", "boring", "brave", "busy", "charming", "clever", "cocky", "compassionate", "competent", "condescending",
	"confident", "cool", "cranky", "crazy", "dazzling", "determined", "distracted", "dreamy", "eager", "ecstatic",
	"elastic", "elated", "elegant", "eloquent", "epic", "exciting", "fervent", "festive", "flamboyant", "focused",
	"friendly", "frosty", "funny", "gallant", "gifted", "goofy", "gracious", "great", "happy", "hardcore",
	"heuristic", "hopeful", "hungry", "infallible", "inspiring", "intelligent", "interesting", "jolly", "jovial",
	"keen", "kind", "laughing", "loving", "lucid", "magical", "modest", "musing", "mystifying", "naughty",
	"nervous", "nice", "nifty", "nostalgic", "objective", "optimistic", "peaceful", "pedantic", "pensive",
	"practical", "priceless", "quirky", "quizzical", "recursing", "relaxed", "reverent", "romantic", "sad",
	"serene", "sharp", "silly", "sleepy", "stoic", "strange", "stupefied", "suspicious", "sweet", "tender",
	"thirsty", "trusting", "unruffled", "upbeat", "vibrant", "vigilant", "vigorous", "wizardly", "wonderful",
	"xenodochial", "youthful", "zealous", "zen",
};
/* clang-format on */

static bool is_adjective(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(adjectives); i++)
		if (strlen(adjectives[i]) == length && memcmp(adjectives[i], word, length) == 0)
			return true;
	return false;
}

static bool is_adjective_surname(const char *name)
{
	size_t adjective = strcspn(name, "_"), surname;
	const char *rest = name + adjective;

	if (*rest != '_' || !is_adjective(name, adjective))
		return false;
	rest++;
	surname = strspn(rest, LETTERS);
	if (surname < 2 || surname > SURNAME_MAX)
		return false;
	rest += surname;
	return *rest == '\0' || (strchr(DIGITS, *rest) && rest[1] == '\0');
}

static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != UUID_LENGTH)
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++)
		if (form[i] == '-' ? text[i] != '-' : !strchr(HEX, text[i]))
			return false;
	return true;
}

static bool is_number(const char *text)
{
	size_t length = strlen(text);

	return (length >= ID_SHORT && strspn(text, HEX) == length) || is_uuid(text);
}

static bool is_working_container(const char *name)
{
	static const char words[] = "-working-container";
	struct text text = text_of(name);
	size_t digits = text_last_of(text, DIGITS);

	if (digits > 0 && digits < text.length && text.start[text.length - digits - 1] == '-')
		text = text_cut(text, digits + 1);
	return text.length > strlen(words) && text_ends(text, words, strlen(words));
}

/* Of the container that holds a pod of Podman's: the pod's short id. */
static bool is_infra(const char *name)
{
	return strspn(name, HEX) == ID_SHORT && strcmp(name + ID_SHORT, "-infra") == 0;
}

static bool is_of_id(const char *name, const char *id)
{
	size_t length = strlen(name);

	if (strcmp(name, id) == 0 || (length == ID_SHORT && strncmp(name, id, length) == 0))
		return is_number(name);
	return is_number(id) && length > NERDCTL_ID + 1 && name[length - NERDCTL_ID - 1] == '-' &&
	       strncmp(name + length - NERDCTL_ID, id, NERDCTL_ID) == 0;
}

bool name_is_made_up(const char *name, const char *id)
{
	return is_adjective_surname(name) || is_working_container(name) || is_infra(name) || (id && is_of_id(name, id));
}

/* ---- labels ---- */

/* The value of a label that whoever started the container set; NULL where there is none, or the image has it too. */
static const char *label_of_run(const struct container_facts *facts, const char *key)
{
	const char *value = labels_get(&facts->labels, key);
	const char *of_image = value && facts->image ? labels_get(&facts->image->labels, key) : NULL;

	return value && *value && (!of_image || strcmp(value, of_image) != 0) ? value : NULL;
}

/* ---- Kubernetes: whose pod is it? ---- */

struct pod {
	const struct container_facts *facts;
	struct text name;
	const char *node;
};

/* Less "XXXXX" and the "-" before it, which is missing where the controller's name was cut. */
static bool suffix_cut(struct text name, struct text *ret_base)
{
	if (name.length <= SUFFIX + 1 || text_last_of(name, SAFE_LETTERS) < SUFFIX)
		return false;
	name = text_cut(name, SUFFIX);
	if (!text_ends(name, "-", 1) && name.length + SUFFIX != GENERATED)
		return false;
	*ret_base = name;
	return true;
}

/* Of "-HASH-" as much as stands at the end: all of it, or what was left when the name was cut. */
static bool owner_by_hash(const struct pod *pod, const char *hash, struct text *ret_owner)
{
	char tail[WORKLOAD_PART_MAX + 3];
	struct text base;
	size_t whole;

	if (!is_part_string(hash) || !suffix_cut(pod->name, &base))
		return false;
	whole = (size_t)snprintf(tail, sizeof(tail), "-%s-", hash);
	for (size_t length = whole; length > 0; length--) {
		if (base.length <= length || !text_ends(base, tail, length))
			continue;
		*ret_owner = text_cut(base, length);
		return length == whole || pod->name.length == GENERATED;
	}
	*ret_owner = base;
	return pod->name.length == GENERATED;
}

static bool owner_by_job(const struct pod *pod, const char *job, struct text *ret_owner)
{
	struct text name = text_of(job);
	size_t digits = text_last_of(name, DIGITS);

	(void)pod;
	if (digits >= CRON_DIGITS && digits + 1 < name.length && name.start[name.length - digits - 1] == '-')
		name = text_cut(name, digits + 1);
	*ret_owner = name;
	return true;
}

/* `value`: the pod's name, or the number at its end. */
static bool owner_by_ordinal(const struct pod *pod, const char *value, struct text *ret_owner)
{
	size_t digits = text_last_of(pod->name, DIGITS);
	const char *number = pod->name.start + pod->name.length - digits;

	if (digits == 0 || digits + 1 >= pod->name.length || number[-1] != '-' ||
	    (strcmp(value, pod->name.start) != 0 && strcmp(value, number) != 0))
		return false;
	*ret_owner = text_cut(pod->name, digits + 1);
	return true;
}

static bool owner_by_suffix(const struct pod *pod, const char *value, struct text *ret_owner)
{
	struct text base;

	(void)value;
	if (!suffix_cut(pod->name, &base))
		return false;
	*ret_owner = text_ends(base, "-", 1) ? text_cut(base, 1) : base;
	return true;
}

/* The node may go by its host's name in full or in short, whichever of the two the host itself knows. */
static bool owner_of_static(const struct pod *pod, const char *value, struct text *ret_owner)
{
	size_t whole = pod->node ? strlen(pod->node) : 0, brief = pod->node ? strcspn(pod->node, ".") : 0;

	(void)value;
	for (size_t at = 1; brief > 0 && at + brief < pod->name.length; at++) {
		const char *name = pod->name.start + at + 1;
		size_t left = pod->name.length - at - 1;

		if (name[-1] != '-' || strncasecmp(name, pod->node, brief) != 0)
			continue;
		if (left == brief || (left == whole && strncasecmp(name, pod->node, whole) == 0) ||
		    (brief == whole && name[brief] == '.')) {
			*ret_owner = text_cut(pod->name, left + 1);
			return true;
		}
	}
	return false;
}

/* Of the words that have the form of a suffix, those that people end a name with. */
static bool is_word(struct text suffix)
{
	static const char words[][SUFFIX + 1] = { "dhcpd", "html5", "http2", "httpd", "https", "mqtts", "mssql",
						  "nfsv4", "pgsql", "smtpd", "smtps", "tftpd", "xhtml" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (memcmp(suffix.start, words[i], SUFFIX) == 0)
			return true;
	return false;
}

static bool owner_by_form(const struct pod *pod, const char *value, struct text *ret_owner)
{
	struct text name = pod->name;
	size_t hash;

	(void)value;
	if (name.length <= SUFFIX + 1 || text_last_of(name, SAFE_LETTERS) != SUFFIX ||
	    name.start[name.length - SUFFIX - 1] != '-' ||
	    is_word((struct text){ name.start + name.length - SUFFIX, SUFFIX }))
		return false;
	name = text_cut(name, SUFFIX + 1);
	hash = text_last_of(name, HASH_LETTERS);
	if (hash >= HASH_MIN && hash <= HASH_MAX && hash + 1 < name.length && name.start[name.length - hash - 1] == '-')
		name = text_cut(name, hash + 1);
	*ret_owner = name;
	return true;
}

static bool owner_is_pod(const struct pod *pod, const char *value, struct text *ret_owner)
{
	(void)value;
	*ret_owner = pod->name;
	return true;
}

static const struct {
	const char *label; /* NULL: without one */
	bool (*find)(const struct pod *pod, const char *value, struct text *ret_owner);
} owners[] = {
	{ "rollouts-pod-template-hash", owner_by_hash },
	{ "pod-template-hash", owner_by_hash },
	{ "batch.kubernetes.io/job-name", owner_by_job },
	{ "job-name", owner_by_job },
	{ "statefulset.kubernetes.io/pod-name", owner_by_ordinal },
	{ "apps.kubernetes.io/pod-index", owner_by_ordinal },
	{ "controller-revision-hash", owner_by_suffix },
	{ NULL, owner_of_static },
	{ NULL, owner_by_form },
	{ NULL, owner_is_pod },
};

static struct text owner_of(const struct pod *pod)
{
	struct text owner = pod->name;

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const char *value = owners[i].label ? label_of_run(pod->facts, owners[i].label) : NULL;

		if ((value || !owners[i].label) && owners[i].find(pod, value, &owner) && is_part(owner))
			return owner;
	}
	return pod->name;
}

/* kubectl debug names each of its containers anew, "debugger-XXXXX", unless it is told a name. */
static struct text container_part(const struct container_facts *facts)
{
	static const char debugger[] = "debugger-";
	const char *name = label_of_run(facts, "io.kubernetes.container.name") ?: facts->name;
	struct text text = { "", 0 };

	if (facts->role == ROLE_SANDBOX)
		return text_of("POD");
	if (!is_part_string(name))
		return text;
	text = text_of(name);
	if (facts->role == ROLE_EPHEMERAL && text.length == strlen(debugger) + SUFFIX &&
	    strncmp(name, debugger, strlen(debugger)) == 0 && text_last_of(text, SAFE_LETTERS) >= SUFFIX)
		text.length = strlen(debugger) - 1;
	return text;
}

/* ---- the rows ---- */

struct question {
	const struct container_facts *facts;
	const char *label, *node;
};

static bool by_policy(const struct question *question, char whole[static WHOLE_MAX])
{
	const char *value = question->label ? labels_get(&question->facts->labels, question->label) : NULL;

	if (!is_part_string(value))
		return false;
	(void)snprintf(whole, WHOLE_MAX, "%s", value);
	return true;
}

static bool by_pod(const struct question *question, char whole[static WHOLE_MAX])
{
	const struct container_facts *facts = question->facts;
	struct pod pod = { .facts = facts, .node = question->node };
	struct text owner, container;

	if (!is_part_string(facts->pod_namespace) || !is_part_string(facts->pod_name))
		return false;
	pod.name = text_of(facts->pod_name);
	owner = owner_of(&pod);
	container = container_part(facts);
	(void)snprintf(whole, WHOLE_MAX, "%s/%.*s%s%.*s", facts->pod_namespace, (int)owner.length, owner.start,
		       container.length ? "/" : "", (int)container.length, container.start);
	return true;
}

/*
 * An image that Compose built has the project and the service as labels too; what a container has besides tells that
 * Compose started this one.
 */
static bool by_compose(const struct question *question, char whole[static WHOLE_MAX])
{
	static const char *const marks[] = { "com.docker.compose.project", "com.docker.compose.service",
					     "com.docker.compose.container-number", "com.docker.compose.config-hash" };
	const struct label_list *labels = &question->facts->labels;
	const char *project = labels_get(labels, marks[0]) ?: labels_get(labels, "io.podman.compose.project");
	const char *service = labels_get(labels, marks[1]);

	if (!is_part_string(project) || !is_part_string(service))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!label_of_run(question->facts, marks[i]))
			continue;
		(void)snprintf(whole, WHOLE_MAX, "%s/%s", project, service);
		return true;
	}
	return false;
}

static bool by_swarm(const struct question *question, char whole[static WHOLE_MAX])
{
	const char *service = label_of_run(question->facts, "com.docker.swarm.service.name");

	if (!is_part_string(service))
		return false;
	(void)snprintf(whole, WHOLE_MAX, "%s", service);
	return true;
}

static bool by_name(const struct question *question, char whole[static WHOLE_MAX])
{
	const char *id = question->facts->id, *name = question->facts->name;

	if (!is_part_string(name))
		name = id; /* of plain runc, and of ctr, a person gives it */
	if (!is_part_string(name) || name_is_made_up(name, id))
		return false;
	(void)snprintf(whole, WHOLE_MAX, "%s", name);
	return true;
}

static bool by_repository(const struct question *question, char whole[static WHOLE_MAX])
{
	static const char *const hubs[] = { "docker.io/library/", "docker.io/" };
	const char *name = question->facts->image_name;

	for (size_t i = 0; name && i < ARRAY_SIZE(hubs); i++)
		if (strncmp(name, hubs[i], strlen(hubs[i])) == 0) {
			name += strlen(hubs[i]);
			break;
		}
	if (!name || strlen(name) > FACT_MAX || (!strchr(name, '/') && is_number(name)))
		return false;
	for (const char *at = name;; at++) {
		struct text part = { at, strcspn(at, "/") };

		if (!is_part(part))
			return false;
		at += part.length;
		if (!*at)
			break;
	}
	(void)snprintf(whole, WHOLE_MAX, "%s", name);
	return true;
}

static bool by_digest(const struct question *question, char whole[static WHOLE_MAX])
{
	const struct container_facts *facts = question->facts;
	const char *digest = facts->image_digest ?: facts->image ? facts->image->id : NULL;

	if (!is_part_string(digest))
		return false;
	(void)snprintf(whole, WHOLE_MAX, "%s", digest);
	return true;
}

static bool by_id(const struct question *question, char whole[static WHOLE_MAX])
{
	if (!is_part_string(question->facts->id))
		return false;
	(void)snprintf(whole, WHOLE_MAX, "%s", question->facts->id);
	return true;
}

static bool (*const rows[])(const struct question *question, char whole[static WHOLE_MAX]) = {
	by_policy, by_pod, by_compose, by_swarm, by_name, by_repository, by_digest, by_id,
};

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

void workload_name(const struct container_facts *facts, const char *label, const char *node,
		   char ret_workload[static WORKLOAD_MAX])
{
	const struct question question = { .facts = facts, .label = label, .node = node };
	char whole[WHOLE_MAX] = "";
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i](&question, whole))
			break;
	length = strlen(whole);
	if (length >= WORKLOAD_MAX) {
		(void)snprintf(whole + HASH_AT, WORKLOAD_MAX - HASH_AT, "~%016" PRIx64, hash_of(whole));
		length = WORKLOAD_MAX - 1;
	}
	memcpy(ret_workload, whole, length + 1);
}
