/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Python's installers leave of a package: *.dist-info with METADATA and RECORD (packaging.python.org, "Core metadata
 * specifications" and "Recording installed projects"), *.egg-info as a file or a directory, *.egg/EGG-INFO (setuptools).
 */
#ifndef PLM_INVENTORY_PYTHON_H
#define PLM_INVENTORY_PYTHON_H

#include "inventory/lines.h"

#define PYTHON_METADATA_MAX (4u << 20)
#define PYTHON_RECORD_MAX   (32u << 20)

/* Strings lie in the text. NULL where the text has none. */
struct python_metadata {
	const char *name, *version, *license;
};

/* The head of a METADATA or PKG-INFO (RFC 822 fields, up to the first empty line); the text is changed. */
void python_metadata(struct lines *lines, struct python_metadata *ret_metadata);

/*
 * Each file of a RECORD: comma-separated, quoted where it must be; `path` is the field as it stands. Until `call` gives
 * something else than 0. The text is changed.
 */
int python_record(struct lines *lines, int (*call)(const char *path, const struct digest *digest, void *data),
		  void *data);

/* The path that a field of a RECORD in `base` means ("../../../bin/x" from "/usr/lib/python3/site-packages"), without "." and
 * ".."; what leads above "/" is refused. 0 or -EINVAL. */
int python_path(const char *base, const char *field, char ret_path[static PATH_MAX]);

#endif
