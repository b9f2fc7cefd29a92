/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets on a command line, blanked before anything is stored or sent. A detector quotes arguments in its
 * message, so it too must be given the blanked ones.
 *
 * A pattern is a glob (`*`, `?`; letters match in either case) over an argument, or over a word of a
 * command line inside an argument (`sh -c "..."`; quoted words within are looked into as well):
 *
 *	--password=*    --password=secret -> --password=***
 *	*TOKEN=*        API_TOKEN=abc     -> API_TOKEN=***
 *	hunter2         hunter2           -> ***              (no `*` at the end: the whole word)
 *
 * A pattern that ends in `=*` also blanks the argument behind an option without `=`: `--password secret`.
 * Built in: the password in a URL (scheme, user, password, host), wherever it stands.
 */
#ifndef PLM_OUTPUT_REDACT_H
#define PLM_OUTPUT_REDACT_H

#include <stddef.h>

#include "base/cleanup.h"

struct redact;

/*
 * The patterns are copied; the one of a URL with a password is passed over, for it is built in. 0 or -ENOMEM.
 * With count 0 only what is built in applies.
 */
int redact_new(const char *const *patterns, size_t count, struct redact **ret_redact);
void redact_free(struct redact *redact); /* takes NULL */
DEFINE_CLEANUP(struct redact *, redact_free)

/*
 * 1: something was blanked; *ret_argv is a new list of argc strings and a NULL, one block, to be freed with
 * free(). 0: there was nothing to blank; argv may be shown as it is, and *ret_argv is NULL. -ENOMEM,
 * -EMSGSIZE (the result is above 1 MiB): argv must not be shown.
 */
int redact_args(const struct redact *redact, const char *const *argv, size_t argc, char ***ret_argv);

#endif
