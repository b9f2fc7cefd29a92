// SPDX-License-Identifier: Apache-2.0
#include "cmd/ask.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"

int ask_failed(int error, const char *command, const char *runtime_dir)
{
	if (error == -ECONNREFUSED)
		log_error("no agent runs on %s: start one with plimsoll run, or give its --runtime-dir", runtime_dir);
	else if (error == -EACCES)
		log_error("only root, and the group that the agent's configuration names, may ask the agent: try sudo "
			  "plimsoll %s",
			  command);
	else if (error == -EPROTO)
		log_error("the agent on %s closed without an answer: it ended, is another version, serves too many at "
			  "once, "
			  "or was busy for two minutes; try again",
			  runtime_dir);
	else if (error == -ETIMEDOUT)
		log_error("the agent on %s did not answer in two minutes: see whether it still runs, and try again",
			  runtime_dir);
	else
		log_error("the agent did not answer: %s", strerror(-error));
	return EXIT_RUNTIME;
}
