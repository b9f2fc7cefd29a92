/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the kernel programs (bpf/) and the agent (src/): every record that crosses the ring
 * buffers, and the values of the maps that both sides touch. Nothing else is shared, and nobody redeclares any
 * of it.
 *
 * Rules of this page:
 *  - fixed-width types, natural alignment, padding written out by name (the build fails on a hole);
 *  - a record begins with struct plm_head; kind 0 is invalid;
 *  - text lies behind the fixed part and is reached by struct plm_str, an (offset, length) pair from the
 *    record's first byte; length 0 is "absent", and then the offset means nothing;
 *  - a field that the kernel side could not read is 0, and the record carries PLM_MISSING;
 *  - the agent treats every record as hostile until src/decode/ has checked it.
 *
 * Paths are written leaf first, one NUL behind each component, as the walk from a dentry to the top of the
 * mount tree finds them: "/usr/bin/id" is "id\0bin\0usr\0" (length 11), and "/" is "/\0" (length 2), the one
 * component that can hold a slash. A path with more components or bytes than fit keeps its leaf end and sets
 * its PLM_CUT_* bit.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME. uids and gids are the kernel's (of the initial user namespace).
 * Devices are (major << 20 | minor), as the kernel keeps them inside; inodes are what stat shows unless the
 * comment says otherwise.
 */
#ifndef PLIMSOLL_EVENT_H
#define PLIMSOLL_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define PLM_RECORD_VERSION 2     /* older records: record/older.h */
#define PLM_TEXT_MAX       32768 /* bytes of text in one record */
#define PLM_ARGS_MAX       8192
#define PLM_PATH_MAX       4096
#define PLM_COMPONENTS     2048 /* of one letter each fill PLM_PATH_MAX */
#define PLM_ANCESTORS      8
#define PLM_RECORD_MAX     (PLM_TEXT_MAX + 1024)

enum plm_kind {
	PLM_INVALID = 0,
	PLM_BIRTH,    /* struct plm_birth: a cgroup was made, or, with PLM_GONE, removed */
	PLM_START,    /* struct plm_start: the first exec of a container's own; its root mount is known from here */
	PLM_EXEC,     /* struct plm_exec */
	PLM_TASK,     /* struct plm_exec: a process that was there when the agent came; args are left to /proc */
	PLM_CHANGE,   /* struct plm_change */
	PLM_IDENTITY, /* struct plm_identity */
	PLM_MAPPING,  /* struct plm_mapping */
	PLM_LEAVE,    /* struct plm_leave: a container moved a task of its own to a cgroup outside, or made it there */
	PLM_BLIND,    /* struct plm_blind: something began that the hooks in force cannot follow */
	PLM_KINDS,
};

/* Which hook told it; interfaces.md's plimsoll.backend. */
enum plm_backend {
	PLM_BACKEND_TRACEPOINT = 1,
	PLM_BACKEND_LSM,
	PLM_BACKEND_FENTRY,
	PLM_BACKEND_ITERATOR,
	PLM_BACKEND_DISK, /* no hook: the agent found it by looking (never in a record) */
};

/* plm_head.flags */
#define PLM_MISSING   (1u << 0) /* something could not be read; the field is 0 or absent */
#define PLM_CUT_PATH  (1u << 1) /* path or base */
#define PLM_CUT_FROM  (1u << 2) /* from or from_base */
#define PLM_CUT_CWD   (1u << 3)
#define PLM_CUT_ARGS  (1u << 4)
#define PLM_CUT_NAME  (1u << 5)
#define PLM_CANDIDATE (1u << 6) /* the agent has not yet confirmed that the cgroup is a container's */
#define PLM_CUT_INPUT (1u << 7)

struct plm_str {
	__u32 offset;
	__u32 length;
};

struct plm_head {
	__u16 kind;      /* enum plm_kind */
	__u16 backend;   /* enum plm_backend */
	__u32 size;      /* of the whole record, text included */
	__u64 time;      /* the moment in the kernel */
	__u64 cgroup;    /* id of the task's cgroup, in the hierarchy that counts (v2, or the chosen v1 one) */
	__u64 container; /* cgroup id of the container's root cgroup; 0 outside any container */
	__u32 flags;
	__u32 repeats; /* like events that the kernel side folded into this one since the last it sent */
};

struct plm_creds {
	__u32 uid, gid;
	__u32 euid, egid;
	__u32 suid, sgid;
	__u32 fsuid, fsgid;
	__u64 cap_effective;
	__u64 cap_permitted;
	__u64 cap_inheritable;
	__u64 cap_ambient;
	__u32 userns;       /* inode number of the user namespace */
	__u32 userns_level; /* 0: the initial one */
};

/* Why a process has effective uid 0; kept by task from fork to fork. interfaces.md's plimsoll.cause. */
enum plm_cause {
	PLM_CAUSE_NONE = 0, /* not root */
	PLM_CAUSE_IMAGE,    /* the entry point was started so */
	PLM_CAUSE_SESSION,  /* an exec session was started so */
	PLM_CAUSE_SETUID_FILE,
	PLM_CAUSE_FILE_CAPABILITY,
	PLM_CAUSE_SETUID_CALL,
	PLM_CAUSE_USER_NAMESPACE,
	PLM_CAUSE_UNEXPLAINED,
	PLM_CAUSES,
};

/* plm_task.flags */
#define PLM_TASK_NS_ROOT (1u << 0) /* euid is what 0 maps to in its own user namespace */
#define PLM_TASK_CHROOT  (1u << 1) /* the task's root is not the top of its mount tree: plm_exec.root has it */
#define PLM_TASK_RUNTIME (1u << 2) /* a runtime's process inside the container, before its exec */

struct plm_task {
	__u64 start; /* of the process (its leader) */
	__u64 parent_start;
	__u64 session; /* 0: descends from the entry point; else the start time of the session's first task */
	__u32 pid;     /* the process's, as the host sees it (tgid) */
	__u32 tid;
	__u32 vpid; /* as its innermost pid namespace sees it */
	__u32 parent_pid;
	struct plm_creds creds;
	__u32 cause; /* enum plm_cause */
	__u32 flags;
	__u32 tty;    /* device number of the controlling terminal, 0 without one */
	__u32 mnt_ns; /* inode number */
	char comm[16];
};

/*
 * Where a file is. IMAGE and UPPER only on the superblock of the container's root mount; an overlay mounted
 * inside the container is a VOLUME. A root that is no overlay is a directory: what lies below it is PLAIN, and what
 * else is mounted from the same file system a VOLUME. MEMORY: memfd or tmpfs. A file that has no name left keeps the layer of its
 * file system and has PLM_FILE_UNLINKED.
 */
enum plm_layer {
	PLM_LAYER_UNKNOWN = 0,
	PLM_LAYER_IMAGE,
	PLM_LAYER_UPPER,
	PLM_LAYER_MEMORY,
	PLM_LAYER_VOLUME,
	PLM_LAYER_OTHER_ROOT, /* the root overlay of another container */
	PLM_LAYER_CONTROL,    /* proc, sysfs, cgroup, debugfs, ...: kernel control files */
	PLM_LAYER_PLAIN,      /* the container's root, which is no overlay: what is the image's it does not tell */
	PLM_LAYERS,
};

/* plm_file.flags */
#define PLM_FILE_UNLINKED  (1u << 0)
#define PLM_FILE_READ_ONLY (1u << 1) /* the mount or its superblock is read-only */
#define PLM_FILE_MEMFD     (1u << 2) /* on the kernel's internal mount: memfd, SysV shared memory */
#define PLM_FILE_CHANGED   (1u << 3) /* of layer PLAIN: changed, or made, since the container began (change time) */

struct plm_file {
	__u64 inode;
	__u64 size;
	__u64 ctime; /* nanoseconds since the epoch: the file system's clock */
	__u64 mtime;
	__u64 upper_inode; /* of the upper layer's file system; 0 where layer is not UPPER */
	__u32 device;
	__u32 upper_device;
	__u32 generation; /* of the upper inode where there is one, else of the inode */
	__u32 mode;       /* type and permissions, as stat */
	__u32 uid, gid;
	__u32 nlink;
	__u32 magic; /* of the file system, as statfs */
	__u32 layer; /* enum plm_layer */
	__u32 flags;
};

#define PLM_GONE (1u << 31) /* plm_head.flags of PLM_BIRTH: the cgroup was removed */

struct plm_birth {
	struct plm_head head;
	__u64 parent;        /* cgroup id */
	struct plm_str path; /* in the hierarchy, plain, root first, with one NUL: "/docker/0123...\0" */
};

/*
 * plm_start.flags. SANDBOX: where the container's own program would begin, behind the pivot, the runtime ran one of the
 * host's that needs nothing of the container: a kernel of its own (gVisor), into which nobody sees. All else but the task
 * is 0 then, and nothing more is told of this container unless a second START comes without the flag.
 */
#define PLM_START_SANDBOX (1u << 0)

/*
 * The container's own root mount, as the kernel sees it at the first exec of the container's own. upper is the
 * path of the upper directory inside the file system that holds it, upper_device that file system; where the root is
 * no overlay, they are the root directory's own.
 */
struct plm_start {
	struct plm_head head;
	struct plm_task task;
	__u32 root_device; /* of the root mount's superblock */
	__u32 root_magic;
	__u32 upper_device;
	__u32 flags;          /* PLM_START_* */
	__u64 upper_inode;    /* of the upper directory */
	struct plm_str upper; /* path, leaf first; absent where an overlay has none */
};

struct plm_ancestor {
	__u64 start;
	__u32 pid;
	__u32 pad;
};

/* plm_exec.flags */
#define PLM_EXEC_ENTRY   (1u << 0) /* the container's entry point */
#define PLM_EXEC_SESSION (1u << 1) /* the first exec of a process that came in from outside */
#define PLM_EXEC_SCRIPT  (1u << 2) /* an interpreter runs it: file and path are the interpreter's */
#define PLM_EXEC_SECURE  (1u << 3) /* AT_SECURE: ids or capabilities came with the file */
#define PLM_EXEC_OUTSIDE (1u << 4) /* ran outside any container, from the root of head.container */

struct plm_exec {
	struct plm_head head;
	struct plm_task task;
	struct plm_creds before;
	__u32 before_cause; /* enum plm_cause */
	__u32 flags;
	struct plm_file file;   /* what the kernel mapped as the program */
	struct plm_file script; /* with PLM_EXEC_SCRIPT, where the back end saw the script's own file; else 0 */
	struct plm_ancestor ancestors[PLM_ANCESTORS]; /* from the parent up; pid 0 ends the list */
	__u32 stdin_mode;                             /* type and permissions of descriptor 0's file, 0 without one */
	__u32 pad;
	struct plm_str path;        /* of file */
	struct plm_str script_path; /* of script, leaf first */
	struct plm_str name;        /* plain: what was handed to execve, or "/dev/fd/N/..." for execveat */
	struct plm_str args;        /* plain: each with its NUL */
	struct plm_str cwd;
	struct plm_str root; /* with PLM_TASK_CHROOT */
	/* Since version 2, and of PLM_EXEC alone: the regular file that the program is given as descriptor 0, to be read;
	 * all 0 where that is none. */
	struct plm_file input;
	struct plm_str input_path; /* of input, leaf first */
};

enum plm_op {
	PLM_OP_NONE = 0,
	PLM_OP_OPEN_WRITE, /* opened for writing: not yet a change */
	PLM_OP_CREATE,
	PLM_OP_TMPFILE,
	PLM_OP_MODIFY, /* content, of a file that was there */
	PLM_OP_TRUNCATE,
	PLM_OP_FALLOCATE,
	PLM_OP_RENAME,
	PLM_OP_EXCHANGE,
	PLM_OP_UNLINK,
	PLM_OP_RMDIR,
	PLM_OP_MKDIR,
	PLM_OP_LINK,
	PLM_OP_SYMLINK,
	PLM_OP_MKNOD,
	PLM_OP_CHMOD,
	PLM_OP_CHOWN,
	PLM_OP_SETXATTR,
	PLM_OP_REMOVEXATTR,
	PLM_OP_UTIMES,
	PLM_OP_MOUNT,
	PLM_OPS,
};

/* plm_change.flags */
#define PLM_CHANGE_HINT     (1u << 0) /* only names from the caller's memory: to be confirmed on disk */
#define PLM_CHANGE_NOFOLLOW (1u << 1) /* a symbolic link at the end of the name is itself the object */

/*
 * A change is told in one of two forms.
 *  - By file (no PLM_CHANGE_HINT): `file` is filled and `path` is its path, leaf first.
 *  - By name (PLM_CHANGE_HINT): `base` is the directory that `name` starts from (leaf first; absent where the
 *    name begins with "/", and then root, if present, is where that "/" is) and `name` is plain, as in the
 *    caller's memory. With two names (rename, link) `from_base` and `from_name` are the old one.
 */
struct plm_change {
	struct plm_head head;
	struct plm_task task;
	struct plm_file file;
	__u32 op; /* enum plm_op */
	__u32 flags;
	__u64 value; /* of the call: mode, uid | gid << 32, open flags, or device, by op */
	struct plm_str path;
	struct plm_str base;
	struct plm_str name;
	struct plm_str from_base;
	struct plm_str from_name; /* symlink: its target */
	struct plm_str attribute; /* plain: the extended attribute's name */
	struct plm_str root;      /* with PLM_TASK_CHROOT */
};

struct plm_identity {
	struct plm_head head;
	struct plm_task task; /* after */
	struct plm_creds before;
	__u32 before_cause;
	__u32 call; /* system call number, as the x86_64 table has it; 0: seen at another hook */
};

enum plm_mapping_how {
	PLM_MAP_MMAP = 1,
	PLM_MAP_MPROTECT,
	PLM_MAP_INTERPRETER, /* as the program's interpreter, at exec */
};

struct plm_mapping {
	struct plm_head head;
	struct plm_task task;
	struct plm_file file;
	__u64 address;
	__u32 how; /* enum plm_mapping_how */
	__u32 pad;
	struct plm_str path;
};

struct plm_leave {
	struct plm_head head; /* cgroup and container: those that it left */
	struct plm_task task;
	__u64 to;       /* cgroup id */
	__u64 by_start; /* the task that moved it */
	__u32 by_pid;
	__u32 pad;
	struct plm_str path; /* of the cgroup it went to: plain, root first; absent where it was born there (clone3) */
};

enum plm_blind_what {
	PLM_BLIND_IO_URING = 1, /* a ring was made: names that change through it are not seen */
};

struct plm_blind {
	struct plm_head head;
	struct plm_task task;
	__u32 what; /* enum plm_blind_what */
	__u32 pad;
};

/* ---- maps ---- */

enum plm_cgroup_state {
	PLM_CGROUP_CANDIDATE = 1, /* made a moment ago: may be a container's */
	PLM_CGROUP_CONTAINER,     /* the agent confirmed it, or it lies below one that it confirmed */
};

/* Value of map `cgroups`, by cgroup id. Made by the kernel side; state is the agent's to raise, the entry the
 * agent's to delete ("forget"). A task outside every entry is on the host. */
struct plm_cgroup {
	__u64 root;  /* key in map `containers` */
	__u32 state; /* enum plm_cgroup_state */
	__u32 pad;
};

enum plm_phase {
	PLM_PHASE_SETUP = 0, /* the runtime prepares it: nothing is the container's doing */
	PLM_PHASE_RUNNING,   /* since the first exec of the container's own */
};

/* Value of map `containers`, by the id of the root cgroup. */
struct plm_container {
	__u64 upper_root; /* kernel address of the dentry of the upper directory, or of a plain root's own: compared,
			   * never followed by the agent */
	__u64 since;      /* of a plain root: when the container began, ns since the epoch by the file systems' clock */
	__u64 seen;       /* records sent */
	__u64 folded;     /* like events folded in the kernel */
	__u64 events_bytes; /* sent into each ring since that was half full */
	__u64 urgent_bytes;
	__u32 phase; /* enum plm_phase */
	__u32 root_device;
	__u32 upper_device;
	__u32 children; /* cgroups below it that tasks have been in, against the quota */
	__u32 plain;    /* 1: its root is no overlay */
	__u32 sandbox;  /* 1: told as one (PLM_START_SANDBOX) */
};

/*
 * Key of map `known_files`: a file of a container's root whose executable mappings cost no event, unless plm_knobs.all
 * asks for them. Entered by the kernel side when it has told of a file of the image, by the agent when it has found that
 * one of the upper layer is still what the image holds. Nobody inside can set a change time: what is changed is looked
 * at anew.
 */
struct plm_known {
	__u64 container;
	__u64 inode; /* all that follow: of the upper layer where the file lies there, as in plm_file */
	__u64 ctime;
	__u32 device;
	__u32 generation;
};

enum plm_loss {
	PLM_LOSS_RING = 1, /* no room in the ring buffer */
	PLM_LOSS_BUDGET,   /* the container's share of it is spent */
	PLM_LOSS_SCRATCH,  /* no scratch memory on this CPU */
	PLM_LOSS_READ,     /* memory that could not be read: a record without that field */
	PLM_LOSS_MAP,      /* a kernel map is full */
	PLM_LOSS_QUOTA,    /* too many cgroups below one container */
	PLM_LOSSES,
};

/* Key of map `losses`; its value is a __u64 count. container 0: on the host, or not known. */
struct plm_loss_key {
	__u64 container;
	__u16 loss; /* enum plm_loss */
	__u16 kind; /* enum plm_kind of the record that was lost or harmed */
	__u32 pad;
};

/* Map `.rodata.knobs`: set between open and load, so that the verifier drops what is off. */
struct plm_knobs {
	__u64 host_root_inode; /* the host's root directory, as process 1 sees it */
	__u32 host_root_device;
	__u32 children;  /* quota of cgroups below one container */
	__u32 all;       /* 1: tell also what was opened for writing on the root and not changed, and every mapping */
	__u32 hierarchy; /* of cgroups, the one whose ids count; 0: v2 */
	__u32 subsystem; /* with one of v1: index of a controller mounted there (enum cgroup_subsys_id) */
	__u32 pad;
};

#define PLM_SCRATCH_DEPTH 2 /* one program, and one that comes in between on the same CPU (an interrupt's) */

/* Map `.data.counters`. */
struct plm_counters {
	__u64 losses_uncharged; /* losses that no container could be charged with: map `losses` is full */
	__u64 awake_until;      /* the agent's: it looks again by itself before that (CLOCK_BOOTTIME, ns) */
	__s64 clock_offset;     /* the agent's: what makes the file systems' clock of CLOCK_BOOTTIME, ns */
};

/* Value of map `tasks`, by tid: what a task was when last seen, so that "before" is known. Kernel side only. */
struct plm_task_state {
	__u64 start; /* of the thread */
	__u64 root;  /* container */
	__u64 session;
	__u32 cause;
	__u32 flags; /* PLM_TASK_RUNTIME */
	struct plm_creds creds;
};

#endif
