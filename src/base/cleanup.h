/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locals that release themselves.
 *
 *	_cleanup_free_ char *line = NULL;
 *	_cleanup_close_ int fd = -EBADF;
 *
 * Every such local is initialised at its declaration. take_ptr() and take_fd() hand the value on: the local
 * is left empty, and the caller of the function that takes it owns it from there.
 */
#ifndef PLM_BASE_CLEANUP_H
#define PLM_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* DEFINE_CLEANUP(struct policy *, policy_free) gives policy_freep, for _cleanup_(policy_freep). */
#define DEFINE_CLEANUP(type, func)                                                                                     \
	static inline void func##p(type *p)                                                                            \
	{                                                                                                              \
		if (*p)                                                                                                \
			(void)func(*p);                                                                                \
	}

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)

#define _cleanup_free_     _cleanup_(cleanup_freep)
#define _cleanup_close_    _cleanup_(cleanup_closep)
#define _cleanup_fclose_   _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)

#define take_ptr(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) take_value_ = (p);                                                                       \
		(p) = NULL;                                                                                            \
		take_value_;                                                                                           \
	})

static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -EBADF;
	return value;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
