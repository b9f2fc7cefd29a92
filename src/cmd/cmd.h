/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands: each takes its own argv, argv[0] being its name, and returns the exit status. */
#ifndef PLM_CMD_CMD_H
#define PLM_CMD_CMD_H

/* interfaces.md, "Exit status" */
enum { EXIT_FINE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_RUNTIME = 3 };

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_inventory(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_replay(int argc, char **argv);
#define CONFIG_DEFAULT "/etc/plimsoll/plimsoll.yaml"

int cmd_waive(int argc, char **argv);
int cmd_tail(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_drift(int argc, char **argv);
int cmd_compliance(int argc, char **argv);

#endif
