/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window as a key and bytes that outlive the agent, for a reader on the same machine in the same boot: numbers are
 * in its byte order. What is read back is hostile until it was checked.
 */
#ifndef PLM_FOLD_SAVED_H
#define PLM_FOLD_SAVED_H

#include "fold/fold.h"
#include "fold/window.h"

#define SAVED_ID_MAX (1ull << 62) /* of a window: so that none wraps to 0 */

/* "KIND RULE NAME", as "subject drift.exec.new /tmp/x": the container apart, the whole key of a window. 0 or -ENOMEM;
 * *ret_key is the caller's to free. */
int saved_key(const struct window *window, char **ret_key);

/* 0 or -ENOMEM; *ret_blob is the caller's to free. */
int saved_pack(const struct window *window, void **ret_blob, size_t *ret_size);

/* Its name lies in `key`, its marks and directory in the struct itself; nothing is to be freed. */
struct saved_window {
	struct window window;
	size_t slots; /* room for marks that such a window has */
	uint64_t marks[WINDOW_SUBJECTS_MAX];
	char directory[4096 + 64];
};

/* `now`: no window was counted in later, or lasts longer than from here. 0, or -EBADMSG and *ret_saved is undefined. */
int saved_unpack(const struct fold_saved *saved, uint64_t now, struct saved_window *ret_saved);

#endif
