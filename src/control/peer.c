// SPDX-License-Identifier: Apache-2.0
/* Who is at the other end, as the kernel knows it since the connection was made. */
#include <sys/socket.h>

#include "base/cleanup.h"
#include "control/internal.h"

/* Is it one of the groups beside the first? */
static bool peer_in_group(int fd, gid_t group)
{
	_cleanup_free_ gid_t *groups = NULL;
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool peer_may(int fd, gid_t group, uid_t *ret_uid)
{
	struct ucred peer = { .uid = CONTROL_NOBODY };
	socklen_t size = sizeof(peer);

	*ret_uid = CONTROL_NOBODY;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof(peer))
		return false;
	*ret_uid = peer.uid;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return group && (peer.gid == group || peer_in_group(fd, group));
}
