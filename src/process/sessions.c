// SPDX-License-Identifier: Apache-2.0
#include "process/sessions.h"

#include <string.h>

#include "process/live.h"

struct sessions {
	struct session items[SESSIONS_MAX];
	uint64_t forgot, version;
};

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

static void session_clear(struct session *session)
{
	free(session->executable);
	arguments_free(session->args);
	*session = (struct session){ 0 };
}

void sessions_free(struct sessions *sessions)
{
	if (!sessions)
		return;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		session_clear(&sessions->items[i]);
	free(sessions);
}

static struct session *session_find(struct sessions *sessions, uint64_t container, uint64_t id)
{
	for (size_t i = 0; id && i < SESSIONS_MAX; i++)
		if (sessions->items[i].id == id && sessions->items[i].container == container)
			return &sessions->items[i];
	return NULL;
}

const struct session *sessions_get(const struct sessions *sessions, uint64_t container, uint64_t id)
{
	return session_find((struct sessions *)sessions, container, id);
}

/* How little is lost with it: a free place least of all. */
static int rank(const struct session *session)
{
	if (!session->id)
		return 3;
	if (session->ended && session->told == session->said)
		return 2;
	return session->told ? 0 : 1;
}

static struct session *session_place(struct sessions *sessions)
{
	struct session *place = &sessions->items[0];

	for (size_t i = 1; i < SESSIONS_MAX; i++) {
		struct session *other = &sessions->items[i];

		if (rank(other) > rank(place) || (rank(other) == rank(place) && other->began < place->began))
			place = other;
	}
	sessions->forgot += rank(place) == 0;
	sessions->version += rank(place) == 0;
	session_clear(place);
	return place;
}

static bool is_id_character(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\' && c != '`';
}

bool session_audit_id(const char *environ, size_t size, char ret_id[static AUDIT_ID_MAX + 1])
{
	static const char name[] = SESSION_AUDIT_ID "=";

	for (const char *at = environ, *end; at < environ + size; at = end + 1) {
		const char *value = at + strlen(name);
		size_t length = 0;

		end = memchr(at, '\0', (size_t)(environ + size - at));
		if (!end)
			return false;
		if ((size_t)(end - at) <= strlen(name) || memcmp(at, name, strlen(name)) != 0)
			continue;
		while (is_id_character(value[length]))
			length++;
		if (value + length != end || length > AUDIT_ID_MAX)
			return false;
		memcpy(ret_id, value, length + 1);
		return true;
	}
	return false;
}

static void audit_id_find(struct session *session, const char *host_root)
{
	_cleanup_close_ int fd = live_open(host_root, session->pid, session->start);
	_cleanup_free_ char *text = fd < 0 ? NULL : malloc(ENVIRON_MAX);
	int size = text ? live_read(fd, "environ", text, ENVIRON_MAX) : -ESRCH;

	if (size > 0)
		(void)session_audit_id(text, (size_t)size, session->audit_id);
}

void sessions_begin(struct sessions *sessions, const struct event *event, const struct redact *redact,
		    const char *host_root)
{
	struct session *session = session_find(sessions, event->container, event->task.session);

	if (session || !event->task.session)
		return;
	session = session_place(sessions);
	*session = (struct session){
		.id = event->task.session,
		.container = event->container,
		.began = event->time,
		.start = event->task.start,
		.pid = event->task.pid,
		.user = event->task.creds.euid,
		.tty = event->task.tty,
		.executable = event->path ? strdup(event->path) : NULL,
		.args = arguments_new(redact, event->exec.argv, event->exec.argc),
	};
	audit_id_find(session, host_root);
}

void sessions_told(struct sessions *sessions, uint64_t container, uint64_t id)
{
	struct session *session = session_find(sessions, container, id);

	if (!session || session->told)
		return;
	session->told = true;
	sessions->version++;
}

static bool goes_on(const struct session *session, const char *host_root)
{
	_cleanup_close_ int fd = live_open(host_root, session->pid, session->start);

	return fd != -ESRCH; /* what cannot be looked at now is looked at again */
}

void sessions_look(struct sessions *sessions, const char *host_root, uint64_t container, uint64_t now,
		   void (*call)(const struct session *session, void *data), void *data)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *session = &sessions->items[i];

		if (!session->id || (container && session->container != container))
			continue;
		if (!session->ended && (container || !goes_on(session, host_root)))
			session->ended = now;
		if (!session->ended || !session->told || session->said)
			continue;
		session->said = true;
		sessions->version++;
		call(session, data);
	}
}

int sessions_take(struct sessions *sessions, const struct session *session)
{
	struct session *place;

	if (session_find(sessions, session->container, session->id))
		return -EEXIST;
	place = session_place(sessions);
	*place = *session;
	place->executable = session->executable ? strdup(session->executable) : NULL;
	place->args = arguments_copy(session->args);
	sessions->version++;
	return 0;
}

uint64_t sessions_version(const struct sessions *sessions)
{
	return sessions->version;
}

void sessions_each(const struct sessions *sessions, void (*call)(const struct session *session, void *data), void *data)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (sessions->items[i].id && sessions->items[i].told && !sessions->items[i].ended)
			call(&sessions->items[i], data);
}

uint64_t sessions_forgot(const struct sessions *sessions)
{
	return sessions->forgot;
}
