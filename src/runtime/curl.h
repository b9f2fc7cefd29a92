/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, opened when a runtime is first asked. It brings 26 libraries along (Debian 12), whose loading costs every
 * start of the program 16 ms, and most commands, and the child that reads an image, ask nobody.
 */
#ifndef PLM_RUNTIME_CURL_H
#define PLM_RUNTIME_CURL_H

#include <curl/curl.h>

/* What is used of it, each by its name there. */
struct curl {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_setopt) easy_setopt;
	__typeof__(&curl_easy_getinfo) easy_getinfo;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	__typeof__(&curl_multi_perform) multi_perform;
	__typeof__(&curl_multi_poll) multi_poll;
	__typeof__(&curl_multi_wakeup) multi_wakeup;
	__typeof__(&curl_multi_info_read) multi_info_read;
};

/* From any thread. NULL where it is not there, or is older than what is needed of it: for good, and logged once. */
const struct curl *curl_library(void);

#endif
