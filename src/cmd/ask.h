/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that ask the running agent say when it did not answer. */
#ifndef PLM_CMD_ASK_H
#define PLM_CMD_ASK_H

/* Says in one line, for a person, what an error of control_ask or control_begin means to this command. EXIT_RUNTIME. */
int ask_failed(int error, const char *command, const char *runtime_dir);

#endif
