// SPDX-License-Identifier: Apache-2.0
// fuzz: src/decode/record.c
/*
 * Any bytes as a record. What must hold of one that is taken: every text is absent or ends within reach and is not
 * empty, paths are absolute, enums are in range, argv ends where argc says. Built and run by `make fuzz`.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/record.h"
#include "fuzz.h"

static void must_be_text(const char *text)
{
	must(!text || (*text && strlen(text) < PLM_RECORD_MAX));
}

static void must_be_path(const char *path)
{
	must(!path || (*path == '/' && strlen(path) <= PLM_TEXT_MAX && strcmp(path, "/..") != 0));
}

static void check_event(const struct event *event)
{
	must(event->kind > PLM_INVALID && event->kind < PLM_KINDS);
	must(event->file.layer < PLM_LAYERS && event->exec.script.layer < PLM_LAYERS &&
	     event->exec.input.layer < PLM_LAYERS);
	must(event->task.cause < PLM_CAUSES && event->before_cause < PLM_CAUSES);
	must((event->kind == PLM_CHANGE) == (event->change.op != PLM_OP_NONE) && event->change.op < PLM_OPS);
	must(memchr(event->task.comm, 0, sizeof(event->task.comm)));
	must_be_path(event->path);
	must_be_path(event->root);
	must_be_path(event->exec.script_path);
	must_be_path(event->exec.input_path);
	must_be_path(event->exec.cwd);
	must_be_path(event->change.base);
	must_be_path(event->change.from_base);
	must_be_path(event->start.upper);
	must_be_text(event->exec.name);
	must_be_text(event->change.name);
	must_be_text(event->change.from_name);
	must_be_text(event->change.attribute);
	must_be_text(event->leave.path);
	must_be_text(event->birth.path);
	must(event->exec.argc <= RECORD_ARGV_MAX);
	for (size_t i = 0; i < event->exec.argc; i++)
		must(strlen(event->exec.argv[i]) < PLM_RECORD_MAX);
	must(!event->exec.argv || !event->exec.argv[event->exec.argc]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder *decoder = decoder_new();
	const struct event *event = NULL;

	must(decoder);
	must((decoder_decode(decoder, data, size, &event) == 0) == (event != NULL));
	if (event)
		check_event(event);
	decoder_free(decoder);
	return 0;
}
