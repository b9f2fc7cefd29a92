/* SPDX-License-Identifier: Apache-2.0 */
#include "container/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

enum id_form { ID_HEX64, ID_ANY };

/* One way to name a cgroup: [parent/]prefix ID suffix. First row that fits. */
struct naming {
	const char *prefix;
	const char *suffix;
	enum id_form form;
	const char *parent;  /* the component before must be this one; NULL any */
	const char *runtime; /* NULL: not told */
	bool other;          /* not a container, though a later row may think so */
};

/* A pod, and a task of ECS, is not a container but holds some. */
static const struct naming namings[] = {
	{ "", "", ID_HEX64, "libpod_parent", NULL, true },
	{ "", "", ID_ANY, "lxc.monitor", NULL, true },
	{ "lxc.payload", "", ID_ANY, "lxc", NULL, true },
	{ "machine-qemu", "", ID_ANY, NULL, NULL, true },
	{ "", "", ID_ANY, "ecs", NULL, true },
	{ "docker-", ".scope", ID_HEX64, NULL, "docker", false },
	{ "cri-containerd-", ".scope", ID_HEX64, NULL, "containerd", false },
	{ "nerdctl-", ".scope", ID_HEX64, NULL, "containerd", false },
	{ "crio-", ".scope", ID_HEX64, NULL, "cri-o", false },
	{ "crio-", "", ID_HEX64, NULL, "cri-o", false },
	{ "libpod-", ".scope", ID_HEX64, NULL, "podman", false },
	{ "libpod-", "", ID_HEX64, NULL, "podman", false },
	{ "libpod-payload-", "", ID_HEX64, NULL, "podman", false }, /* in the unit's own cgroup */
	{ "kata_", "", ID_HEX64, NULL, NULL, false },
	{ "", "", ID_HEX64, "docker", "docker", false },
	{ "buildkit-", ".scope", ID_ANY, NULL, "buildkit", false },
	{ "runc-", ".scope", ID_ANY, NULL, "runc", false },
	{ "crun-", ".scope", ID_ANY, NULL, "crun", false },
	{ "youki-", ".scope", ID_ANY, NULL, "youki", false },
	{ "runsc-", ".scope", ID_ANY, NULL, "runsc", false },
	{ "lxc.payload.", "", ID_ANY, NULL, "lxc", false },
	{ "", "", ID_ANY, "lxc.payload", "lxc", false },
	{ "", "", ID_ANY, "lxc", "lxc", false },
	{ "machine-lxc\\x2d", ".scope", ID_ANY, NULL, "lxc", false },
	{ "machine-", ".scope", ID_ANY, NULL, "nspawn", false },
	{ "systemd-nspawn@", ".service", ID_ANY, NULL, "nspawn", false },
};

/*
 * With a cgroupfs driver but a systemd-like parent, runtimes join slice, prefix and id by colons in one name:
 * "kubepods-besteffort-pod1.slice:cri-containerd:<64 hex>".
 */
static const struct {
	const char *infix;
	const char *runtime;
} joined[] = {
	{ ":cri-containerd:", "containerd" },
	{ ":nerdctl:", "containerd" },
	{ ":docker:", "docker" },
	{ ":crio:", "cri-o" },
	{ ":libpod:", "podman" },
};

/* Last components that are no container's, by whole name, by beginning and by end. */
static const char *const other_names[] = { "docker",        "kubelet", "kubepods",    "besteffort", "burstable",
					   "guaranteed",    "ecs",     "lxc.payload", "buildkit",   "k8s.io",
					   "libpod_parent", "lxc",     "machine",     "moby",       "init" };
static const char *const other_beginnings[] = { "kubepods-",   "kubepods.", "libpod-conmon-", "crio-conmon-",
						"lxc.monitor", "lxc.pivot", "conmon" };
static const char *const other_ends[] = { ".service", ".slice",  ".scope", ".socket", ".mount",
					  ".swap",    ".target", ".timer", ".device", ".automount" };

/* What lies below is no container's either: Kata's own processes, beside the guests. */
static const char kata_overhead[] = "kata_overhead";

/* Where people make cgroups of their own, with whatever names they like. */
static const char users[] = "user.slice";

struct text {
	const char *start;
	size_t length;
};

static bool text_is(struct text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.start, word, text.length) == 0;
}

static bool text_begins(struct text text, const char *word)
{
	return text.length >= strlen(word) && memcmp(text.start, word, strlen(word)) == 0;
}

static bool text_ends(struct text text, const char *word)
{
	size_t length = strlen(word);

	return text.length >= length && memcmp(text.start + text.length - length, word, length) == 0;
}

static bool is_hex64(struct text text)
{
	if (text.length != 64)
		return false;
	for (size_t i = 0; i < text.length; i++)
		if (!memchr("0123456789abcdef", text.start[i], 16))
			return false;
	return true;
}

static bool naming_fits(const struct naming *naming, struct text parent, struct text name, struct text *ret_id)
{
	size_t around = strlen(naming->prefix) + strlen(naming->suffix);
	struct text id;

	if (naming->parent && !text_is(parent, naming->parent))
		return false;
	if (name.length < around || !text_begins(name, naming->prefix) || !text_ends(name, naming->suffix))
		return false;
	id = (struct text){ name.start + strlen(naming->prefix), name.length - around };
	if (naming->form == ID_HEX64 && !is_hex64(id))
		return false;
	if (!naming->other && id.length == 0)
		return false;
	*ret_id = id;
	return true;
}

static bool joined_fits(struct text name, struct text *ret_id, const char **ret_runtime)
{
	if (name.length < 64)
		return false;

	struct text id = { name.start + name.length - 64, 64 };
	struct text before = { name.start, name.length - 64 };

	for (size_t i = 0; is_hex64(id) && i < ARRAY_SIZE(joined); i++) {
		if (!text_ends(before, joined[i].infix))
			continue;
		*ret_id = id;
		*ret_runtime = joined[i].runtime;
		return true;
	}
	return false;
}

/* "pod" and a uid: 32 hex digits, with or without (systemd: underscores for) dashes; or a static pod's hash.
 */
static bool is_pod(struct text name)
{
	if (!text_begins(name, "pod") || name.length < 3 + 32)
		return false;
	for (size_t i = 3; i < name.length; i++)
		if (!memchr("0123456789abcdef-_", name.start[i], 18))
			return false;
	return true;
}

struct place {
	struct text parent, name;
	bool of_users;
};

/* 64 digits alone say no more than that they are an id: in a user's cgroups only a pod's are believed. */
static bool bare_fits(const struct place *place)
{
	return is_hex64(place->name) && (!place->of_users || is_pod(place->parent));
}

enum meaning { MEANS_NOTHING, MEANS_OTHER, MEANS_CONTAINER };

static enum meaning place_means(const struct place *place, struct text *ret_id, const char **ret_runtime)
{
	for (size_t i = 0; i < ARRAY_SIZE(namings); i++) {
		if (!naming_fits(&namings[i], place->parent, place->name, ret_id))
			continue;
		*ret_runtime = namings[i].runtime;
		return namings[i].other ? MEANS_OTHER : MEANS_CONTAINER;
	}
	if (joined_fits(place->name, ret_id, ret_runtime))
		return MEANS_CONTAINER;
	if (!bare_fits(place))
		return MEANS_NOTHING;
	*ret_id = place->name;
	*ret_runtime = NULL;
	return MEANS_CONTAINER;
}

/* "anything-<64 hex>.scope": of a runtime that is not in the table. */
static bool scope_fits(const struct place *place, struct text *ret_id)
{
	static const char end[] = ".scope";
	struct text name = place->name;

	if (place->of_users || name.length < 1 + 64 + strlen(end) || !text_ends(name, end))
		return false;
	*ret_id = (struct text){ name.start + name.length - strlen(end) - 64, 64 };
	return is_hex64(*ret_id) && ret_id->start[-1] == '-';
}

static bool any_fits(const char *const *words, size_t count, struct text name, bool (*fits)(struct text, const char *))
{
	for (size_t i = 0; i < count; i++)
		if (fits(name, words[i]))
			return true;
	return false;
}

static struct cgroup_guess guess_new(enum cgroup_verdict verdict, struct text id, const char *runtime, size_t root)
{
	struct cgroup_guess guess = { .verdict = verdict, .runtime = runtime, .root_length = root };

	memcpy(guess.id, id.start, id.length);
	return guess;
}

/* Nothing on the way was a container's: what the last component says alone. */
static struct cgroup_guess guess_of_last(const struct place *place, enum meaning meaning, size_t length)
{
	const struct cgroup_guess other = { .verdict = CGROUP_OTHER };
	struct text name = place->name, id = name;

	if (meaning == MEANS_OTHER || is_pod(name) || any_fits(other_names, ARRAY_SIZE(other_names), name, text_is) ||
	    any_fits(other_beginnings, ARRAY_SIZE(other_beginnings), name, text_begins))
		return other;
	if (!scope_fits(place, &id)) {
		if (any_fits(other_ends, ARRAY_SIZE(other_ends), name, text_ends))
			return other;
		id = name;
	}
	return guess_new(CGROUP_PERHAPS, id, NULL, length);
}

struct cgroup_guess cgroup_classify(const char *path)
{
	const struct cgroup_guess other = { .verdict = CGROUP_OTHER };
	struct place place = { .parent = { "", 0 }, .name = { "", 0 } };
	enum meaning meaning = MEANS_NOTHING;
	const char *runtime = NULL, *at = path;
	struct text id = { "", 0 };

	while (*at == '/') {
		struct text name = { at + 1, strcspn(at + 1, "/") };

		at += 1 + name.length;
		if (name.length == 0 || text_is(name, ".."))
			continue;
		if (name.length > NAME_MAX || text_is(name, kata_overhead))
			return other;
		place.parent = place.name;
		place.name = name;
		meaning = place_means(&place, &id, &runtime);
		if (meaning == MEANS_CONTAINER)
			return guess_new(CGROUP_CONTAINER, id, runtime, (size_t)(at - path));
		if (place.parent.length == 0)
			place.of_users = text_is(place.name, users);
	}
	if (place.name.length == 0)
		return other;
	return guess_of_last(&place, meaning, (size_t)(place.name.start + place.name.length - path));
}
