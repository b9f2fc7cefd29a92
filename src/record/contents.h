/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording's event keeps of contents, packages and writers (format.h, struct recording_contents), to and fro. */
#ifndef PLM_RECORD_CONTENTS_H
#define PLM_RECORD_CONTENTS_H

#include "detect/detect.h"
#include "record/format.h"

/* Texts are the facts'; NULL where there is none. */
void contents_from_facts(const struct facts *facts, struct recording_contents *ret_contents,
			 const char *ret_texts[static CONTENTS_TEXTS]);

/* Into facts whose other fields are there; `writers` has room for two. False: no agent wrote that. */
bool contents_to_facts(const struct recording_contents *contents, const char *const texts[static CONTENTS_TEXTS],
		       struct writer writers[static 2], struct facts *facts);

#endif
