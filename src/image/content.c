// SPDX-License-Identifier: Apache-2.0
#include "image/content.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "image/rootfs_internal.h"

/* digest_key.where: of which kind of number the rest is. */
#define WHERE_UPPER (1ull << 63)
#define WHERE_LOWER (1ull << 62)
#define WHERE_OTHER (1ull << 61)
#define WHERE_IMAGE (1ull << 60)

/* ---- asking ---- */

/* A file of the image has one number in all containers of it. */
static struct digest_key object_key(const struct content_source *source, const struct plm_file *file,
				    enum digest_kind also)
{
	struct digest_key key = {
		.where = WHERE_OTHER | file->device,
		.inode = file->inode,
		.ctime = file->ctime,
		.size = file->size,
		.generation = file->generation,
		.also = also,
	};

	if (file->layer == PLM_LAYER_UPPER) {
		key.where = WHERE_UPPER | file->upper_device;
		key.inode = file->upper_inode;
	} else if (file->layer == PLM_LAYER_IMAGE && source->image) {
		key.where = WHERE_IMAGE ^ source->image;
		key.generation = 0;
	}
	return key;
}

static struct digest_key shipped_key(const struct stat *stat)
{
	return (struct digest_key){
		.where = WHERE_LOWER | major(stat->st_dev) << 20 | minor(stat->st_dev),
		.inode = stat->st_ino,
		.ctime = (uint64_t)(stat->st_ctim.tv_sec * 1000000000ll + stat->st_ctim.tv_nsec),
		.size = (uint64_t)stat->st_size,
	};
}

static bool is_known(const struct content_source *source, const struct digest_key *key)
{
	struct digest_pair pair;

	return digests_get(source->digests, key, &pair) != -ENOENT;
}

/* Takes the descriptor. */
static bool is_asked(const struct content_source *source, const struct digest_key *key, int fd, bool once)
{
	const struct digest_request request = {
		.key = *key, .owner = source->owner, .fd = fd, .now = source->now, .once = once
	};

	return fd >= 0 && digests_make(source->digests, &request) == 0;
}

static bool ask_object(const struct content_source *source, const struct event *event, const struct object *object,
		       const struct digest_key *key)
{
	bool once = object->when - (int64_t)key->ctime <= OBJECT_SETTLED;

	return is_known(source, key) ||
	       is_asked(source, key, object_open(object, event, source->rootfs, source->host_root), once);
}

/* What the image has at that path. */
static bool ask_shipped(const struct content_source *source, const char *path, struct digest_key *ret_key)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;

	if (!source->rootfs || rootfs_find_image(source->rootfs, path, &entry) < 0 || !S_ISREG(entry.stat.st_mode))
		return false;
	*ret_key = shipped_key(&entry.stat);
	return is_known(source, ret_key) ||
	       is_asked(source, ret_key, layers_read(&source->rootfs->layers, &entry), false);
}

static bool package_of(const struct inventory *inventory, const char *path, struct package_name *ret_name,
		       struct inventory_file *ret_file)
{
	struct inventory_package package;

	if (!inventory || !path || inventory_find(inventory, path, ret_file) < 0)
		return false;
	package = inventory_package(inventory, ret_file->package);
	*ret_name = (struct package_name){ package.name, package.version, package_type_name(package.type) };
	return true;
}

bool content_package(const struct inventory *inventory, const char *path, struct content *content,
		     struct inventory_file *ret_file)
{
	if (inventory && path)
		content->packaged = ANSWER_NO;
	if (!package_of(inventory, path, &content->package, ret_file))
		return false;
	content->packaged = ANSWER_YES;
	return true;
}

/* The digest that is made beside SHA-256: what the package's, or another of the image's, can be compared with. */
static enum digest_kind also_of(const struct content_source *source, const struct content_ask *ask)
{
	if (ask->packaged.kind)
		return ask->packaged.kind;
	return source->inventory && ask->in_image == ANSWER_NO ? inventory_digest_kind(source->inventory) : DIGEST_NONE;
}

void content_ask(const struct content_source *source, const struct event *event, const struct object *object,
		 enum answer in_image, struct content_ask *ret_ask, struct content *ret_content)
{
	const struct plm_file *file = object->file;
	struct inventory_file owned;
	struct content_ask ask = { .layer = (enum plm_layer)file->layer, .in_image = in_image };

	*ret_content = (struct content){ 0 };
	if (in_image == ANSWER_YES && content_package(source->inventory, object->path, ret_content, &owned) &&
	    ask.layer == PLM_LAYER_IMAGE && !(owned.flags & (INVENTORY_FILE_CONFIG | INVENTORY_FILE_GHOST)))
		ask.packaged = owned.digest;
	if (ask.layer == PLM_LAYER_UPPER && package_of(source->present, object->path, &ask.brought, &owned))
		ask.packaged = owned.digest;
	if (source->digests && S_ISREG(file->mode)) {
		ask.object_key = object_key(source, file, also_of(source, &ask));
		ask.object = ask_object(source, event, object, &ask.object_key);
		if (ask.layer == PLM_LAYER_UPPER && in_image == ANSWER_YES && object->path)
			ask.shipped = ask_shipped(source, object->path, &ask.shipped_key);
	}
	*ret_ask = ask;
}

/* ---- answering ---- */

/* True where it is still being made. What is there is taken once: it need not be kept for others. */
static bool pair_take(struct digests *digests, bool *asked, const struct digest_key *key, struct digest_pair *pair)
{
	int r = *asked ? digests_get(digests, key, pair) : 0;

	*asked = r == -EINPROGRESS;
	return *asked;
}

/* Of the image: held against what its package says. */
static void answer_image(const struct content_ask *ask, const struct digest_pair *pair, struct content *content)
{
	if (!ask->packaged.kind || pair->also.kind != ask->packaged.kind || digest_equal(&pair->also, &ask->packaged))
		return;
	content->tampered = true;
	content->expected = ask->packaged;
}

/* Where else the image has that content. */
static void answer_new(const struct inventory *inventory, const struct digest_pair *pair,
		       char room[static CONTENT_ROOM], struct content *content)
{
	if (inventory && (inventory_find_digest(inventory, &pair->also, room) == 0 ||
			  inventory_find_digest(inventory, &pair->sha256, room) == 0))
		content->copied_from = room;
}

/* As the package has it that came since: told with that. */
static void answer_brought(const struct content_ask *ask, const struct digest_pair *pair, struct content *content)
{
	if (!ask->brought.name || !ask->packaged.kind || !digest_equal(&pair->also, &ask->packaged))
		return;
	content->vouched = true;
	content->package = ask->brought;
}

bool content_answer(struct digests *digests, const struct inventory *inventory, struct content_ask *ask,
		    char room[static CONTENT_ROOM], struct content *content, bool *ret_same)
{
	const struct digest_pair *object = &ask->object_pair, *shipped = &ask->shipped_pair;
	bool waits = pair_take(digests, &ask->object, &ask->object_key, &ask->object_pair);

	waits |= pair_take(digests, &ask->shipped, &ask->shipped_key, &ask->shipped_pair);
	content->digest = object->sha256;
	*ret_same = false;
	if (ask->layer == PLM_LAYER_IMAGE) {
		answer_image(ask, object, content);
	} else if (ask->layer == PLM_LAYER_UPPER && ask->in_image == ANSWER_YES) {
		content->expected = shipped->sha256;
		content->unverified = !object->sha256.kind || !shipped->sha256.kind;
		*ret_same = !content->unverified && digest_equal(&object->sha256, &shipped->sha256);
		answer_brought(ask, object, content);
	} else {
		answer_brought(ask, object, content);
		answer_new(inventory, object, room, content);
	}
	return waits;
}
