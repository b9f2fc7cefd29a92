// SPDX-License-Identifier: Apache-2.0
#include "ledger/evidence.h"

#include <string.h>

/* What is not here opens no violation. */
static const unsigned kinds[RULES] = {
	[RULE_DRIFT_EXEC_MEMORY] = EVIDENCE_PROCESS,
	[RULE_DRIFT_EXEC_FOREIGN] = EVIDENCE_PROCESS,
	[RULE_DRIFT_EXEC_MODIFIED] = EVIDENCE_PROCESS | EVIDENCE_FILE,
	[RULE_DRIFT_EXEC_NEW] = EVIDENCE_PROCESS | EVIDENCE_FILE,
	[RULE_DRIFT_LIBRARY] = EVIDENCE_PROCESS | EVIDENCE_FILE,
	[RULE_DRIFT_SCRIPT] = EVIDENCE_PROCESS | EVIDENCE_FILE,
	[RULE_DRIFT_PACKAGE] = EVIDENCE_PACKAGES,
	[RULE_MUTATION_OUTSIDE] = EVIDENCE_PROCESS,
	[RULE_MUTATION_FILE] = EVIDENCE_FILE,
	[RULE_ESCAPE_CGROUP] = EVIDENCE_PROCESS,
	[RULE_ESCAPE_EXEC] = EVIDENCE_PROCESS,
	[RULE_ROOT_ESCALATION] = EVIDENCE_PROCESS,
	[RULE_ROOT_EXEC] = EVIDENCE_PROCESS,
	[RULE_IMAGE_MODIFIED] = EVIDENCE_CONTAINER,
};

unsigned evidence_kinds(enum rule rule)
{
	return kinds[rule];
}

void evidence_add(struct evidence *evidence, const struct evidence_process *process)
{
	for (unsigned i = 0; i < evidence->process_count; i++)
		if (evidence->processes[i].pid == process->pid && evidence->processes[i].start == process->start)
			return;
	if (evidence->process_count == EVIDENCE_PROCESSES)
		memmove(&evidence->processes[0], &evidence->processes[1],
			--evidence->process_count * sizeof(evidence->processes[0]));
	evidence->processes[evidence->process_count++] = *process;
}
