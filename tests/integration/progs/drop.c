/* SPDX-License-Identifier: Apache-2.0 */
/* A shared library that needs nothing and says nothing: it is only mapped. */
int drop(void);

int drop(void)
{
	return 1;
}
