// SPDX-License-Identifier: Apache-2.0
/* A file whose code runs: the program, what is mapped, a script; and what its content says of it. */
#include "base/cleanup.h"
#include "detect/internal.h"

struct code code_of_event(const struct detection *detection, const char *noun)
{
	const struct facts *facts = detection->facts;

	return (struct code){
		.noun = noun,
		.file = &detection->event->file,
		.path = detection->event->path,
		.in_image = facts->in_image,
		.metadata_only = facts->metadata_only,
		.content = &facts->content,
		.writer = facts->writer,
	};
}

struct code code_of_script(const struct detection *detection)
{
	const struct facts *facts = detection->facts;

	return (struct code){
		.noun = "Script",
		.file = &facts->script,
		.path = facts->script_path,
		.in_image = facts->script_in_image,
		.metadata_only = facts->script_metadata_only,
		.content = &facts->script_content,
		.writer = facts->script_writer,
	};
}

bool code_is_image(const struct code *code)
{
	return code->metadata_only && code->in_image == ANSWER_YES && !(code->file->flags & PLM_FILE_UNLINKED);
}

static const char *verdict_image(const struct code *code)
{
	if (code->content->tampered)
		return "modified";
	return code->content->packaged == ANSWER_NO ? "unpackaged" : "shipped";
}

static const char *verdict_upper(const struct code *code)
{
	if (code->in_image != ANSWER_YES)
		return verdict_of_path(code->in_image, NULL);
	if (code->content->unverified)
		return "unverified";
	return code->metadata_only ? "metadata" : "modified";
}

static const char *verdict_memory(const struct code *code)
{
	(void)code;
	return "added";
}

/* Of a root that is no overlay nothing more is known. */
static const char *verdict_plain(const struct code *code)
{
	return code->file->flags & PLM_FILE_CHANGED ? "unverified" : NULL;
}

const char *code_verdict(const struct code *code)
{
	static const char *(*const verdicts[PLM_LAYERS])(const struct code *code) = {
		[PLM_LAYER_IMAGE] = verdict_image,
		[PLM_LAYER_UPPER] = verdict_upper,
		[PLM_LAYER_MEMORY] = verdict_memory,
		[PLM_LAYER_PLAIN] = verdict_plain,
	};

	if ((code->file->flags & PLM_FILE_UNLINKED) && code->file->layer != PLM_LAYER_IMAGE)
		return "added"; /* what it was at that path is past */
	return code->file->layer < PLM_LAYERS && verdicts[code->file->layer] ? verdicts[code->file->layer](code) : NULL;
}

void finding_code(struct finding *finding, const struct code *code)
{
	finding->path = code->path;
	finding->file = code->file;
	finding->layer = (enum plm_layer)code->file->layer;
	finding->verdict = code_verdict(code);
	finding->content = code->content;
	finding->writer = code->writer;
}

void finding_program(struct finding *finding, const struct detection *detection)
{
	const struct code program = code_of_event(detection, "Program");

	finding_code(finding, &program);
}

void detect_cleared(const struct event *event, const struct facts *facts, const struct container *container,
		    enum rule rule, struct finding *ret_finding)
{
	const struct detection detection = { .event = event, .facts = facts, .container = container };
	bool script = facts->script_source == SCRIPT_EXECUTED || rule == RULE_DRIFT_SCRIPT;
	const struct code code = script ? code_of_script(&detection) : code_of_event(&detection, "Program");

	*ret_finding = (struct finding){ .rule = rule, .severity = SEVERITY_INFO, .action = detect_action(event) };
	finding_code(ret_finding, &code);
	finding_subject(ret_finding, "%s", code.path ? code.path : "?");
	finding_message(ret_finding, "Checked since: %s in %s holds what the image has there", say_path(code.path).text,
			say_container(container).text);
}
