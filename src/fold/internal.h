/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: fold.c counts and tells, save.c gives windows away and takes them back. */
#ifndef PLM_FOLD_INTERNAL_H
#define PLM_FOLD_INTERNAL_H

#include "fold/fold.h"
#include "fold/window.h"

struct fold {
	struct windows *windows; /* `max` of them */
	struct windows *rates;   /* WINDOW_RATE */
	struct window **due;     /* evicted with repeats: told at the next fold_expire */
	size_t due_count, max, rates_max;
	uint64_t last_id, last_id_saved, evicted;
	struct window *latest; /* nearly always the one that fold_attach asks for */
	void (*release)(void *attachment);
	struct window_list news[WINDOW_NEWS]; /* by what is to be saved of them */
	struct window_list gone;              /* a save knows them; without attachments */
};

/* There is something to be saved of it; clear: there is no more. */
void fold_note(struct fold *fold, struct window *window, enum window_news news);
void fold_note_clear(struct window *window);

/* Of a window that is in no set any more; a save is told. */
void fold_destroy(struct fold *fold, struct window *window);
void fold_empty_gone(struct fold *fold);

void fold_release(struct fold *fold, void *attachment); /* takes NULL */

#endif
