// SPDX-License-Identifier: Apache-2.0
#include "detect/interpreter.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* What an option means for where the program comes from. */
enum meaning { MEANS_NOTHING, MEANS_ATTACHED, MEANS_VALUE, MEANS_COMMAND, MEANS_FILE, MEANS_MODULE, MEANS_INPUT };

struct word {
	const char *word;
	enum meaning meaning;
};

#define WORDS_MAX 8

/* Of letters, each may stand in a cluster; of words, each is a whole argument. */
struct interpreter {
	const char *names;    /* with spaces between, each may be followed by a version */
	const char *attached; /* letters whose value, if any, is the rest of the word */
	const char *value;    /* ... or the next argument */
	const char *command;
	const char *file;
	const char *module;
	const char *input;
	struct word words[WORDS_MAX];
	bool shell;
	bool no_operand; /* its first operand is no script */
};

/* sh(1), bash(1), python(1), perlrun(1), ruby(1), node(1), php(1), lua(1), tclsh(1), gawk(1), java(1) */
/* clang-format off */
static const struct interpreter interpreters[] = {
	{ .names = "sh bash dash ash rbash zsh ksh mksh yash", .value = "oO", .command = "c", .input = "s", .shell = true,
	  .words = {{"--rcfile", MEANS_VALUE}, {"--init-file", MEANS_VALUE}} },
	{ .names = "fish csh tcsh", .value = "C", .command = "c", .input = "s", .shell = true,
	  .words = {{"--command", MEANS_COMMAND}, {"--init-command", MEANS_VALUE}} },
	{ .names = "python pypy", .value = "WX", .command = "c", .module = "m",
	  .words = {{"--check-hash-based-pycs", MEANS_VALUE}} },
	{ .names = "perl", .attached = "MmCDF0lixdTV", .value = "I", .command = "eE" },
	{ .names = "ruby", .attached = "FKTWx0i", .value = "rIEC", .command = "e" },
	{ .names = "node nodejs", .value = "rC", .command = "ep",
	  .words = {{"--eval", MEANS_COMMAND}, {"--print", MEANS_COMMAND}, {"--require", MEANS_VALUE},
		    {"--import", MEANS_VALUE}, {"--loader", MEANS_VALUE}, {"-pe", MEANS_COMMAND}} },
	{ .names = "php", .value = "cdzSt", .command = "rBRE", .file = "fF" },
	{ .names = "lua luajit", .value = "le" },
	{ .names = "tclsh", .words = {{"-encoding", MEANS_VALUE}} },
	{ .names = "awk gawk mawk nawk", .value = "Fv", .file = "f", .no_operand = true,
	  .words = {{"--file", MEANS_FILE}} },
	{ .names = "java", .no_operand = true,
	  .words = {{"-jar", MEANS_FILE}, {"-cp", MEANS_VALUE}, {"-classpath", MEANS_VALUE}, {"-p", MEANS_VALUE},
		    {"--class-path", MEANS_VALUE}, {"--module-path", MEANS_VALUE}, {"--add-modules", MEANS_VALUE}} },
};
/* clang-format on */

static const char *const multicall[] = { "busybox", "toybox" };
static const char *const own_input[] = { "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-" };

static bool is_among(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; word && i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

#define IS_AMONG(word, words) is_among(word, words, ARRAY_SIZE(words))

/* "/bin/bash" -> "bash", and "-bash", as a login shell is called. */
static const char *program_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	return name && name[0] == '-' ? name + 1 : name;
}

static bool is_called(const char *names, const char *name)
{
	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		if (strncmp(name, names, size) == 0 && strspn(name + size, "0123456789.") == strlen(name + size))
			return true;
	}
	return false;
}

static const struct interpreter *interpreter_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(interpreters); i++)
		if (is_called(interpreters[i].names, name))
			return &interpreters[i];
	return NULL;
}

/* And the index of its first argument. */
static const struct interpreter *interpreter_of(const struct event *exec, size_t *ret_first)
{
	const char *path = program_name(exec->path);
	const char *called = exec->exec.argc > 0 ? program_name(exec->exec.argv[0]) : NULL;
	const struct interpreter *interpreter = interpreter_named(path) ?: interpreter_named(called);

	*ret_first = 1;
	if (!interpreter && IS_AMONG(path, multicall) && exec->exec.argc > 1) {
		*ret_first = 2;
		interpreter = interpreter_named(exec->exec.argv[1]);
	}
	return interpreter;
}

static bool has_letter(const char *letters, char letter)
{
	return letters && letter && strchr(letters, letter);
}

static enum meaning letter_meaning(const struct interpreter *interpreter, char letter)
{
	const struct {
		const char *letters;
		enum meaning meaning;
	} rows[] = {
		{ interpreter->command, MEANS_COMMAND }, { interpreter->file, MEANS_FILE },
		{ interpreter->module, MEANS_MODULE },   { interpreter->input, MEANS_INPUT },
		{ interpreter->value, MEANS_VALUE },     { interpreter->attached, MEANS_ATTACHED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (has_letter(rows[i].letters, letter))
			return rows[i].meaning;
	return MEANS_NOTHING;
}

/* One option: what it means, where its value stands (NULL: in the next argument). */
struct option {
	enum meaning meaning;
	const char *value;
	bool input; /* a letter before said so */
};

static struct option option_of(const struct interpreter *interpreter, const char *text)
{
	struct option option = { 0 };

	for (size_t i = 0; i < WORDS_MAX && interpreter->words[i].word; i++) {
		const char *word = interpreter->words[i].word;
		size_t size = strlen(word);

		if (strncmp(text, word, size) == 0 && (!text[size] || (text[size] == '=' && word[1] == '-')))
			return (struct option){ .meaning = interpreter->words[i].meaning,
						.value = text[size] ? text + size + 1 : NULL };
	}
	if (text[1] == '-')
		return option;
	for (const char *at = text + 1; *at; at++) {
		enum meaning meaning = letter_meaning(interpreter, *at);

		option.input |= meaning == MEANS_INPUT;
		if (meaning == MEANS_NOTHING || meaning == MEANS_INPUT)
			continue;
		option.meaning = meaning;
		option.value = at[1] ? at + 1 : NULL;
		break;
	}
	return option;
}

static enum script_source given(enum script_source source, const char *name, struct interpreter_input *input)
{
	if (!name)
		return SCRIPT_NONE;
	if (source == SCRIPT_ARGUMENT && IS_AMONG(name, own_input))
		return SCRIPT_INPUT;
	input->name = name;
	return source;
}

/* A shell's -c may have letters behind it ("-ce"): its text is the next argument, and nothing of the rest is a script. */
static enum script_source source_of(const struct interpreter *interpreter, const char *const *argv, size_t argc,
				    struct interpreter_input *input)
{
	bool from_input = false;
	size_t i = 0;

	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
		struct option option;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		option = option_of(interpreter, argv[i]);
		from_input |= option.input;
		if (option.meaning <= MEANS_ATTACHED)
			continue;
		if (option.meaning == MEANS_COMMAND)
			return SCRIPT_NONE;
		if (!option.value)
			option.value = ++i < argc ? argv[i] : NULL;
		if (option.meaning == MEANS_FILE)
			return given(SCRIPT_ARGUMENT, option.value, input);
		if (option.meaning == MEANS_MODULE)
			return given(SCRIPT_MODULE, option.value, input);
	}
	if (from_input || (i >= argc && !interpreter->no_operand))
		return SCRIPT_INPUT;
	return interpreter->no_operand || i >= argc ? SCRIPT_NONE : given(SCRIPT_ARGUMENT, argv[i], input);
}

enum script_source interpreter_input(const struct event *exec, struct interpreter_input *ret_input)
{
	size_t first;
	const struct interpreter *interpreter = interpreter_of(exec, &first);

	*ret_input = (struct interpreter_input){ 0 };
	if (!interpreter)
		return SCRIPT_NONE;
	ret_input->shell = interpreter->shell;
	ret_input->language = program_name(exec->path);
	if (exec->exec.argc <= first)
		return interpreter->no_operand ? SCRIPT_NONE : SCRIPT_INPUT;
	return source_of(interpreter, exec->exec.argv + first, exec->exec.argc - first, ret_input);
}

/* Python's own sys.path, as Debian, Alpine and Fedora build it (sys.path, "python -m site"): %s is "python3.11". */
static const char *const module_places[] = {
	"",
	"/usr/local/lib/%s/",
	"/usr/lib/%s/",
	"/usr/lib64/%s/",
	"/usr/local/lib/%s/site-packages/",
	"/usr/local/lib/%s/dist-packages/",
	"/usr/lib/%s/site-packages/",
	"/usr/lib64/%s/site-packages/",
	"/usr/lib/python3/dist-packages/",
};

static const char *const module_files[] = { "/__main__.py", ".py" };

bool interpreter_module_place(const struct interpreter_input *input, size_t number, char *ret_path, size_t size)
{
	size_t place = number / ARRAY_SIZE(module_files);
	const char *format, *hole;
	int length;

	if (place >= ARRAY_SIZE(module_places) || !input->name || !input->language)
		return false;
	format = module_places[place];
	hole = strstr(format, "%s");
	length = snprintf(ret_path, size, "%.*s%s%s", hole ? (int)(hole - format) : (int)strlen(format), format,
			  hole ? input->language : "", hole ? hole + 2 : "");
	if (length < 0 || (size_t)length >= size)
		return false;
	for (const char *at = input->name; *at && (size_t)length + 1 < size; at++)
		ret_path[length++] = *at == '.' ? '/' : *at;
	return snprintf(ret_path + length, size - (size_t)length, "%s",
			module_files[number % ARRAY_SIZE(module_files)]) < (int)(size - (size_t)length);
}
