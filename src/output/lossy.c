// SPDX-License-Identifier: Apache-2.0
#include "output/lossy.h"

#include <string.h>

#include "output/buffer.h"
#include "output/escape.h"

json_t *json_lossy(const char *text)
{
	_cleanup_buffer_ struct buffer whole = { .limit = 0 };
	size_t left = strlen(text), size;
	json_t *plain = json_stringn(text, left);
	uint32_t code;

	if (plain)
		return plain;
	for (; left > 0; text += size ?: 1, left -= size ?: 1) {
		size = utf8_decode(text, left, &code);
		buffer_append(&whole, size ? text : "\xef\xbf\xbd", size ?: 3);
	}
	return whole.error ? NULL : json_stringn(whole.data, whole.size);
}
