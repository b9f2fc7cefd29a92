// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/sources.h"
#include "container/facts.h"
#include "inventory/cache.h"
#include "report/report.h"
#include "target/target.h"

#define WIDTH_USUAL 80

struct inventory_options {
	const char *format, *fail_on, *reference, *state_dir, *runtime_dir;
	struct source_options sources;
	struct option_list data_roots;
	bool verify, files;
};

/* ---- options ---- */

static int parse(int argc, char **argv, struct inventory_options *o, int *ret_first)
{
	const struct option_row rows[] = {
		{ "format", 'f', OPTION_STRING, &o->format, "NAME", REPORT_FORMATS " (default: table)" },
		{ "files", 0, OPTION_FLAG, &o->files, NULL,
		  "list the files of packages too, with their digests (json)" },
		{ "verify", 0, OPTION_FLAG, &o->verify, NULL, "hash every file that a package has a digest of" },
		{ "fail-on", 0, OPTION_STRING, &o->fail_on, "modified",
		  "exit 1 where --verify finds a file with other content" },
		{ "reference", 0, OPTION_STRING, &o->reference, "NAME:TAG", "which image of an archive with several" },
		{ "state-dir", 0, OPTION_STRING, &o->state_dir, "DIR",
		  "where inventories are kept (default: /var/lib/plimsoll, if there)" },
		{ "runtime-dir", 0, OPTION_STRING, &o->runtime_dir, "DIR", "taken, and not used: no agent is asked" },
		{ "data-root", 0, OPTION_LIST, &o->data_roots, "DIR",
		  "where a runtime keeps its images, instead of the usual; repeatable" },
		SOURCE_ROWS(&o->sources),
	};
	const struct option_table table = {
		.usage = "plimsoll inventory [options] TARGET",
		.about = "What an image holds: packages, and executables that no package owns. TARGET is a root\n"
			 "directory, an image archive (an OCI layout, or what docker save writes), a running\n"
			 "container by name or id, or an image known on this host by name or id.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};

	return options_parse(&table, argc, argv, ret_first);
}

/* -EINVAL: one line said why. */
static int check(const struct inventory_options *o, int arguments)
{
	if (!report_format_find(o->format)) {
		log_error("--format is " REPORT_FORMATS ", not '%s'", o->format);
		return -EINVAL;
	}
	if (o->files && strcmp(o->format, "json") != 0) {
		log_error("--files is for --format json");
		return -EINVAL;
	}
	if (o->fail_on && (strcmp(o->fail_on, "modified") != 0 || !o->verify)) {
		log_error("--fail-on takes 'modified', together with --verify");
		return -EINVAL;
	}
	if (arguments != 1) {
		log_error("inventory takes one TARGET, a path, a container or an image: try plimsoll inventory --help");
		return -EINVAL;
	}
	return 0;
}

/* ---- reading ---- */

static int target_get(const struct inventory_options *o, const char *name, struct target *ret_target)
{
	struct runtime_config config = source_config(&o->sources);
	struct target_failure failure = { "" };
	int r;

	config.data_roots = o->data_roots.count ? o->data_roots.items : NULL;
	r = target_find(&config, name, ret_target, &failure);
	if (r == 0)
		return 0;
	if (geteuid() != 0 && r != -EINVAL)
		log_error("%s; to look at containers and images it takes root", failure.text);
	else
		log_error("%s", failure.text);
	return r;
}

/* Why an archive has no inventory, for people; NULL: the reader's own words say it. */
static const char *archive_words(int error)
{
	static const struct {
		int error;
		const char *words;
	} rows[] = {
		{ -ENOENT, "it has no image of that name" },
		{ -EINVAL, "it has several images: say which with --reference" },
		{ -EMEDIUMTYPE, "it is no image archive: neither an OCI layout nor what docker save writes" },
		{ -EPROTONOSUPPORT, "it is of a kind that is not read" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error == error)
			return rows[i].words;
	return NULL;
}

static void reading_failed(const struct target *target, const char *name, int error,
			   const struct reader_failure *failure)
{
	const char *words = target->kind == TARGET_ARCHIVE ? archive_words(error) : NULL;

	log_error("there is no inventory of %s: %s%s", name, words ? "" : "the reader ", words ?: failure->text);
}

/* What was verified is of this moment, and not kept. */
static int inventory_get(const struct inventory_options *o, const struct target *target, const char *name,
			 struct inventory **ret_inventory, struct reader_image *ret_image)
{
	struct progress progress = { 0 };
	struct reader_failure failure = { "" };
	struct reader_request request = { .verify = o->verify,
					  .reference = o->reference,
					  .image = ret_image,
					  .cancel = -EBADF,
					  .progress = progress_show,
					  .data = &progress };
	_cleanup_close_ int fd = -EBADF;
	int r = target_request(target, &request);

	fd = request.fd;
	if (r < 0) {
		log_error("%s cannot be opened: %s", name, strerror(-r));
		return r;
	}
	r = cache_get(o->verify ? NULL : o->state_dir, target->key, &request, ret_inventory, &failure);
	progress_clear(&progress);
	if (r < 0)
		reading_failed(target, name, r, &failure);
	return r;
}

/* The image of an archive: by the name that was asked for, else by its own. */
static int archive_facts(const struct inventory_options *o, const struct reader_image *image,
			 struct container_facts *facts)
{
	char hex[DIGEST_TEXT_MAX], id[DIGEST_TEXT_MAX + 16];
	int r = facts_set_image(facts, o->reference ?: image->name[0] ? image->name : NULL);

	if (r < 0 || image->id.kind == DIGEST_NONE)
		return r;
	facts->image = image_facts_new();
	if (!facts->image)
		return -ENOMEM;
	digest_text(&image->id, hex);
	(void)snprintf(id, sizeof(id), "%s:%s", digest_name(image->id.kind), hex);
	return fact_set(&facts->image->id, id);
}

/* ---- telling ---- */

/* Characters of a line; 0 where it goes to no terminal. */
static size_t terminal_width(void)
{
	struct winsize size = { .ws_col = 0 };

	if (!isatty(STDOUT_FILENO))
		return 0;
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size.ws_col ?: WIDTH_USUAL;
}

static int tell(const struct inventory_options *o, const struct target *target, const struct inventory *inventory)
{
	struct report report = { .inventory = inventory,
				 .facts = &target->facts,
				 .path = target->path,
				 .layers = target->layer_count,
				 .verified = o->verify,
				 .files = o->files,
				 .width = terminal_width() };
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	report.time = now.tv_sec * 1000000000ll + now.tv_nsec;
	if (getrandom(report.serial, sizeof(report.serial), 0) != sizeof(report.serial))
		return -errno;
	return report_format_find(o->format)->print(&report, stdout);
}

/* Files that are meant to be changed do not count; nor do those that were left out, as small images do with manuals. */
static bool is_modified(const struct inventory *inventory)
{
	size_t count = inventory_file_count(inventory);
	char path[PATH_MAX];

	for (size_t i = 0; i < count; i++) {
		struct inventory_file file = inventory_file(inventory, i, path);

		if (file.verified == VERIFIED_DIFFERS && !(file.flags & INVENTORY_FILE_CONFIG))
			return true;
	}
	return false;
}

static int run(const struct inventory_options *o, const char *name)
{
	_cleanup_target_ struct target target = { .pid = 0 };
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_image image = { .id.kind = DIGEST_NONE };
	int r = target_get(o, name, &target);

	if (r == 0)
		r = inventory_get(o, &target, name, &inventory, &image);
	if (r < 0)
		return EXIT_RUNTIME;
	r = target.kind == TARGET_ARCHIVE ? archive_facts(o, &image, &target.facts) : 0;
	if (r == 0)
		r = tell(o, &target, inventory);
	if (r < 0) {
		log_error("the inventory of %s cannot be told: %s", name, strerror(-r));
		return EXIT_RUNTIME;
	}
	return o->fail_on && is_modified(inventory) ? EXIT_NO : EXIT_FINE;
}

int cmd_inventory(int argc, char **argv)
{
	struct inventory_options o = {
		.format = "table",
		.state_dir = "/var/lib/plimsoll",
		.sources.host_root = "",
	};
	int first, r = parse(argc, argv, &o, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	return check(&o, argc - first) < 0 ? EXIT_USAGE : run(&o, argv[first]);
}
