// SPDX-License-Identifier: Apache-2.0
/*
 * drift: code ran that is not the image's. Until content is compared (a digest), a file of the upper layer is
 * "modified" where the image holds its path and "new" where it does not. Of a root that is no overlay a file counts that
 * was changed since the container began: "modified" where it was there before; neither is verified by anything.
 */
#include "base/cleanup.h"
#include "detect/internal.h"

/* One file whose code runs: the program, or a script that was executed. */
struct code {
	const char *noun;
	const struct plm_file *file;
	const char *path;
	enum answer in_image;
	bool metadata_only;
};

struct ruling {
	enum rule rule;
	enum severity severity;
	const char *verdict;
	struct phrase what; /* between commas: "Program /x, <what>, was executed" */
};

static bool is_image_content(const struct code *code)
{
	return code->metadata_only && code->in_image == ANSWER_YES && !(code->file->flags & PLM_FILE_UNLINKED);
}

static bool fits_memory(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	bool unlinked = code->file->flags & PLM_FILE_UNLINKED;

	(void)detection;
	if (code->file->layer != PLM_LAYER_MEMORY && !unlinked)
		return false;
	*ret_ruling = (struct ruling){
		RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, "added", { "which is held in memory only" }
	};
	if (code->file->layer != PLM_LAYER_MEMORY)
		ret_ruling->what = say("whose file has been deleted");
	return true;
}

static bool fits_foreign(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	const char *owner = detection->facts->other_container;
	bool read_only = code->file->flags & PLM_FILE_READ_ONLY;

	switch (code->file->layer) {
	case PLM_LAYER_VOLUME:
	case PLM_LAYER_CONTROL:
		ret_ruling->what = say("from a %s mount outside the image", read_only ? "read-only" : "writable");
		break;
	case PLM_LAYER_OTHER_ROOT:
		read_only = false; /* the other container writes there */
		ret_ruling->what = say("from the root of %.64s", owner ? owner : "another container");
		break;
	default:
		return false;
	}
	ret_ruling->rule = RULE_DRIFT_EXEC_FOREIGN;
	ret_ruling->severity = read_only ? SEVERITY_LOW : SEVERITY_MEDIUM;
	ret_ruling->verdict = NULL; /* the image says nothing of what others mount */
	return true;
}

static bool is_changed_plain(const struct plm_file *file)
{
	return file->layer == PLM_LAYER_PLAIN && (file->flags & PLM_FILE_CHANGED);
}

/* `in_image` is then whether the file was there when the container began. */
static bool fits_plain(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	bool there = code->in_image == ANSWER_YES;

	(void)detection;
	if (!is_changed_plain(code->file))
		return false;
	*ret_ruling = (struct ruling){
		.rule = there ? RULE_DRIFT_EXEC_MODIFIED : RULE_DRIFT_EXEC_NEW,
		.severity = SEVERITY_CRITICAL,
		.verdict = "unverified",
		.what = say("%s since the container began (its root is no overlay: the image cannot be compared)",
			    there ? "which was changed" : "which was made or changed"),
	};
	return true;
}

static bool fits_modified(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	(void)detection;
	if (code->file->layer != PLM_LAYER_UPPER || code->in_image != ANSWER_YES || is_image_content(code))
		return false;
	*ret_ruling = (struct ruling){ RULE_DRIFT_EXEC_MODIFIED,
				       SEVERITY_CRITICAL,
				       "modified",
				       { "which was changed since the image was made" } };
	return true;
}

static bool fits_new(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	(void)detection;
	if (code->file->layer != PLM_LAYER_UPPER || code->in_image == ANSWER_YES)
		return false;
	*ret_ruling = (struct ruling){ RULE_DRIFT_EXEC_NEW,
				       SEVERITY_CRITICAL,
				       verdict_of_path(code->in_image, NULL),
				       { "which the image does not hold" } };
	if (code->in_image == ANSWER_UNKNOWN)
		ret_ruling->what = say("written in the container (its image could not be read)");
	return true;
}

/* The family drift.exec, from the top: the first that fits is told. */
static bool (*const family[])(const struct detection *, const struct code *, struct ruling *) = {
	fits_memory, fits_foreign, fits_plain, fits_modified, fits_new,
};

static bool judge(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	for (size_t i = 0; i < ARRAY_SIZE(family); i++)
		if (family[i](detection, code, ret_ruling))
			return true;
	return false;
}

/*
 * What stands for the content's digest in a subject: a file that is written or replaced gets another change
 * time, which nobody in a container can set. So a new payload under an old name is not folded into the old
 * one's alert.
 */
static void content_subject(struct finding *finding, const struct code *code)
{
	const struct plm_file *file = code->file;

	if (file->layer == PLM_LAYER_UPPER)
		finding_subject(finding, "%s @%x:%llu.%u.%llu", code->path ? code->path : "?", file->upper_device,
				(unsigned long long)file->upper_inode, file->generation,
				(unsigned long long)file->ctime);
	else if (file->layer == PLM_LAYER_PLAIN)
		finding_subject(finding, "%s @%x:%llu.%u.%llu", code->path ? code->path : "?", file->device,
				(unsigned long long)file->inode, file->generation, (unsigned long long)file->ctime);
	else
		finding_subject(finding, "%s", code->path ? code->path : "?");
}

static void tell_code(struct finding *finding, const struct code *code)
{
	finding->path = code->path;
	finding->file = code->file;
	finding->layer = (enum plm_layer)code->file->layer;
	content_subject(finding, code);
}

static void tell_exec(struct detection *detection, const struct code *code, const struct ruling *ruling)
{
	struct finding *finding = detection_add(detection, ruling->rule, ruling->severity, "exec");
	bool running = detection->event->kind == PLM_TASK;

	if (!finding)
		return;
	tell_code(finding, code);
	finding->verdict = ruling->verdict;
	finding_message(finding, "%s %s, %s, %s in %s (%s)", code->noun, say_path(code->path).text, ruling->what.text,
			running ? "was already running when the agent started" : "was executed",
			say_container(detection->container).text, say_process(detection).text);
}

/* With a script both are judged, it and its interpreter; the worse one is told, the script where they are
 * alike. */
void detect_drift_exec(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct facts *facts = detection->facts;
	const struct code program = { event->exec.flags & PLM_EXEC_SCRIPT ? "Interpreter" : "Program", &event->file,
				      event->path, facts->in_image, facts->metadata_only };
	const struct code script = { "Script", &facts->script, facts->script_path, facts->script_in_image,
				     facts->script_metadata_only };
	struct ruling of_program, of_script;
	bool is_script, is_program;

	if (event->exec.flags & PLM_EXEC_OUTSIDE) /* escape.exec's */
		return;
	is_program = judge(detection, &program, &of_program);
	is_script = (event->exec.flags & PLM_EXEC_SCRIPT) && judge(detection, &script, &of_script);
	if (is_script && !(is_program && of_program.severity > of_script.severity))
		tell_exec(detection, &script, &of_script);
	else if (is_program)
		tell_exec(detection, &program, &of_program);
}

/* A deleted file of the image is still the image's code; any other that has no name left is as good as
 * memory. */
static bool library_severity(const struct detection *detection, const struct code *code, enum severity *ret_severity)
{
	bool unlinked = code->file->flags & PLM_FILE_UNLINKED;

	switch (code->file->layer) {
	case PLM_LAYER_UPPER:
		if (is_image_content(code))
			return false;
		*ret_severity = unlinked && detection->facts->executable_in_image ? SEVERITY_MEDIUM : SEVERITY_HIGH;
		return true;
	case PLM_LAYER_PLAIN:
		*ret_severity = unlinked && detection->facts->executable_in_image ? SEVERITY_MEDIUM : SEVERITY_HIGH;
		return code->file->flags & PLM_FILE_CHANGED;
	case PLM_LAYER_MEMORY:
		*ret_severity = detection->facts->executable_in_image ? SEVERITY_MEDIUM : SEVERITY_HIGH;
		return true;
	case PLM_LAYER_VOLUME:
		*ret_severity = code->file->flags & PLM_FILE_READ_ONLY ? SEVERITY_LOW : SEVERITY_HIGH;
		return true;
	case PLM_LAYER_OTHER_ROOT:
		*ret_severity = SEVERITY_HIGH;
		return true;
	default:
		return false;
	}
}

static const char *library_place(const struct plm_file *file)
{
	switch (file->layer) {
	case PLM_LAYER_UPPER:
		return file->flags & PLM_FILE_UNLINKED ? "a deleted file" : "changed or new since the image was made";
	case PLM_LAYER_PLAIN:
		return file->flags & PLM_FILE_UNLINKED ? "a deleted file" : "changed or new since the container began";
	case PLM_LAYER_MEMORY:
		return "held in memory only";
	case PLM_LAYER_VOLUME:
		return file->flags & PLM_FILE_READ_ONLY ? "from a read-only volume" : "from a writable volume";
	default:
		return "from another container's root";
	}
}

void detect_library(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct code code = { "Code", &event->file, event->path, detection->facts->in_image,
				   detection->facts->metadata_only };
	enum severity severity;
	struct finding *finding;

	if (!library_severity(detection, &code, &severity))
		return;
	finding = detection_add(detection, RULE_DRIFT_LIBRARY, severity, "map");
	if (!finding)
		return;
	tell_code(finding, &code);
	if (event->file.layer == PLM_LAYER_UPPER)
		finding->verdict = verdict_of_path(code.in_image, "modified");
	else if (event->file.layer == PLM_LAYER_PLAIN)
		finding->verdict = "unverified";
	finding_message(finding, "Code of %s, %s, was mapped executable in %s by %s", say_path(code.path).text,
			library_place(code.file), say_container(detection->container).text, say_actor(detection).text);
}
