/* SPDX-License-Identifier: Apache-2.0 */
/* The words that interfaces.md has for the values of a record. NULL for none, and for a value that has no word. */
#ifndef PLM_DECODE_NAMES_H
#define PLM_DECODE_NAMES_H

const char *backend_name(unsigned backend); /* enum plm_backend: "tracepoint" */
const char *layer_name(unsigned layer);     /* enum plm_layer: "upper" */
const char *cause_name(unsigned cause);     /* enum plm_cause: "setuid-file" */
const char *kind_name(unsigned kind);       /* enum plm_kind: "exec" */
const char *file_type_name(unsigned mode);  /* st_mode: "symlink" */

#endif
