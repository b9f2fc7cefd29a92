/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLM_BASE_THREAD_H
#define PLM_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Begins a thread with a stack of so many bytes (PTHREAD_STACK_MIN at least), that takes no signals: they are the main
 * thread's. 0, or the negative errno of pthread_create(3); *ret_thread is to be joined. */
int thread_start(pthread_t *ret_thread, size_t stack, void *(*run)(void *data), void *data);

#endif
