/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside as a JSON string. */
#ifndef PLM_OUTPUT_LOSSY_H
#define PLM_OUTPUT_LOSSY_H

#include <jansson.h>

/* With U+FFFD for each byte that is no UTF-8, as an alert's line has it. The caller's reference; NULL when out of memory. */
json_t *json_lossy(const char *text);

#endif
