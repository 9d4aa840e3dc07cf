// Ways to programs, to other processes, and deep into the kernel.

#if defined(__linux__)

#define _GNU_SOURCE
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawned(pid_t pid) {
    if (pid < 0) return errno;
    if (pid == 0) _exit(0);
    waitpid(pid, NULL, 0);
    return 0;
}
static int by_fork(void) { return spawned(fork()); }
static int by_clone(void) { return spawned((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int by_clone3(void) {
    uint64_t arguments[8] = {0, 0, 0, 0, SIGCHLD, 0, 0, 0};
    return spawned((pid_t)syscall(435, arguments, sizeof arguments));
}
static int by_spawn(void) {
    char *arguments[] = {"true", NULL};
    pid_t pid = 0;
    int code = posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, NULL);
    if (code == 0) waitpid(pid, NULL, 0);
    return code;
}
static int by_exec(void) {
    char *arguments[] = {"true", NULL};
    execve("/bin/true", arguments, NULL);
    return errno;
}
static int exec_in_folder(void) {
    char *arguments[] = {"true", NULL};
    execve(IN("program"), arguments, NULL);
    return errno;
}
static int exec_memory(void) {
    char bytes[65536];
    char *arguments[] = {"true", NULL};
    int memory = memfd_create("door", MFD_CLOEXEC);
    if (memory < 0) return errno;
    ssize_t count;
    off_t offset = 0;
    while ((count = pread(at.program, bytes, sizeof bytes, offset)) > 0) {
        if (write(memory, bytes, (size_t)count) != count) return EIO;
        offset += count;
    }
    syscall(SYS_execveat, memory, "", arguments, NULL, AT_EMPTY_PATH);
    int code = errno;
    close(memory);
    return code;
}
static int by_ptrace(void) {
    if (ptrace(PTRACE_SEIZE, at.victim, NULL, NULL) != 0) return errno;
    ptrace(PTRACE_DETACH, at.victim, NULL, NULL);
    return 0;
}
static int read_process(void) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)&at, 1};
    int code = done(process_vm_readv(at.victim, &here, 1, &there, 1, 0));
    // The other process has nothing at this place; it was looked for.
    return code == EFAULT ? 0 : code;
}
static int signal_process(void) { return done(kill(at.victim, 0)); }
static int signal_group(void) { return done(kill(0, 0)); }
static int signal_thread(void) { return done(syscall(SYS_tgkill, at.victim, at.victim, 0)); }
static int signal_queue(void) {
    union sigval value = {.sival_int = 0};
    return done(sigqueue(at.victim, 0, value));
}
static int by_pidfd(void) { return closed(syscall(434, at.victim, 0)); }
static int limit_process(void) {
    struct rlimit limit;
    return done(prlimit(at.victim, RLIMIT_NOFILE, NULL, &limit));
}

static int renice_process(void) {
    // To what it is: nobody shall notice when it works.
    int priority = getpriority(PRIO_PROCESS, (id_t)at.victim);
    return done(setpriority(PRIO_PROCESS, (id_t)at.victim, priority));
}
static int tie_process(void) {
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) != 0) return errno;
    return done(sched_setaffinity(at.victim, sizeof processors, &processors));
}
static int signal_when_ready(void) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) return errno;
    int code = done(fcntl(pair[0], F_SETOWN, at.victim));
    close(pair[0]);
    close(pair[1]);
    return code;
}
static int notify_of_folder(void) { return done(fcntl(at.outside_folder, F_NOTIFY, DN_CREATE)); }

// MARK: Deep into the kernel

static int by_io_uring(void) {
    char parameters[120] = {0};
    return closed(syscall(425, 4, parameters));
}
static int by_bpf(void) {
    char attributes[128] = {0};
    uint32_t array[4] = {2, 4, 4, 1};
    memcpy(attributes, array, sizeof array);
    return closed(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}
static int by_userfaultfd(void) { return closed(syscall(SYS_userfaultfd, 1)); }
static int by_perf(void) {
    char attributes[128] = {0};
    uint32_t begin[2] = {1, 128};
    memcpy(attributes, begin, sizeof begin);
    return closed(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}
static int by_keyring(void) {
    return done(syscall(SYS_add_key, "user", "door", "open", 4, -3 /* the session's */));
}
static int by_personality(void) { return done(syscall(SYS_personality, 0xffffffff)); }
static int new_user(void) { return done(unshare(CLONE_NEWUSER)); }
static int new_mounts(void) { return done(unshare(CLONE_NEWNS)); }
static int mount_memory(void) { return done(mount("none", at.folder, "tmpfs", 0, NULL)); }
static int bind_outside(void) { return done(mount(at.outside, at.folder, NULL, MS_BIND, NULL)); }
static int copy_mounts(void) { return closed(syscall(428, AT_FDCWD, at.outside, 1)); }
static int open_filesystem(void) { return closed(syscall(430, "tmpfs", 0)); }
static int new_root(void) { return done(chroot(at.outside)); }
static int enter_namespace(void) {
    int descriptor = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int code = done(setns(descriptor, 0));
    close(descriptor);
    return code;
}

const struct door process_doors[] = {
    {"fork", by_fork, false},
    {"clone", by_clone, false},
    {"clone3", by_clone3, true},
    {"spawn a program", by_spawn, false},
    {"run a program", by_exec, false},
    {"run a program in the folder", exec_in_folder, true},
    {"run a program in memory", exec_memory, false},
    {"trace a process", by_ptrace, true},
    {"read a process", read_process, true},
    {"signal a process", signal_process, true},
    {"signal the group", signal_group, false},
    {"signal a thread", signal_thread, true},
    {"queue a signal", signal_queue, true},
    {"hold a process", by_pidfd, true},
    {"read a process's limits", limit_process, true},
    {"set a process's priority", renice_process, true},
    {"tie a process to processors", tie_process, true},
    {"have a process signalled", signal_when_ready, false},
    {"be signalled of a folder outside", notify_of_folder, true},
    {"io_uring", by_io_uring, true},
    {"bpf", by_bpf, true},
    {"userfaultfd", by_userfaultfd, true},
    {"perf", by_perf, true},
    {"add a key to the session", by_keyring, true},
    {"personality", by_personality, false},
    {"make a user namespace", new_user, true},
    {"make a mount namespace", new_mounts, true},
    {"mount memory", mount_memory, true},
    {"bind a folder", bind_outside, true},
    {"clone a mount", copy_mounts, true},
    {"open a file system", open_filesystem, true},
    {"change the root", new_root, true},
    {"enter a namespace", enter_namespace, true},
};
const size_t process_door_count = sizeof process_doors / sizeof process_doors[0];

#endif
