// SPDX-License-Identifier: Apache-2.0
#include "process/sessions_file.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/boot.h"
#include "process/live.h"

#define FILE_MAX (4u << 20)

/* ---- out ---- */

static void session_put(const struct session *session, void *data)
{
	json_t *entry =
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "id", (json_int_t)session->id, "container",
			  (json_int_t)session->container, "began", (json_int_t)session->began, "start",
			  (json_int_t)session->start, "pid", (json_int_t)session->pid, "user",
			  (json_int_t)session->user, "tty", (json_int_t)session->tty, "audit_id", session->audit_id);

	if (session->executable) /* none where it is no UTF-8 */
		(void)json_object_set_new(entry, "executable", json_string(session->executable));
	(void)json_array_append_new(data, entry);
}

static int file_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t size = strlen(text), out = 0;

	if (fd < 0)
		return -errno;
	while (out < size) {
		ssize_t n = write(fd, text + out, size - out);

		if (n < 0 && errno != EINTR)
			return -errno;
		out += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int sessions_save(const struct sessions *sessions, const char *state_dir)
{
	char boot[BOOT_ID_SIZE], path[PATH_MAX], new_path[PATH_MAX];
	_cleanup_free_ char *text = NULL;
	json_t *list = json_array();
	json_auto_t *whole = NULL;
	int r = boot_id(boot);

	sessions_each(sessions, session_put, list);
	whole = json_pack("{s:s, s:o}", "boot", r < 0 ? "" : boot, "sessions", list);
	text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	if (r < 0 || !text)
		return r < 0 ? r : -ENOMEM;
	if (snprintf(path, sizeof(path), "%s/" SESSIONS_FILE, state_dir) >= (int)sizeof(path) ||
	    snprintf(new_path, sizeof(new_path), "%s/" SESSIONS_FILE ".new", state_dir) >= (int)sizeof(new_path))
		return -ENAMETOOLONG;
	r = file_write(new_path, text);
	if (r == 0 && rename(new_path, path))
		r = -errno;
	if (r < 0)
		(void)unlink(new_path);
	return r;
}

/* ---- in ---- */

static uint64_t number_at(const json_t *entry, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(entry, key));

	return number > 0 ? (uint64_t)number : 0;
}

static bool session_get(const json_t *entry, struct session *ret_session)
{
	const char *audit_id = json_string_value(json_object_get(entry, "audit_id"));
	struct session session = {
		.id = number_at(entry, "id"),
		.container = number_at(entry, "container"),
		.began = number_at(entry, "began"),
		.start = number_at(entry, "start"),
		.pid = (uint32_t)number_at(entry, "pid"),
		.user = (uint32_t)number_at(entry, "user"),
		.tty = (uint32_t)number_at(entry, "tty"),
		.executable = (char *)json_string_value(json_object_get(entry, "executable")),
		.told = true,
	};

	if (audit_id && strlen(audit_id) <= AUDIT_ID_MAX)
		strcpy(session.audit_id, audit_id);
	if (!session.id || !session.container || !session.start || !session.pid)
		return false;
	*ret_session = session;
	return true;
}

static int file_read(const char *state_dir, json_t **ret_whole)
{
	_cleanup_close_ int dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = malloc(FILE_MAX);
	int size;

	if (dir < 0)
		return -errno;
	if (!text)
		return -ENOMEM;
	size = live_read(dir, SESSIONS_FILE, text, FILE_MAX);
	if (size < 0)
		return size == -ESRCH ? -ENOENT : size;
	*ret_whole = json_loadb(text, (size_t)size, 0, NULL);
	return *ret_whole ? 0 : -EBADMSG;
}

int sessions_load(struct sessions *sessions, const char *state_dir, const char *host_root)
{
	json_auto_t *whole = NULL;
	const json_t *entry;
	const char *boot;
	char own[BOOT_ID_SIZE];
	int r = file_read(state_dir, &whole), taken = 0;
	size_t i;

	if (r == 0)
		r = boot_id(own);
	if (r < 0)
		return r;
	boot = json_string_value(json_object_get(whole, "boot"));
	if (!boot || strcmp(boot, own) != 0)
		return -EBADMSG;
	json_array_foreach (json_object_get(whole, "sessions"), i, entry) {
		_cleanup_close_ int fd = -EBADF;
		struct session session;

		if (!session_get(entry, &session))
			continue;
		fd = live_open(host_root, session.pid, session.start);
		if (fd >= 0)
			taken += sessions_take(sessions, &session) == 0;
	}
	return taken;
}
