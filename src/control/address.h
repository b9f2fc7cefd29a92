/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's address: for the two sides of control.h. */
#ifndef PLM_CONTROL_ADDRESS_H
#define PLM_CONTROL_ADDRESS_H

#include <sys/un.h>

#define CONTROL_SOCKET "control.sock"
#define CONTROL_LOCK   "control.lock"

/* By way of an open directory, so that its path may be longer than an address (107 bytes). */
struct sockaddr_un control_address(int dir_fd);

#endif
