/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/bolt.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define MAGIC   0xed0cdaed
#define VERSION 2

#define PAGE_BRANCH 0x01
#define PAGE_LEAF   0x02
#define PAGE_META   0x04

#define LEAF_BUCKET 0x01

#define PAGE_SIZE_MIN 1024
#define PAGE_SIZE_MAX 65536
#define PAGES_HASHED  64

struct page_head {
	uint64_t id;
	uint16_t flags;
	uint16_t count;    /* of elements, which follow */
	uint32_t overflow; /* further pages that belong to it */
};

struct bucket_head {
	uint64_t root; /* page; 0: the page stands behind this */
	uint64_t sequence;
};

struct meta {
	uint32_t magic, version, page_size, flags;
	struct bucket_head root;
	uint64_t freelist;
	uint64_t pages; /* there are no more than these */
	uint64_t transaction;
	uint64_t checksum; /* of all before it */
};

struct branch {
	uint32_t position, key_size; /* from the element's own beginning */
	uint64_t page;
};

struct leaf {
	uint32_t flags, position, key_size, value_size;
};

struct page {
	struct page *next;
	uint64_t id;
	size_t size;
	uint8_t data[];
};

struct bolt {
	int fd;
	struct meta meta;
	size_t bytes; /* of pages in memory */
	struct page *pages[PAGES_HASHED];
};

/* ---- metas ---- */

static uint64_t checksum_of(const struct meta *meta)
{
	const uint8_t *bytes = (const uint8_t *)meta;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < offsetof(struct meta, checksum); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static bool meta_is_valid(const struct page_head *head, const struct meta *meta)
{
	uint32_t size = meta->page_size;

	return head->flags & PAGE_META && meta->magic == MAGIC && meta->version == VERSION && size >= PAGE_SIZE_MIN &&
	       size <= PAGE_SIZE_MAX && !(size & (size - 1)) && meta->checksum == checksum_of(meta);
}

/* 1: there is one; 0: not, or no valid one; or a negative errno. */
static int meta_read(int fd, off_t offset, struct meta *ret_meta)
{
	struct {
		struct page_head head;
		struct meta meta;
	} page;
	ssize_t size = pread(fd, &page, sizeof(page), offset);

	if (size < 0)
		return -errno;
	if (size != sizeof(page) || !meta_is_valid(&page.head, &page.meta))
		return 0;
	*ret_meta = page.meta;
	return 1;
}

/* The second one lies where the first says, and where that is damaged, where it says itself. */
static int meta_second(int fd, const struct meta *first, struct meta *ret_meta)
{
	int r = 0;

	if (first)
		return meta_read(fd, first->page_size, ret_meta);
	for (off_t size = PAGE_SIZE_MIN; r == 0 && size <= PAGE_SIZE_MAX; size *= 2) {
		r = meta_read(fd, size, ret_meta);
		if (r == 1 && ret_meta->page_size != size)
			r = 0;
	}
	return r;
}

static int meta_find(int fd, struct meta *ret_meta)
{
	struct meta first, second;
	int has_first = meta_read(fd, 0, &first), has_second;

	if (has_first < 0)
		return has_first;
	has_second = meta_second(fd, has_first ? &first : NULL, &second);
	if (has_second < 0)
		return has_second;
	if (!has_first && !has_second)
		return -EBADMSG;
	*ret_meta = has_first && (!has_second || first.transaction > second.transaction) ? first : second;
	return 0;
}

/* ---- pages ---- */

static int pread_whole(int fd, uint8_t *data, size_t size, off_t offset)
{
	while (size > 0) {
		ssize_t step = pread(fd, data, size, offset);

		if (step <= 0)
			return step < 0 ? -errno : -EBADMSG;
		data += step;
		size -= (size_t)step;
		offset += step;
	}
	return 0;
}

/* A page with what belongs to it, as its head says. */
static int page_read(struct bolt *bolt, uint64_t id, struct page **ret_page)
{
	const uint64_t page_size = bolt->meta.page_size;
	_cleanup_free_ struct page *page = NULL;
	struct page_head head;
	uint64_t pages;
	int r;

	if (id < 2 || id >= bolt->meta.pages || id > INT64_MAX / page_size)
		return -EBADMSG;
	r = pread_whole(bolt->fd, (uint8_t *)&head, sizeof(head), (off_t)(id * page_size));
	if (r < 0)
		return r;
	pages = (uint64_t)head.overflow + 1;
	if (head.id != id || pages > bolt->meta.pages - id)
		return -EBADMSG;
	if (pages > (BOLT_BYTES_MAX - bolt->bytes) / page_size)
		return -EFBIG;
	page = malloc(sizeof(*page) + pages * page_size);
	if (!page)
		return -ENOMEM;
	page->id = id;
	page->size = pages * page_size;
	r = pread_whole(bolt->fd, page->data, page->size, (off_t)(id * page_size));
	if (r == 0)
		*ret_page = take_ptr(page);
	return r;
}

static int page_get(struct bolt *bolt, uint64_t id, struct bolt_bytes *ret_page)
{
	struct page **slot = &bolt->pages[id % PAGES_HASHED], *page = *slot;
	int r;

	while (page && page->id != id)
		page = page->next;
	if (!page) {
		r = page_read(bolt, id, &page);
		if (r < 0)
			return r;
		page->next = *slot;
		*slot = page;
		bolt->bytes += page->size;
	}
	*ret_page = (struct bolt_bytes){ page->data, page->size };
	return 0;
}

static void pages_drop(struct bolt *bolt)
{
	for (size_t i = 0; i < PAGES_HASHED; i++)
		for (struct page *page; (page = bolt->pages[i]);) {
			bolt->pages[i] = page->next;
			free(page);
		}
	bolt->bytes = 0;
}

/* ---- elements ---- */

/* A page, of a bucket or inside a value: checked as far as its elements' heads. */
struct node {
	struct bolt_bytes bytes;
	struct page_head head;
};

static int page_open(struct bolt_bytes bytes, struct node *ret_page)
{
	struct node page = { .bytes = bytes };

	if (bytes.size < sizeof(page.head))
		return -EBADMSG;
	memcpy(&page.head, bytes.data, sizeof(page.head));
	if (page.head.flags != PAGE_LEAF && page.head.flags != PAGE_BRANCH)
		return -EBADMSG;
	if (page.head.count > (bytes.size - sizeof(page.head)) / sizeof(struct leaf))
		return -EBADMSG;
	*ret_page = page;
	return 0;
}

_Static_assert(sizeof(struct leaf) == 16 && sizeof(struct branch) == 16, "elements are of one size");

/* `size` bytes, `position` behind the beginning of an element. */
static int part_get(const struct node *page, size_t element, uint64_t position, uint64_t size,
		    struct bolt_bytes *ret_part)
{
	uint64_t start = element + position;

	if (start > page->bytes.size || size > page->bytes.size - start)
		return -EBADMSG;
	*ret_part = (struct bolt_bytes){ page->bytes.data + start, size };
	return 0;
}

static size_t element_at(uint16_t index)
{
	return sizeof(struct page_head) + index * sizeof(struct leaf);
}

static int branch_get(const struct node *page, uint16_t index, struct bolt_bytes *ret_key, uint64_t *ret_page)
{
	struct branch branch;

	memcpy(&branch, page->bytes.data + element_at(index), sizeof(branch));
	*ret_page = branch.page;
	return part_get(page, element_at(index), branch.position, branch.key_size, ret_key);
}

static int bucket_open(struct bolt_bytes value, struct bolt_bucket *ret_bucket)
{
	struct bucket_head head;

	if (value.size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, value.data, sizeof(head));
	*ret_bucket = (struct bolt_bucket){ .root = head.root };
	if (!head.root)
		ret_bucket->inside = (struct bolt_bytes){ value.data + sizeof(head), value.size - sizeof(head) };
	return 0;
}

static int leaf_get(const struct node *page, uint16_t index, struct bolt_entry *ret_entry)
{
	struct bolt_entry entry = { 0 };
	struct bolt_bytes value;
	struct leaf leaf;
	int r;

	memcpy(&leaf, page->bytes.data + element_at(index), sizeof(leaf));
	r = part_get(page, element_at(index), leaf.position, leaf.key_size, &entry.key);
	if (r == 0)
		r = part_get(page, element_at(index), (uint64_t)leaf.position + leaf.key_size, leaf.value_size, &value);
	if (r < 0)
		return r;
	entry.is_bucket = leaf.flags & LEAF_BUCKET;
	if (entry.is_bucket)
		r = bucket_open(value, &entry.bucket);
	else
		entry.value = value;
	if (r == 0)
		*ret_entry = entry;
	return r;
}

static int bytes_compare(struct bolt_bytes a, struct bolt_bytes b)
{
	int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- trees ---- */

/* The page at which a bucket begins. */
static int bucket_page(struct bolt *bolt, const struct bolt_bucket *bucket, struct node *ret_page)
{
	struct bolt_bytes bytes = bucket->inside;
	int r = bucket->root ? page_get(bolt, bucket->root, &bytes) : 0;

	return r < 0 ? r : page_open(bytes, ret_page);
}

static int child_page(struct bolt *bolt, uint64_t id, struct node *ret_page)
{
	return bucket_page(bolt, &(struct bolt_bucket){ .root = id }, ret_page);
}

/* The child that holds the key if any does: the last whose first key is not above it. */
static int branch_find(const struct node *page, struct bolt_bytes key, uint64_t *ret_page)
{
	uint16_t low = 0, high = page->head.count;

	if (high == 0)
		return -EBADMSG;
	while (high - low > 1) {
		uint16_t middle = (uint16_t)((low + high) / 2);
		struct bolt_bytes at;
		uint64_t child;
		int r = branch_get(page, middle, &at, &child);

		if (r < 0)
			return r;
		if (bytes_compare(at, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	return branch_get(page, low, &(struct bolt_bytes){ 0 }, ret_page);
}

static int leaf_find(const struct node *page, struct bolt_bytes key, struct bolt_entry *ret_entry)
{
	uint16_t low = 0, high = page->head.count;

	while (low < high) {
		uint16_t middle = (uint16_t)((low + high) / 2);
		struct bolt_entry entry;
		int r = leaf_get(page, middle, &entry), order;

		if (r < 0)
			return r;
		order = bytes_compare(entry.key, key);
		if (order == 0) {
			*ret_entry = entry;
			return 0;
		}
		if (order < 0)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return -ENOENT;
}

static int entry_find(struct bolt *bolt, const struct bolt_bucket *bucket, const char *name,
		      struct bolt_entry *ret_entry)
{
	const struct bolt_bytes key = { (const uint8_t *)name, strlen(name) };
	struct node page;
	uint64_t child;
	int r = bucket_page(bolt, bucket, &page);

	for (int depth = 0; r == 0 && page.head.flags == PAGE_BRANCH; depth++) {
		if (depth == BOLT_DEPTH_MAX)
			return -EBADMSG;
		r = branch_find(&page, key, &child);
		if (r == 0)
			r = child_page(bolt, child, &page);
	}
	return r < 0 ? r : leaf_find(&page, key, ret_entry);
}

struct walk {
	struct bolt *bolt;
	int (*call)(const struct bolt_entry *entry, void *data);
	void *data;
	size_t pages; /* that may still be looked at: a tree may lead back into itself */
};

static int leaves_walk(struct walk *walk, const struct node *page)
{
	int r = 0;

	for (uint16_t i = 0; r == 0 && i < page->head.count; i++) {
		struct bolt_entry entry;

		r = leaf_get(page, i, &entry);
		if (r == 0)
			r = walk->call(&entry, walk->data);
	}
	return r;
}

static int tree_walk(struct walk *walk, const struct node *page, int depth)
{
	int r = 0;

	if (page->head.flags == PAGE_LEAF)
		return leaves_walk(walk, page);
	if (depth == BOLT_DEPTH_MAX)
		return -EBADMSG;
	for (uint16_t i = 0; r == 0 && i < page->head.count; i++) {
		struct bolt_bytes key;
		struct node child;
		uint64_t id;

		if (walk->pages-- == 0)
			return -EBADMSG;
		r = branch_get(page, i, &key, &id);
		if (r == 0)
			r = child_page(walk->bolt, id, &child);
		if (r == 0)
			r = tree_walk(walk, &child, depth + 1);
	}
	return r;
}

/* ---- what callers see ---- */

int bolt_each(struct bolt *bolt, const struct bolt_bucket *bucket,
	      int (*call)(const struct bolt_entry *entry, void *data), void *data)
{
	struct walk walk = { bolt, call, data, BOLT_BYTES_MAX / bolt->meta.page_size };
	struct node page;
	int r = bucket_page(bolt, bucket, &page);

	return r < 0 ? r : tree_walk(&walk, &page, 0);
}

int bolt_sub(struct bolt *bolt, const struct bolt_bucket *bucket, const char *name, struct bolt_bucket *ret_bucket)
{
	struct bolt_entry entry;
	int r = entry_find(bolt, bucket, name, &entry);

	if (r < 0)
		return r;
	if (!entry.is_bucket)
		return -ENOENT;
	*ret_bucket = entry.bucket;
	return 0;
}

int bolt_bucket(struct bolt *bolt, const char *const *path, struct bolt_bucket *ret_bucket)
{
	struct bolt_bucket bucket = { .root = bolt->meta.root.root };
	int r = 0;

	for (; r == 0 && *path; path++)
		r = bolt_sub(bolt, &bucket, *path, &bucket);
	if (r == 0)
		*ret_bucket = bucket;
	return r;
}

int bolt_get(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, struct bolt_bytes *ret_value)
{
	struct bolt_entry entry;
	int r = entry_find(bolt, bucket, key, &entry);

	if (r < 0)
		return r;
	if (entry.is_bucket)
		return -ENOENT;
	*ret_value = entry.value;
	return 0;
}

bool bolt_is(struct bolt_bytes bytes, const char *text)
{
	return bytes.size == strlen(text) && (!bytes.size || memcmp(bytes.data, text, bytes.size) == 0);
}

int bolt_copy(struct bolt_bytes bytes, char **ret_text)
{
	char *text;

	if (bytes.size && memchr(bytes.data, '\0', bytes.size))
		return -EBADMSG;
	text = malloc(bytes.size + 1);
	if (!text)
		return -ENOMEM;
	if (bytes.size)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	*ret_text = text;
	return 0;
}

int bolt_text(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, char **ret_text)
{
	struct bolt_bytes value;
	int r = bolt_get(bolt, bucket, key, &value);

	return r < 0 ? r : bolt_copy(value, ret_text);
}

/* 1: a transaction ended since; 0, or a negative errno. */
static int has_moved(const struct bolt *bolt)
{
	struct meta meta;
	int r = meta_find(bolt->fd, &meta);

	return r < 0 ? r : meta.transaction != bolt->meta.transaction;
}

int bolt_read(int fd, int (*call)(struct bolt *bolt, void *data), void *data)
{
	for (int i = 0; i < BOLT_TRIES; i++) {
		struct bolt bolt = { .fd = fd };
		int r = meta_find(fd, &bolt.meta), answer, moved;

		if (r < 0)
			return r;
		answer = call(&bolt, data);
		moved = has_moved(&bolt);
		pages_drop(&bolt);
		if (moved <= 0)
			return moved < 0 ? moved : answer;
	}
	return -EAGAIN;
}
