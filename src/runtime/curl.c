// SPDX-License-Identifier: Apache-2.0
#include "runtime/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define CURL_SONAME "libcurl.so.4" /* deploy/collect puts it into the image */

static const struct {
	const char *name;
	size_t at;
} calls[] = {
	{ "curl_global_init", offsetof(struct curl, global_init) },
	{ "curl_easy_init", offsetof(struct curl, easy_init) },
	{ "curl_easy_setopt", offsetof(struct curl, easy_setopt) },
	{ "curl_easy_getinfo", offsetof(struct curl, easy_getinfo) },
	{ "curl_easy_cleanup", offsetof(struct curl, easy_cleanup) },
	{ "curl_slist_append", offsetof(struct curl, slist_append) },
	{ "curl_slist_free_all", offsetof(struct curl, slist_free_all) },
	{ "curl_multi_init", offsetof(struct curl, multi_init) },
	{ "curl_multi_cleanup", offsetof(struct curl, multi_cleanup) },
	{ "curl_multi_add_handle", offsetof(struct curl, multi_add_handle) },
	{ "curl_multi_remove_handle", offsetof(struct curl, multi_remove_handle) },
	{ "curl_multi_perform", offsetof(struct curl, multi_perform) },
	{ "curl_multi_poll", offsetof(struct curl, multi_poll) },
	{ "curl_multi_wakeup", offsetof(struct curl, multi_wakeup) },
	{ "curl_multi_info_read", offsetof(struct curl, multi_info_read) },
};

static struct curl curl;
static bool opened;

static bool curl_open(void)
{
	void *library = dlopen(CURL_SONAME, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; library && i < ARRAY_SIZE(calls); i++) {
		void *call = dlsym(library, calls[i].name);

		if (!call)
			return false;
		/* dlsym(3): what it gives may be called as a function. */
		memcpy((char *)&curl + calls[i].at, &call, sizeof(call));
	}
	/* Without TLS, whose tables are megabytes: sockets are local. */
	return library && curl.global_init(CURL_GLOBAL_NOTHING) == CURLE_OK;
}

static void curl_open_once(void)
{
	opened = curl_open();
	if (!opened)
		log_warning(CURL_SONAME " is not there, or too old: no runtime can be asked who a container is");
}

const struct curl *curl_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, curl_open_once);
	return opened ? &curl : NULL;
}
