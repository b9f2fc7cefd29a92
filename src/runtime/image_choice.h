/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a store's images a word means: a name with or without tag, "NAME@sha256:...", an id, or the first digits of
 * one that no other begins with. Names are compared as people write them: what is left out of either is Docker's own
 * registry ("docker.io/", and in it "library/") or "localhost/"; no tag means "latest".
 */
#ifndef PLM_RUNTIME_IMAGE_CHOICE_H
#define PLM_RUNTIME_IMAGE_CHOICE_H

#include <stdbool.h>

/* How well it fits: the best one counts, where it is one image's alone. */
enum image_match { IMAGE_NONE, IMAGE_DIGITS, IMAGE_NAME, IMAGE_EXACT };

/* `reference` is what a store calls an image; `id` "sha256:<64 hex digits>" or these digits alone. Pure; both take NULL
 * for it. */
enum image_match image_match_name(const char *word, const char *reference);
enum image_match image_match_id(const char *word, const char *id);

/* Owned strings; begins empty. */
struct image_choice {
	enum image_match match;
	bool several;
	char *id;        /* of the best so far */
	char *reference; /* the name by which it was meant; NULL: by its id */
	char *where;     /* the store's own note on where it is; may be NULL */
};

/* Offers an image; strings are copied. 0 or -ENOMEM. */
int image_choice_offer(struct image_choice *choice, enum image_match match, const char *id, const char *reference,
		       const char *where);

/* 0: the choice has one. -ENOENT: nothing fits; -ENOTUNIQ: several fit equally well. */
int image_choice_made(const struct image_choice *choice);

void image_choice_clear(struct image_choice *choice);
#define _cleanup_image_choice_ _cleanup_(image_choice_clear)

#endif
