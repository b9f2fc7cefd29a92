/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subjects: what repeats are folded by, with container and rule. A subject is compared whole, so two that
 * differ must not become alike by being cut.
 */
#ifndef PLM_DETECT_SUBJECT_H
#define PLM_DETECT_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits that tell texts apart; not for use against someone who looks for two that collide. */
uint64_t subject_hash(const char *text);

/* Continues a hash over one more text; begin with 0. The NUL counts, so {"a", "b"} is not {"ab"}. */
uint64_t subject_hash_more(uint64_t hash, const char *text);

/* Formats a subject of at most `size` bytes with its NUL. One too long keeps its beginning and ends in "~"
 * and the hash of the whole. Returns nothing: it cannot fail. */
void subject_format(char *ret_subject, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
