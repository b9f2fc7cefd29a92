/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runtimes keep on disk of a container, read without asking anyone: a store is one runtime's layout of its data
 * root, which is found from the container's upper directory; where that is not known, one of the usual roots. All
 * that is below a data root can be a stranger's (a user's own containers): it is opened below the root without
 * following a symbolic link, only as a regular file, up to a size.
 */
#ifndef PLM_RUNTIME_STORAGE_H
#define PLM_RUNTIME_STORAGE_H

#include <dirent.h>
#include <jansson.h>
#include <stdatomic.h>

#include "base/cleanup.h"
#include "runtime/runtime.h"

#define STORE_RECORD_MAX (1u << 20)  /* bytes of a file about one container or image */
#define STORE_LIST_MAX   (16u << 20) /* of a file about all of them */
#define STORE_SCAN_MAX   4096        /* entries that are looked at for one container, or one image */

/* Where one lookup looks. Strings are the caller's. */
struct store_place {
	int root;              /* O_PATH descriptor of the data root */
	const char *host_root; /* never NULL */
	const char *layer;     /* the directory that holds the container's upper directory; NULL unknown */
	const atomic_bool *cancelled;
};

/* An image that a store keeps. */
struct stored_image {
	struct container_facts facts; /* image_name, image_tag, image_digest and image */
	char **layers;                /* directories, from the top down: below the data root */
	size_t count;
	bool usual; /* it is in one of the data roots that the source was opened with: a container may have made another */
};

void stored_image_clear(struct stored_image *image); /* frees and empties */
#define _cleanup_stored_image_ _cleanup_(stored_image_clear)

#define STORE_LAYERS_MAX 512 /* of one image */

/* Adds the directory of a layer below those that are there: <folder>/<layer>/<leaf>. 0; -EBADMSG: `layer` is no name of a
 * directory; -E2BIG: above STORE_LAYERS_MAX; -ENOMEM. */
struct store_ops;
int stored_image_add(struct stored_image *image, const struct store_ops *ops, const char *layer);

/* One layout: an upper directory is <root>/<folder>/<layer>/<leaf>. */
struct store_ops {
	const char *folder;
	const char *leaf;

	/*
	 * By the layer, else by the id, which then must be the store's own kind of id. 0: `facts`, empty before, has
	 * what the store knows. -ENOENT: no container of this store. -EAGAIN: it changed as often as it was read.
	 * -ECANCELED, -ENOMEM (facts hold something, to be cleared), or that of opening a file without which nothing
	 * is known.
	 */
	int (*lookup)(const struct store_place *place, const struct runtime_request *request,
		      struct container_facts *facts);

	/*
	 * The image that a word means (image_choice.h); place->layer does not count. 0: `image`, empty before, has all of
	 * it. -ENOENT: it means none of this store, or one that was never unpacked; -ENOTUNIQ: several; -EBADMSG: what
	 * leads to its layers is damaged; or as lookup.
	 */
	int (*image)(const struct store_place *place, const char *word, struct stored_image *image);
};

extern const struct store_ops store_docker, store_containerd, store_containers;

/* Which image is looked for. */
struct image_wish {
	const char *word;
	bool (*accept)(const struct stored_image *image, void *data); /* NULL: any that the word means */
	void *data;
};

/*
 * The first image of that wish in the data roots of a source of storage_ops: the usual ones, then those that containers
 * were found in. Its layers are paths below host_root. As store_ops.image; *ret_image is the caller's, for
 * stored_image_clear.
 */
int storage_image(struct runtime_source *source, const struct image_wish *wish, struct stored_image *ret_image);

/*
 * A regular file below `root`. The descriptor is the caller's. -ENOENT, -ELOOP (a symbolic link on the way), -EBADMSG (no
 * regular file), or another error of opening it.
 */
int store_file(int root, const char *path);

/* Its text with a NUL behind it, malloc'd. As store_file; -EFBIG: above `max` bytes; -ENOMEM. */
int store_text(int root, const char *path, size_t max, char **ret_text, size_t *ret_size);

/* Its JSON; an object or an array. As store_text; -EBADMSG: it is none. The reference is the caller's. */
int store_json(int root, const char *path, size_t max, json_t **ret_json);

/* A directory below `root`, for reading: NULL and errno. */
DIR *store_directory(int root, const char *path);

/* The string of a key, or NULL: for NULL, for no object, for another type. Valid as long as the object. */
const char *json_text(const json_t *object, const char *key);

/* 64 lower case hex digits; NULL is none. */
bool is_hex64(const char *text);

/* The hex digits of "sha256:<64 hex digits>", else NULL. They go into paths. */
const char *digest_hex(const char *digest);

/*
 * The configuration of an image (image_config.h) into facts->image, unless there is one; `id` is its digest. 0 or
 * -ENOMEM.
 */
int store_image(const json_t *config, const char *id, struct container_facts *facts);

#endif
