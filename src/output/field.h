/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a JSON object by their path, as interfaces.md names them: "process.user.id". */
#ifndef PLM_OUTPUT_FIELD_H
#define PLM_OUTPUT_FIELD_H

#include <jansson.h>

/* The value, which is the object's; NULL: there is none. */
const json_t *field_at(const json_t *object, const char *path);

/* The same where it is text; of a list of texts the first. */
const char *field_text(const json_t *object, const char *path);

#endif
