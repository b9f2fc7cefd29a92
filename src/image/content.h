/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file that ran or changed holds, against what the image holds at its path: digests, and the package that the path
 * belongs to. Digests are made elsewhere (digest/digests.h): the disk is asked once, when the event comes, and the answer is
 * taken when it is there.
 */
#ifndef PLM_IMAGE_CONTENT_H
#define PLM_IMAGE_CONTENT_H

#include "decode/event.h"
#include "detect/detect.h"
#include "digest/digests.h"
#include "image/object.h"
#include "inventory/inventory.h"

/* Whom to ask. */
struct content_source {
	struct digests *digests;
	const struct rootfs *rootfs;       /* NULL: not known */
	const struct inventory *inventory; /* of the image; NULL: not known (yet) */
	const struct inventory *present;   /* what the container holds since its packages changed; NULL: they did not */
	uint64_t image;                    /* tells images apart; 0: not known */
	uint64_t owner;                    /* whose share of digests it is */
	const char *host_root;
	bool now; /* digests are made at once, or not at all */
};

/* What was asked, to be answered later. Plain data. */
struct content_ask {
	enum plm_layer layer;
	enum answer in_image;
	bool object, shipped; /* asked for: the file's own digest; that of what the image has at its path */
	struct digest_key object_key, shipped_key;
	struct digest_pair object_pair, shipped_pair; /* once they are there */
	struct digest packaged;      /* what the package says; kind NONE: nothing, or it is meant to be changed */
	struct package_name brought; /* of the upper layer: the package that brought it, whose digest .packaged is */
};

/*
 * Asks for the content of a regular file at object->path, of which it is known whether the image holds that path. *ret_ask is
 * for content_answer; *ret_content has the package from here on.
 */
void content_ask(const struct content_source *source, const struct event *event, const struct object *object,
		 enum answer in_image, struct content_ask *ret_ask, struct content *ret_content);

/* Only the package that a path of the image belongs to. True, and *ret_file, where there is one. */
bool content_package(const struct inventory *inventory, const char *path, struct content *content,
		     struct inventory_file *ret_file);

#define CONTENT_ROOM PATH_MAX

/*
 * Completes *content by what has been made. True: a digest is still on its way; until it is there, or nobody waits any more,
 * what cannot be told is .unverified. *ret_same: the file is at a path of the image, and its content is the image's.
 */
bool content_answer(struct digests *digests, const struct inventory *inventory, struct content_ask *ask,
		    char room[static CONTENT_ROOM], struct content *content, bool *ret_same);

#endif
