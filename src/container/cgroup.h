/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the name of a cgroup says. Pure: a path in a hierarchy in (v2's, or one of v1, which have the same names), a
 * guess out. It is only a guess: a service can carry any name, and a runtime can be told to use any. The sources
 * (runtime.h) know; this saves asking them where the answer is plain, and tells them whom to look for.
 */
#ifndef PLM_CONTAINER_CGROUP_H
#define PLM_CONTAINER_CGROUP_H

#include <stddef.h>

enum cgroup_verdict {
	CGROUP_OTHER,     /* of systemd, a user, a pod as a whole, a runtime's own folder: not a container */
	CGROUP_PERHAPS,   /* a name that says nothing: only a source can tell */
	CGROUP_CONTAINER, /* named as a runtime names its containers */
};

#define CGROUP_ID_MAX 256 /* with its NUL; a cgroup's name is NAME_MAX (255) bytes at most */

struct cgroup_guess {
	enum cgroup_verdict verdict;
	char id[CGROUP_ID_MAX]; /* for PERHAPS the last component, or the 64 hex digits in it; "" for OTHER */
	const char *runtime;    /* static; NULL where the name does not tell */
	size_t root_length;     /* bytes of the path that are the container's root cgroup; less than all of it for
			       a cgroup below one. 0 for OTHER */
};

/*
 * "/docker/<64 hex>/init" is of container <64 hex>, root_length 72. Of nested containers the outermost
 * counts: what runs inside it is its own business. A path that is not absolute, or has a component above
 * NAME_MAX, is OTHER; ".." is passed over, which /proc shows from inside a cgroup namespace.
 */
struct cgroup_guess cgroup_classify(const char *path);

#endif
