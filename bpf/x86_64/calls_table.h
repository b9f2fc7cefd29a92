/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rows for x86_64 (arch/x86/entry/syscalls/syscall_64.tbl) and for the 32-bit calls that it also has
 * (syscall_32.tbl). The x32 calls, where a kernel is built with them, carry bit 30 and share the first table's
 * numbers below 512.
 */
#define OPEN(dir, path, v, f, how) \
	{ .handler = HANDLER_OPEN, .dirfd = dir, .name = path, .value = v, .filter = f, .flags = how }
#define ON_FD(what, fd, v, v2) { .handler = HANDLER_FILE, .op = PLM_OP_##what, .dirfd = fd, .value = v, .value2 = v2 }
#define ON_NAME(what, dir, path, v, v2, at, f) \
	{ .handler = HANDLER_NAME, .op = PLM_OP_##what, .dirfd = dir, .name = path, .value = v, .value2 = v2, \
	  .at_flags = at, .flags = f }
#define TWO_NAMES(what, dir0, path0, dir, path, at, f) \
	{ .handler = HANDLER_NAME, .op = PLM_OP_##what, .from_dirfd = dir0, .from_name = path0, .dirfd = dir, \
	  .name = path, .at_flags = at, .flags = f }
#define XATTR(what, dir, path, at, attr, f) \
	{ .handler = HANDLER_NAME, .op = PLM_OP_##what, .dirfd = dir, .name = path, .at_flags = at, \
	  .attribute = attr, .flags = f }
#define XATTR_FD(what, fd, attr) { .handler = HANDLER_FILE, .op = PLM_OP_##what, .dirfd = fd, .attribute = attr }
#define IDENTITY { .handler = HANDLER_IDENTITY }
#define MAP_FD(f) { .handler = HANDLER_MAP, .filter = FILTER_EXEC_3, .flags = f }
#define PROTECT { .handler = HANDLER_PROTECT, .filter = FILTER_EXEC_3 }
#define BLIND(what) { .handler = HANDLER_BLIND, .op = what }
#define NOFOLLOW CALL_NOFOLLOW

const struct call calls[CALLS_MAX] = {
	[2] = OPEN(0, 1, 2, FILTER_WRITE_2, 0),           /* open */
	[9] = MAP_FD(0),                            /* mmap */
	[10] = PROTECT,                             /* mprotect */
	[76] = ON_NAME(TRUNCATE, 0, 1, 2, 0, 0, 0), /* truncate */
	[77] = ON_FD(TRUNCATE, 1, 2, 0),            /* ftruncate */
	[82] = TWO_NAMES(RENAME, 0, 1, 0, 2, 0, NOFOLLOW),
	[83] = ON_NAME(MKDIR, 0, 1, 2, 0, 0, NOFOLLOW),
	[84] = ON_NAME(RMDIR, 0, 1, 0, 0, 0, NOFOLLOW),
	[85] = OPEN(0, 1, 0, FILTER_NONE, CALL_CREAT), /* creat */
	[86] = TWO_NAMES(LINK, 0, 1, 0, 2, 0, NOFOLLOW),
	[87] = ON_NAME(UNLINK, 0, 1, 0, 0, 0, NOFOLLOW),
	[88] = TWO_NAMES(SYMLINK, 0, 1, 0, 2, 0, NOFOLLOW),
	[90] = ON_NAME(CHMOD, 0, 1, 2, 0, 0, 0),
	[91] = ON_FD(CHMOD, 1, 2, 0), /* fchmod */
	[92] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, 0),
	[93] = ON_FD(CHOWN, 1, 2, 3), /* fchown */
	[94] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, NOFOLLOW), /* lchown */
	[105] = IDENTITY, /* setuid */
	[106] = IDENTITY, /* setgid */
	[113] = IDENTITY, /* setreuid */
	[114] = IDENTITY, /* setregid */
	[117] = IDENTITY, /* setresuid */
	[119] = IDENTITY, /* setresgid */
	[122] = IDENTITY, /* setfsuid */
	[123] = IDENTITY, /* setfsgid */
	[126] = IDENTITY, /* capset */
	[132] = ON_NAME(UTIMES, 0, 1, 0, 0, 0, 0), /* utime */
	[133] = ON_NAME(MKNOD, 0, 1, 2, 3, 0, NOFOLLOW),
	[157] = IDENTITY, /* prctl: PR_CAP_AMBIENT */
	[165] = ON_NAME(MOUNT, 0, 2, 0, 0, 0, 0), /* mount */
	[188] = XATTR(SETXATTR, 0, 1, 0, 2, 0),
	[189] = XATTR(SETXATTR, 0, 1, 0, 2, NOFOLLOW), /* lsetxattr */
	[190] = XATTR_FD(SETXATTR, 1, 2),              /* fsetxattr */
	[197] = XATTR(REMOVEXATTR, 0, 1, 0, 2, 0),
	[198] = XATTR(REMOVEXATTR, 0, 1, 0, 2, NOFOLLOW),
	[199] = XATTR_FD(REMOVEXATTR, 1, 2),
	[235] = ON_NAME(UTIMES, 0, 1, 0, 0, 0, 0), /* utimes */
	[257] = OPEN(1, 2, 3, FILTER_WRITE_3, 0),        /* openat */
	[258] = ON_NAME(MKDIR, 1, 2, 3, 0, 0, NOFOLLOW),
	[259] = ON_NAME(MKNOD, 1, 2, 3, 4, 0, NOFOLLOW),
	[260] = ON_NAME(CHOWN, 1, 2, 3, 4, 5, 0), /* fchownat */
	[261] = ON_NAME(UTIMES, 1, 2, 0, 0, 0, 0), /* futimesat */
	[263] = ON_NAME(UNLINK, 1, 2, 0, 0, 3, NOFOLLOW),
	[264] = TWO_NAMES(RENAME, 1, 2, 3, 4, 0, NOFOLLOW),
	[265] = TWO_NAMES(LINK, 1, 2, 3, 4, 5, CALL_LINK_FLAGS),
	[266] = TWO_NAMES(SYMLINK, 0, 1, 2, 3, 0, NOFOLLOW),
	[268] = ON_NAME(CHMOD, 1, 2, 3, 0, 0, 0),  /* fchmodat */
	[272] = IDENTITY,                          /* unshare: CLONE_NEWUSER */
	[280] = ON_NAME(UTIMES, 1, 2, 0, 0, 4, 0), /* utimensat */
	[285] = ON_FD(FALLOCATE, 1, 4, 0),
	[304] = OPEN(0, 0, 3, FILTER_WRITE_3, 0), /* open_by_handle_at */
	[308] = IDENTITY,                   /* setns */
	[316] = TWO_NAMES(RENAME, 1, 2, 3, 4, 5, NOFOLLOW),
	[329] = PROTECT, /* pkey_mprotect */
	[425] = BLIND(PLM_BLIND_IO_URING),
	[429] = ON_NAME(MOUNT, 3, 4, 0, 0, 0, 0), /* move_mount */
	[437] = OPEN(1, 2, 3, FILTER_NONE, CALL_HOW),          /* openat2: its flags are in memory */
	[452] = ON_NAME(CHMOD, 1, 2, 3, 0, 4, 0), /* fchmodat2 */
	[463] = XATTR(SETXATTR, 1, 2, 3, 4, 0),   /* setxattrat */
	[466] = XATTR(REMOVEXATTR, 1, 2, 3, 4, 0),
};

const struct call calls_32[CALLS_MAX] = {
	[5] = OPEN(0, 1, 2, FILTER_WRITE_2, 0),
	[8] = OPEN(0, 1, 0, FILTER_NONE, CALL_CREAT), /* creat */
	[9] = TWO_NAMES(LINK, 0, 1, 0, 2, 0, NOFOLLOW),
	[10] = ON_NAME(UNLINK, 0, 1, 0, 0, 0, NOFOLLOW),
	[14] = ON_NAME(MKNOD, 0, 1, 2, 3, 0, NOFOLLOW),
	[15] = ON_NAME(CHMOD, 0, 1, 2, 0, 0, 0),
	[16] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, NOFOLLOW), /* lchown, 16-bit ids */
	[21] = ON_NAME(MOUNT, 0, 2, 0, 0, 0, 0),
	[23] = IDENTITY, /* setuid, 16-bit */
	[30] = ON_NAME(UTIMES, 0, 1, 0, 0, 0, 0),
	[38] = TWO_NAMES(RENAME, 0, 1, 0, 2, 0, NOFOLLOW),
	[39] = ON_NAME(MKDIR, 0, 1, 2, 0, 0, NOFOLLOW),
	[40] = ON_NAME(RMDIR, 0, 1, 0, 0, 0, NOFOLLOW),
	[46] = IDENTITY, /* setgid, 16-bit */
	[70] = IDENTITY, /* setreuid, 16-bit */
	[71] = IDENTITY, /* setregid, 16-bit */
	[83] = TWO_NAMES(SYMLINK, 0, 1, 0, 2, 0, NOFOLLOW),
	[90] = { .handler = HANDLER_MAP, .flags = CALL_OLD_MMAP },
	[92] = ON_NAME(TRUNCATE, 0, 1, 2, 0, 0, 0),
	[93] = ON_FD(TRUNCATE, 1, 2, 0),
	[94] = ON_FD(CHMOD, 1, 2, 0),
	[95] = ON_FD(CHOWN, 1, 2, 3), /* fchown, 16-bit */
	[125] = PROTECT,
	[138] = IDENTITY, /* setfsuid, 16-bit */
	[139] = IDENTITY, /* setfsgid, 16-bit */
	[164] = IDENTITY, /* setresuid, 16-bit */
	[170] = IDENTITY, /* setresgid, 16-bit */
	[172] = IDENTITY, /* prctl */
	[182] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, 0), /* chown, 16-bit */
	[185] = IDENTITY,                         /* capset */
	[192] = MAP_FD(0),                        /* mmap2 */
	[193] = ON_NAME(TRUNCATE, 0, 1, 2, 0, 0, 0), /* truncate64 */
	[194] = ON_FD(TRUNCATE, 1, 2, 0),            /* ftruncate64 */
	[198] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, NOFOLLOW),
	[203] = IDENTITY, /* setreuid */
	[204] = IDENTITY, /* setregid */
	[207] = ON_FD(CHOWN, 1, 2, 3),
	[208] = IDENTITY, /* setresuid */
	[210] = IDENTITY, /* setresgid */
	[212] = ON_NAME(CHOWN, 0, 1, 2, 3, 0, 0),
	[213] = IDENTITY, /* setuid */
	[214] = IDENTITY, /* setgid */
	[215] = IDENTITY, /* setfsuid */
	[216] = IDENTITY, /* setfsgid */
	[226] = XATTR(SETXATTR, 0, 1, 0, 2, 0),
	[227] = XATTR(SETXATTR, 0, 1, 0, 2, NOFOLLOW),
	[228] = XATTR_FD(SETXATTR, 1, 2),
	[235] = XATTR(REMOVEXATTR, 0, 1, 0, 2, 0),
	[236] = XATTR(REMOVEXATTR, 0, 1, 0, 2, NOFOLLOW),
	[237] = XATTR_FD(REMOVEXATTR, 1, 2),
	[271] = ON_NAME(UTIMES, 0, 1, 0, 0, 0, 0),
	[295] = OPEN(1, 2, 3, FILTER_WRITE_3, 0),
	[296] = ON_NAME(MKDIR, 1, 2, 3, 0, 0, NOFOLLOW),
	[297] = ON_NAME(MKNOD, 1, 2, 3, 4, 0, NOFOLLOW),
	[298] = ON_NAME(CHOWN, 1, 2, 3, 4, 5, 0),
	[299] = ON_NAME(UTIMES, 1, 2, 0, 0, 0, 0),
	[301] = ON_NAME(UNLINK, 1, 2, 0, 0, 3, NOFOLLOW),
	[302] = TWO_NAMES(RENAME, 1, 2, 3, 4, 0, NOFOLLOW),
	[303] = TWO_NAMES(LINK, 1, 2, 3, 4, 5, CALL_LINK_FLAGS),
	[304] = TWO_NAMES(SYMLINK, 0, 1, 2, 3, 0, NOFOLLOW),
	[306] = ON_NAME(CHMOD, 1, 2, 3, 0, 0, 0),
	[310] = IDENTITY, /* unshare */
	[320] = ON_NAME(UTIMES, 1, 2, 0, 0, 4, 0),
	[324] = ON_FD(FALLOCATE, 1, 4, 0),
	[342] = OPEN(0, 0, 3, FILTER_WRITE_3, 0), /* open_by_handle_at */
	[346] = IDENTITY,                   /* setns */
	[353] = TWO_NAMES(RENAME, 1, 2, 3, 4, 5, NOFOLLOW),
	[380] = PROTECT, /* pkey_mprotect */
	[412] = ON_NAME(UTIMES, 1, 2, 0, 0, 4, 0), /* utimensat_time64 */
	[425] = BLIND(PLM_BLIND_IO_URING),
	[429] = ON_NAME(MOUNT, 3, 4, 0, 0, 0, 0),
	[437] = OPEN(1, 2, 3, FILTER_NONE, CALL_HOW),
	[452] = ON_NAME(CHMOD, 1, 2, 3, 0, 4, 0),
	[463] = XATTR(SETXATTR, 1, 2, 3, 4, 0),
	[466] = XATTR(REMOVEXATTR, 1, 2, 3, 4, 0),
};
