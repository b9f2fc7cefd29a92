/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an interpreter takes its program from, by its command line: from a file that it is named, a module, its standard
 * input, or the command line itself. Pure. Known are those of the table in interpreter.c, by the name of the executable or
 * the name it was called by (busybox too), and by their own manuals' options. Only which script is looked at follows from
 * a name; that it is drift follows from the script's content.
 */
#ifndef PLM_DETECT_INTERPRETER_H
#define PLM_DETECT_INTERPRETER_H

#include "decode/event.h"
#include "detect/detect.h"

struct interpreter_input {
	const char *name;     /* ARGUMENT: the script's, as it was given; MODULE: the module's ("http.server") */
	const char *language; /* MODULE: what its standard directories are called by: "python3.11" */
	bool shell;           /* the interpreter is a shell */
};

/*
 * ARGUMENT, MODULE or INPUT, and *ret_input; NONE where the program is no known interpreter, or has its text on the command
 * line (then only .shell is set). Strings are the event's.
 */
enum script_source interpreter_input(const struct event *exec, struct interpreter_input *ret_input);

/* The places where a module can be, in the interpreter's order, from 0: a path, absolute or from the working directory.
 * False: there are no more. Those that only the environment names (PYTHONPATH, a venv) are not among them. */
bool interpreter_module_place(const struct interpreter_input *input, size_t number, char *ret_path, size_t size);

#endif
