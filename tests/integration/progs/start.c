/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program without a C library that ends well at once. Built as a program interpreter (interp), and as a program
 * that asks for that one at /opt/interp (needs-interp).
 */
void _start(void);

void _start(void)
{
	__asm__ volatile("syscall" : : "a"(60 /* exit */), "D"(0));
	__builtin_unreachable();
}
