/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Python's installers leave of a package, as text: *.dist-info with METADATA and RECORD (packaging.python.org, "Core
 * metadata specifications" and "Recording installed projects"), *.egg-info as a file or a directory, *.egg/EGG-INFO
 * (setuptools, "The Internal Structure of Python Eggs"). What is damaged goes to lines_bad; texts are changed, and must
 * outlive what is given of them.
 */
#ifndef PLM_INVENTORY_PYTHON_H
#define PLM_INVENTORY_PYTHON_H

#include "inventory/lines.h"

#define PYTHON_METADATA_MAX (4u << 20)
#define PYTHON_RECORD_MAX   (32u << 20)
#define PYTHON_FILES_MAX    (1u << 18) /* lines of a package's list; one beyond is bad, and ends it */
#define PYTHON_LICENSE_MAX  1024       /* bytes of classifiers, with the NUL; further ones are left out */

/* NULL where the text has none. */
struct python_metadata {
	const char *name, *version;
	const char *license; /* License-Expression, else License unless that is a whole text, else its classifiers */
	char classifiers[PYTHON_LICENSE_MAX];
};

/* The head of a METADATA or PKG-INFO: fields as in RFC 822, up to the first empty line. */
void python_metadata(struct lines *lines, struct python_metadata *ret_metadata);

/*
 * Each file of a list, as it stands there, until `call` gives something else than 0 or -EINVAL, which says that it is no
 * path; 0 or that answer. `digest` is NONE where the list gives none, or one of another kind. A RECORD has comma-separated
 * lines, quoted where they must be (a name with an end of line in it is damage); a list of installed files has a name a line.
 */
typedef int python_file_call(const char *file, const struct digest *digest, void *data);
int python_record(struct lines *lines, python_file_call *call, void *data);
int python_installed(struct lines *lines, python_file_call *call, void *data);

/* The path that a file of a list means to `base`, a clean directory ("../../../bin/x" in "/usr/lib/python3/site-packages"),
 * without "." and ".."; what leads above "/" is refused, and "/" itself. 0 or -EINVAL. */
int python_path(const char *base, const char *file, char ret_path[static PATH_MAX]);

#endif
