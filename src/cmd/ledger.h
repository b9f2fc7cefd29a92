/* SPDX-License-Identifier: Apache-2.0 */
/* How commands ask something of the ledger (ledger/request.h): of the agent, or of the ledger itself where none runs. */
#ifndef PLM_CMD_LEDGER_H
#define PLM_CMD_LEDGER_H

#include <jansson.h>

struct ledger_asking {
	const char *state_dir, *runtime_dir;
	const char
		*config; /* for the policy's bounds, where no agent runs; NULL: the default file, where it is there */
};

/* 0: *ret_answer is the caller's reference, and no refusal. Otherwise an exit status, and one line said why. Takes the request. */
int ledger_ask(const struct ledger_asking *asking, json_t *request, json_t **ret_answer);

#endif
