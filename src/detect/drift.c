// SPDX-License-Identifier: Apache-2.0
/*
 * drift: code ran that is not the image's. A file of the upper layer is "modified" where the image holds its path with
 * other content, or where that could not be known in time, and "new" where it does not, whatever its content. Of a root that is no overlay a file counts that
 * was changed since the container began: "modified" where it was there before; neither is verified by anything.
 */
#include "base/cleanup.h"
#include "detect/internal.h"

struct ruling {
	enum rule rule;
	enum severity severity;
	struct phrase what; /* between commas: "Program /x, <what>, was executed" */
};

static bool fits_memory(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	bool unlinked = code->file->flags & PLM_FILE_UNLINKED;

	(void)detection;
	if (code->file->layer != PLM_LAYER_MEMORY && !unlinked)
		return false;
	*ret_ruling = (struct ruling){ RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, { "which is held in memory only" } };
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
		.what = say("%s since the container began (its root is no overlay: the image cannot be compared)",
			    there ? "which was changed" : "which was made or changed"),
	};
	return true;
}

static bool fits_modified(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	(void)detection;
	if (code->file->layer != PLM_LAYER_UPPER || code->in_image != ANSWER_YES || code_is_image(code))
		return false;
	*ret_ruling = (struct ruling){
		.rule = RULE_DRIFT_EXEC_MODIFIED,
		.severity = SEVERITY_CRITICAL,
		.what = say("%s", code->content->unverified ? "which was written to (its content is not verified yet)"
							    : "which was changed since the image was made"),
	};
	return true;
}

static bool fits_new(const struct detection *detection, const struct code *code, struct ruling *ret_ruling)
{
	(void)detection;
	if (code->file->layer != PLM_LAYER_UPPER || code->in_image == ANSWER_YES)
		return false;
	*ret_ruling = (struct ruling){ RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, { "which the image does not hold" } };
	if (code->in_image == ANSWER_UNKNOWN)
		ret_ruling->what = say("written in the container (its image could not be read)");
	else if (code->content->vouched)
		ret_ruling->what = say("of package %.64s %.48s, which the image does not hold",
				       code->content->package.name, code->content->package.version ?: "");
	else if (code->content->copied_from)
		ret_ruling->what = say("a copy of the image's %s", say_path(code->content->copied_from).text);
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
 * What repeats are folded by: the content, so that a new payload under an old name is new. Where its digest is not known, the
 * change time stands for it: a file that is written or replaced gets another, and nobody in a container can set it.
 */
static void state_subject(const struct code *code, char *ret_subject, size_t size)
{
	const struct plm_file *file = code->file;
	const char *path = code->path ? code->path : "?";

	if (file->layer == PLM_LAYER_UPPER)
		subject_format(ret_subject, size, "%s @%x:%llu.%u.%llu", path, file->upper_device,
			       (unsigned long long)file->upper_inode, file->generation,
			       (unsigned long long)file->ctime);
	else if (file->layer == PLM_LAYER_PLAIN)
		subject_format(ret_subject, size, "%s @%x:%llu.%u.%llu", path, file->device,
			       (unsigned long long)file->inode, file->generation, (unsigned long long)file->ctime);
	else
		subject_format(ret_subject, size, "%s", path);
}

/* A digest may be known at one time and not at another: the state of the file tells that it is the same. */
static void content_subject(struct finding *finding, const struct code *code)
{
	const struct content *content = code->content;
	char digest[DIGEST_TEXT_MAX];

	state_subject(code, finding->subject, sizeof(finding->subject));
	if (code->file->layer == PLM_LAYER_UPPER || code->file->layer == PLM_LAYER_PLAIN)
		finding->state = subject_hash(finding->subject);
	if (content->vouched) { /* a package that came is told once, whatever of it runs */
		finding_subject(finding, "package %s %s", content->package.name, content->package.version ?: "");
	} else if (content->digest.kind) {
		digest_text(&content->digest, digest);
		finding_subject(finding, "%s %s", code->path ? code->path : "?", digest);
	}
}

/* However many packages are installed at a time, their scripts are told once: what came is drift.package's to say. */
static void tell_code(const struct detection *detection, struct finding *finding, const struct code *code)
{
	finding_code(finding, code);
	if (detection->facts->transaction)
		finding_subject(finding, "scripts of packages @%llu",
				(unsigned long long)detection->facts->transaction);
	else
		content_subject(finding, code);
}

static void tell_exec(struct detection *detection, const struct code *code, const struct ruling *ruling)
{
	struct finding *finding = detection_add(detection, ruling->rule, ruling->severity, "exec");
	bool running = detection->event->kind == PLM_TASK;

	if (!finding)
		return;
	tell_code(detection, finding, code);
	finding_message(finding, "%s %s, %s, %s in %s (%s)", code->noun, say_path(code->path).text, ruling->what.text,
			running ? "was already running when the agent started" : "was executed",
			say_container(detection->container).text, say_process(detection).text);
}

/* With a script both are judged, it and its interpreter; the worse one is told, the script where they are
 * alike. */
void detect_drift_exec(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct code program =
		code_of_event(detection, event->exec.flags & PLM_EXEC_SCRIPT ? "Interpreter" : "Program");
	const struct code script = code_of_script(detection);
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

/* A step below what the same file would be executed: its interpreter, of the image, ran it. */
static void tell_script(struct detection *detection, const struct code *code, const struct ruling *ruling)
{
	static const char *const how[] = {
		[SCRIPT_ARGUMENT] = "was run by its name",
		[SCRIPT_MODULE] = "was run as a module",
		[SCRIPT_INPUT] = "was run as standard input",
	};
	enum severity severity = ruling->severity > SEVERITY_INFO ? ruling->severity - 1 : SEVERITY_INFO;
	struct finding *finding = detection_add(detection, RULE_DRIFT_SCRIPT, severity, "exec");

	if (!finding)
		return;
	tell_code(detection, finding, code);
	finding_message(finding, "Script %s, %s, %s in %s by %s", say_path(code->path).text, ruling->what.text,
			how[detection->facts->script_source], say_container(detection->container).text,
			say_actor(detection).text);
}

void detect_drift_script(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct code interpreter = code_of_event(detection, "Interpreter"), script = code_of_script(detection);
	struct ruling ruling;

	if (detection->facts->script_source <= SCRIPT_EXECUTED || (event->exec.flags & PLM_EXEC_OUTSIDE) ||
	    judge(detection, &interpreter, &ruling)) /* an interpreter that is drift itself says it all */
		return;
	if (judge(detection, &script, &ruling))
		tell_script(detection, &script, &ruling);
}

/* A deleted file of the image is still the image's code; any other that has no name left is as good as
 * memory. */
static bool library_severity(const struct detection *detection, const struct code *code, enum severity *ret_severity)
{
	bool unlinked = code->file->flags & PLM_FILE_UNLINKED;

	switch (code->file->layer) {
	case PLM_LAYER_UPPER:
		if (code_is_image(code))
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
	const struct code code = code_of_event(detection, "Code");
	enum severity severity;
	struct finding *finding;

	if (!library_severity(detection, &code, &severity))
		return;
	finding = detection_add(detection, RULE_DRIFT_LIBRARY, severity, "map");
	if (!finding)
		return;
	tell_code(detection, finding, &code);
	finding_message(finding, "Code of %s, %s, was mapped executable in %s by %s", say_path(code.path).text,
			library_place(code.file), say_container(detection->container).text, say_actor(detection).text);
}
