// Seccomp: calls that nothing here needs. It closes the doors that Landlock leaves open: other kinds of
// sockets, modes, owners, times and attributes of files, other processes, other programs.
//
// A list of what is refused, not of what is allowed: the calls of Swift's runtime change from one
// version to the next.

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#define _GNU_SOURCE
#include "csandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t value;
};

struct program {
    uint16_t count;
    struct instruction *code;
};

/// What the kernel shows to a filter.
struct call {
    int32_t number;
    uint32_t processor;
    uint64_t pointer;
    uint64_t arguments[6];
};

enum {
    load = 0x20,       // the accumulator becomes the word at an offset
    and_with = 0x54,   // keeps some bits of it
    if_equal = 0x15,
    if_at_least = 0x35,
    if_any_bit = 0x45,
    give = 0x06,       // ends with an answer
};

#define ALLOW 0x7fff0000u
#define REFUSE(code) (0x00050000u | (code))
/// Not done, and the caller is told that it was.
#define PRETEND REFUSE(0)

#if defined(__x86_64__)
#define PROCESSOR 0xc000003eu
/// From here on the numbers of another table, which would go around this one.
#define FOREIGN_NUMBERS 0x40000000u
#else
#define PROCESSOR 0xc00000b7u
#define FOREIGN_NUMBERS 0xffffffffu
#endif

enum { capacity = 512 };

static void add(struct program *p, uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
    if (p->count < capacity) p->code[p->count++] = (struct instruction){code, yes, no, value};
}

static void answer(struct program *p, uint32_t what) { add(p, give, what, 0, 0); }

static void load_argument(struct program *p, int index) {
    add(p, load, (uint32_t)(offsetof(struct call, arguments) + 8 * (size_t)index), 0, 0);
}

/// The accumulator holds the call's number here, and afterwards when it is another.
static void refuse(struct program *p, int number, uint32_t what) {
    add(p, if_equal, (uint32_t)number, 0, 1);
    answer(p, what);
}

/// What follows, up to `end`, is for this call alone. It may use the accumulator: it ends with an
/// answer.
static uint16_t begin(struct program *p, int number) {
    add(p, if_equal, (uint32_t)number, 0, 0);
    return (uint16_t)(p->count - 1);
}

static void end(struct program *p, uint16_t start) {
    answer(p, ALLOW);
    p->code[start].if_false = (uint8_t)(p->count - start - 1);
}

static void refuse_bits(struct program *p, int argument, uint32_t bits) {
    load_argument(p, argument);
    add(p, if_any_bit, bits, 0, 1);
    answer(p, REFUSE(EPERM));
}

static void refuse_unless(struct program *p, int argument, uint32_t value, uint32_t other) {
    load_argument(p, argument);
    add(p, if_equal, value, 2, 0);
    add(p, if_equal, other, 1, 0);
    answer(p, REFUSE(EPERM));
}

// New calls have numbers that are the same on all processors; headers may not have them yet.
enum {
    call_pidfd_send_signal = 424, call_io_uring_setup = 425, call_io_uring_enter = 426,
    call_io_uring_register = 427, call_open_tree = 428, call_move_mount = 429, call_fsopen = 430,
    call_fsconfig = 431, call_fsmount = 432, call_fspick = 433, call_pidfd_open = 434,
    call_clone3 = 435, call_openat2 = 437, call_pidfd_getfd = 438, call_process_madvise = 440,
    call_mount_setattr = 442, call_quotactl_fd = 443, call_process_mrelease = 448,
    call_fchmodat2 = 452, call_setxattrat = 463, call_removexattrat = 466, call_open_tree_attr = 467,
    call_file_setattr = 469,
};

/// Nothing that runs here calls these, whatever the arguments.
static const int never[] = {
    // Modes, owners, times and attributes of files; names of files that would be cut.
    SYS_fchmod, SYS_fchmodat, call_fchmodat2, SYS_fchown, SYS_fchownat, SYS_utimensat,
    SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, call_setxattrat,
    SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, call_removexattrat, call_file_setattr,
    SYS_truncate, SYS_mknodat,
    // Programs, and other processes.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, call_pidfd_send_signal, call_pidfd_open,
    call_pidfd_getfd, call_process_madvise, call_process_mrelease, SYS_migrate_pages,
    SYS_move_pages, SYS_perf_event_open, SYS_ioprio_set,
    // Ways around this filter, or deep into the kernel.
    call_io_uring_setup, call_io_uring_enter, call_io_uring_register, SYS_bpf, SYS_userfaultfd,
    SYS_open_by_handle_at, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_fanotify_init,
    SYS_inotify_init1, SYS_personality,
    // Mounts and namespaces.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, call_open_tree,
    call_move_mount, call_fsopen, call_fsconfig, call_fsmount, call_fspick, call_mount_setattr,
    call_open_tree_attr, SYS_swapon, SYS_swapoff, SYS_quotactl, call_quotactl_fd,
    // What is root's.
    SYS_reboot, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_acct,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname,
    SYS_setdomainname, SYS_syslog, SYS_vhangup,
    // Sockets that wait for others or have no port, and other ways to talk to processes.
    SYS_bind, SYS_socketpair, SYS_shmget, SYS_shmat, SYS_semget, SYS_msgget, SYS_msgsnd, SYS_msgrcv,
    SYS_mq_open, SYS_mq_unlink,
#if defined(__x86_64__)
    SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_mknod, SYS_fork,
    SYS_vfork, SYS_inotify_init, SYS_ioperm, SYS_iopl, SYS_modify_ldt, SYS_kexec_file_load,
#endif
};

/// Requests to a device or file that reach beyond it: typing for the user, flags of files.
static const uint32_t controls[] = {
    0x5412,      // TIOCSTI
    0x541c,      // TIOCLINUX
    0x40086602,  // FS_IOC_SETFLAGS
    0x40046602,  // FS_IOC32_SETFLAGS
    0x401c5820,  // FS_IOC_FSSETXATTR
    0x8901,      // FIOSETOWN
    0x8902,      // SIOCSPGRP
};

/// The same by fcntl: signals for others when a descriptor is ready, or a folder changes.
static const uint32_t owners[] = {
    8,     // F_SETOWN
    15,    // F_SETOWN_EX
    1026,  // F_NOTIFY
};

static void filter_sockets(struct program *p, const struct csandbox_rules *rules) {
    if (rules->port_count == 0) {
        refuse(p, SYS_socket, REFUSE(EPERM));
        refuse(p, SYS_connect, REFUSE(EPERM));
    } else {
        uint16_t start = begin(p, SYS_socket);
        enum { tcp = 6, kinds = 0xf };
        refuse_unless(p, 0, AF_INET, AF_INET6);
        // Not MPTCP, which older versions of Landlock do not see.
        refuse_unless(p, 2, 0, tcp);
        load_argument(p, 1);
        add(p, and_with, kinds, 0, 0);
        add(p, if_equal, SOCK_STREAM, 1, 0);
        answer(p, REFUSE(EPERM));
        end(p, start);
    }
    refuse(p, SYS_listen, rules->listens ? PRETEND : REFUSE(EPERM));
    // TCP fast open connects while it sends.
    const int senders[][2] = {{SYS_sendto, 3}, {SYS_sendmsg, 2}, {SYS_sendmmsg, 3}};
    for (int i = 0; i < 3; i++) {
        uint16_t start = begin(p, senders[i][0]);
        refuse_bits(p, senders[i][1], 0x20000000);  // MSG_FASTOPEN
        end(p, start);
    }
}

static void filter_processes(struct program *p) {
    enum { thread = 0x10000, namespaces = 0x7e020000 };
    uint16_t start = begin(p, SYS_clone);
    refuse_bits(p, 0, namespaces);
    load_argument(p, 0);
    add(p, if_any_bit, thread, 1, 0);
    answer(p, REFUSE(EPERM));
    end(p, start);
    // Its arguments cannot be seen; C libraries fall back to clone.
    refuse(p, call_clone3, REFUSE(ENOSYS));
    // Signals to itself, as abort and stopping at Ctrl-Z send them.
    const int signals[] = {SYS_kill, SYS_tgkill};
    for (int i = 0; i < 2; i++) {
        start = begin(p, signals[i]);
        refuse_unless(p, 0, (uint32_t)getpid(), (uint32_t)getpid());
        end(p, start);
    }
    // Limits, priorities and processors of its own, not of others.
    const int own[] = {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler,
                       SYS_sched_setparam, SYS_sched_setattr};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        start = begin(p, own[i]);
        refuse_unless(p, 0, 0, (uint32_t)getpid());
        end(p, start);
    }
    start = begin(p, SYS_setpriority);
    refuse_unless(p, 0, 0, 0);  // of one process,
    refuse_unless(p, 1, 0, 0);  // this one
    end(p, start);
}

/// Refuses some requests to a descriptor; they are the second argument.
static void filter_requests(
    struct program *p, int number, const uint32_t *requests, size_t count) {
    uint16_t start = begin(p, number);
    load_argument(p, 1);
    for (size_t i = 0; i < count; i++) refuse(p, (int)requests[i], REFUSE(EPERM));
    end(p, start);
}

/// Below version 3, Landlock lets files be cut that may only be read.
static void filter_truncation(struct program *p) {
    const uint32_t cutting = O_TRUNC;
    uint16_t start = begin(p, SYS_openat);
    refuse_bits(p, 2, cutting);
    end(p, start);
#if defined(__x86_64__)
    start = begin(p, SYS_open);
    refuse_bits(p, 1, cutting);
    end(p, start);
    refuse(p, SYS_creat, REFUSE(EPERM));
#endif
    refuse(p, call_openat2, REFUSE(ENOSYS));
}

int csandbox_restrict_calls(const struct csandbox_rules *rules, int version) {
    struct instruction code[capacity];
    struct program p = {0, code};
    add(&p, load, offsetof(struct call, processor), 0, 0);
    add(&p, if_equal, PROCESSOR, 1, 0);
    answer(&p, REFUSE(EPERM));
    add(&p, load, offsetof(struct call, number), 0, 0);
    add(&p, if_at_least, FOREIGN_NUMBERS, 0, 1);
    answer(&p, REFUSE(ENOSYS));
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        refuse(&p, never[i], REFUSE(EPERM));
    }
    filter_sockets(&p, rules);
    filter_processes(&p);
    filter_requests(&p, SYS_ioctl, controls, sizeof controls / sizeof controls[0]);
    filter_requests(&p, SYS_fcntl, owners, sizeof owners / sizeof owners[0]);
    if (version > 0 && version < 3) filter_truncation(&p);
    answer(&p, ALLOW);
    if (p.count >= capacity) return E2BIG;
    enum { set_filter = 1, all_threads = 1 };
    long result = syscall(SYS_seccomp, set_filter, all_threads, &p);
    return result == 0 ? 0 : result > 0 ? EBUSY : errno;
}

int csandbox_test_calls(void) {
    int descriptor = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    if (descriptor >= 0) close(descriptor);
    return descriptor < 0 && errno == EPERM ? 0 : EACCES;
}

#else

#include "csandbox.h"

#include <errno.h>

int csandbox_restrict_calls(const struct csandbox_rules *rules, int version) {
    (void)rules, (void)version;
    return ENOSYS;
}
int csandbox_test_calls(void) { return ENOSYS; }

#endif
