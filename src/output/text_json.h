/* SPDX-License-Identifier: Apache-2.0 */
/* From an alert's JSON back to what its text shows. */
#ifndef PLM_OUTPUT_TEXT_JSON_H
#define PLM_OUTPUT_TEXT_JSON_H

#include <jansson.h>

#include "output/text.h"

/* Strings are the object's. 0; -EBADMSG: it has no @timestamp, or no message, as an alert has them. */
int text_of_json(const json_t *object, struct text_alert *ret_text);

#endif
