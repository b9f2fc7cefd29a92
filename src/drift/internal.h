/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of drift_find. Nobody else includes it. */
#ifndef PLM_DRIFT_INTERNAL_H
#define PLM_DRIFT_INTERNAL_H

#include "drift/drift.h"

/* Every file's .digest and .expected, and .unhashed. Leaves the files in another order. */
void drift_digests(const struct rootfs *rootfs, const struct drift_options *options, struct drift *drift);

/* The inventories and how they differ; what cannot be read is said in .unread. 0 or -ENOMEM. */
int drift_packages(const struct target *target, const struct drift_options *options, struct drift *drift);

/* Every file's .package, or how many files of packages lay in what is gone. */
void drift_owners(struct drift *drift);

/* The answer of an agent to "writers ID": {"writers": [{"inode", "device", "pid", "executable", "session", "time"}]}. What is
 * not like that tells nothing. */
void drift_writers(struct drift *drift, const char *answer);

#endif
