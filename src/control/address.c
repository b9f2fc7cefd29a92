/* SPDX-License-Identifier: Apache-2.0 */
#include "control/address.h"

#include <stdio.h>
#include <sys/socket.h>

struct sockaddr_un control_address(int dir_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dir_fd);
	return address;
}
