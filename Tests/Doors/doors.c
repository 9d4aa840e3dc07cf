#if defined(__linux__)

#define _GNU_SOURCE
#include "doors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct {
    char outside[4096], folder[4096], share[4096];
    int outside_folder, outside_file, share_file, program;
    uint16_t port;
    pid_t victim;
} at;

// MARK: What is there before

static const char *in(const char *folder, const char *name) {
    static _Thread_local char paths[2][8192];
    static _Thread_local int next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}
#define OUT(name) in(at.outside, name)
#define IN(name) in(at.folder, name)
#define SHARE(name) in(at.share, name)

static int put(const char *path, mode_t mode) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (descriptor < 0) return errno;
    ssize_t count = write(descriptor, "secret\n", 7);
    close(descriptor);
    return count == 7 ? 0 : EIO;
}

static int listen_tcp(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int queue = 16;
    if (bind(descriptor, (struct sockaddr *)&address, size) != 0) return errno;
    setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue);
    if (listen(descriptor, 64) != 0) return errno;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) return errno;
    at.port = ntohs(address.sin_port);
    return 0;
}

static socklen_t unix_address(struct sockaddr_un *address, bool abstract) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (!abstract) {
        // Paths of sockets are short.
        snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/socket",
                 at.outside_folder);
        return sizeof *address;
    }
    int count =
        snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "doors-%d", (int)at.port);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)count);
}

static int listen_unix(bool abstract) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, abstract);
    if (!abstract) unlink(address.sun_path);
    if (bind(descriptor, (struct sockaddr *)&address, size) != 0) return errno;
    return listen(descriptor, 64) == 0 ? 0 : errno;
}

static int copy_program(const char *path) {
    int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char bytes[65536];
    ssize_t count = 0;
    while (from >= 0 && to >= 0 && (count = read(from, bytes, sizeof bytes)) > 0) {
        if (write(to, bytes, (size_t)count) != count) return EIO;
    }
    close(from);
    close(to);
    return count == 0 ? 0 : EIO;
}

int doors_prepare(const char *outside, const char *folder, const char *share) {
    snprintf(at.outside, sizeof at.outside, "%s", outside);
    snprintf(at.folder, sizeof at.folder, "%s", folder);
    snprintf(at.share, sizeof at.share, "%s", share);
    at.victim = getppid();
    const char *names[] = {"secret", "cut", "cut2", "doomed", "moved", "mine", "modes"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int code = put(OUT(names[i]), 0644);
        if (code != 0) return code;
    }
    mkdir(OUT("empty"), 0755);
    put(IN("inside"), 0644);
    put(IN("inside2"), 0644);
    put(SHARE("shared"), 0644);
    if (symlink(OUT("secret"), IN("link")) != 0 && errno != EEXIST) return errno;
    if (symlink(at.outside, IN("linked folder")) != 0 && errno != EEXIST) return errno;
    if (copy_program(IN("program")) != 0) return EIO;
    at.outside_folder = open(at.outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    at.outside_file = open(OUT("secret"), O_PATH | O_CLOEXEC);
    at.share_file = open(SHARE("shared"), O_RDONLY | O_CLOEXEC);
    at.program = open("/bin/true", O_RDONLY | O_CLOEXEC);
    int code = listen_tcp();
    if (code == 0) code = listen_unix(false);
    if (code == 0) code = listen_unix(true);
    return code;
}

// MARK: Small words

static int done(long result) { return result >= 0 ? 0 : errno; }

static int opens(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}

/// A descriptor that something gave, or -1 and errno.
static int closed(long descriptor) {
    if (descriptor < 0) return errno;
    close((int)descriptor);
    return 0;
}

// MARK: Files

static int read_outside(void) { return opens(OUT("secret"), O_RDONLY); }
static int read_passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static int list_home(void) {
    const char *home = getenv("HOME");
    return opens(home != NULL ? home : "/", O_RDONLY | O_DIRECTORY);
}
static int list_outside(void) { return opens(at.outside, O_RDONLY | O_DIRECTORY); }
static int list_root(void) { return opens("/", O_RDONLY | O_DIRECTORY); }
static int list_processes(void) { return opens("/proc", O_RDONLY | O_DIRECTORY); }
static int create_outside(void) { return opens(OUT("new"), O_WRONLY | O_CREAT); }
static int append_outside(void) { return opens(OUT("secret"), O_WRONLY | O_APPEND); }
static int cut_by_open(void) { return opens(OUT("cut"), O_WRONLY | O_TRUNC); }
static int cut_share_by_open(void) { return opens(SHARE("shared"), O_RDONLY | O_TRUNC); }
static int cut(void) { return done(truncate(OUT("cut2"), 1)); }
static int cut_share(void) { return done(truncate(SHARE("shared"), 1)); }
static int delete_outside(void) { return done(unlink(OUT("doomed"))); }
static int make_folder_outside(void) { return done(mkdir(OUT("made"), 0700)); }
static int remove_folder_outside(void) { return done(rmdir(OUT("empty"))); }
static int rename_outside(void) { return done(rename(OUT("moved"), OUT("moved too"))); }
static int rename_out(void) { return done(rename(IN("inside"), OUT("from inside"))); }
static int rename_in(void) { return done(rename(OUT("mine"), IN("from outside"))); }
static int link_in(void) { return done(link(OUT("secret"), IN("hard"))); }
static int link_out(void) { return done(link(IN("inside2"), OUT("hard"))); }
static int through_link(void) { return opens(IN("link"), O_RDONLY); }
static int write_through_link(void) { return opens(IN("link"), O_WRONLY); }
static int through_linked_folder(void) { return opens(IN("linked folder/secret"), O_RDONLY); }
static int through_dots(void) {
    char path[8192];
    const char *name = strrchr(at.outside, '/');
    snprintf(path, sizeof path, "%s/../%s/secret", at.folder, name + 1);
    return opens(path, O_RDONLY);
}
static int through_root(void) {
    char path[8192];
    snprintf(path, sizeof path, "/proc/self/root%s/secret", at.outside);
    return opens(path, O_RDONLY);
}
static int through_cwd(void) { return opens("/proc/self/cwd", O_RDONLY | O_DIRECTORY); }
static int through_parents_root(void) {
    char path[8192];
    snprintf(path, sizeof path, "/proc/%d/root%s/secret", (int)at.victim, at.outside);
    return opens(path, O_RDONLY);
}
static int through_descriptor_of_folder(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d/secret", at.outside_folder);
    return opens(path, O_RDONLY);
}
static int reopen_descriptor(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", at.outside_file);
    return opens(path, O_RDONLY);
}
static int reopen_share_for_writing(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", at.share_file);
    return opens(path, O_WRONLY);
}
static int beneath_descriptor(void) { return closed(openat(at.outside_folder, "secret", O_RDONLY)); }
static int above_descriptor(void) {
    return closed(openat(at.outside_folder, "../../../../../../../../etc/passwd", O_RDONLY));
}
static int by_openat2(void) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_RDONLY | O_CLOEXEC, 0, 0};
    return closed(syscall(437, AT_FDCWD, OUT("secret"), &how, sizeof how));
}
static int by_handle(void) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + 128];
    } memory;
    int mount = 0;
    memory.handle.handle_bytes = 128;
    if (name_to_handle_at(AT_FDCWD, OUT("secret"), &memory.handle, &mount, 0) != 0) return errno;
    return closed(open_by_handle_at(at.outside_folder, &memory.handle, O_RDONLY));
}
static int nameless_outside(void) { return opens(at.outside, O_WRONLY | O_TMPFILE); }
static int write_share(void) { return opens(SHARE("shared"), O_WRONLY); }
static int create_in_share(void) { return opens(SHARE("new"), O_WRONLY | O_CREAT); }
static int delete_in_share(void) { return done(unlink(SHARE("shared"))); }
static int fifo_in_folder(void) { return done(mkfifo(IN("fifo"), 0600)); }
static int socket_in_folder(void) { return done(mknod(IN("node"), S_IFSOCK | 0600, 0)); }
static int link_in_folder(void) { return done(symlink("/etc/passwd", IN("new link"))); }
static int folder_in_folder(void) { return done(mkdir(IN("new folder"), 0700)); }
static int device(void) { return opens("/dev/null", O_WRONLY); }
static int new_terminal(void) { return opens("/dev/ptmx", O_RDWR); }
static int shared_memory(void) {
    int descriptor = shm_open("/doors", O_RDWR | O_CREAT, 0600);
    if (descriptor >= 0) shm_unlink("/doors");
    return closed(descriptor);
}
static int own_memory(void) { return opens("/proc/self/mem", O_RDWR); }
static int others_environment(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)at.victim);
    return opens(path, O_RDONLY);
}
static int others_memory(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)at.victim);
    return opens(path, O_RDONLY);
}

// MARK: What Landlock does not see

static int by_chmod(void) { return done(syscall(SYS_fchmodat, AT_FDCWD, OUT("modes"), 0777)); }
static int by_fchmodat2(void) { return done(syscall(452, AT_FDCWD, OUT("modes"), 0777, 0)); }
static int by_fchmod(void) { return done(fchmod(at.share_file, 0666)); }
static int by_chown(void) { return done(chown(OUT("modes"), getuid(), getgid())); }
static int by_fchown(void) { return done(fchown(at.share_file, getuid(), getgid())); }
static int by_utimens(void) { return done(utimensat(AT_FDCWD, OUT("modes"), NULL, 0)); }
static int by_utimes(void) { return done(utimes(OUT("modes"), NULL)); }
static int by_futimens(void) { return done(futimens(at.share_file, NULL)); }
static int by_setxattr(void) { return done(setxattr(OUT("modes"), "user.door", "open", 4, 0)); }
static int by_fsetxattr(void) { return done(fsetxattr(at.share_file, "user.door", "open", 4, 0)); }
static int by_removexattr(void) {
    int code = done(lremovexattr(OUT("modes"), "user.nothing"));
    return code == ENODATA ? 0 : code;
}
static int by_flags(void) {
    int flags = 0;
    if (ioctl(at.share_file, FS_IOC_GETFLAGS, &flags) != 0) return errno;
    flags |= FS_NODUMP_FL;
    return done(ioctl(at.share_file, FS_IOC_SETFLAGS, &flags));
}

// MARK: Programs and processes

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

// MARK: Network and other ways to talk

static struct sockaddr_in other_port(void) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(at.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int connects(int descriptor) {
    if (descriptor < 0) return errno;
    struct sockaddr_in address = other_port();
    int code = done(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return code;
}
static int connect_other(void) { return connects(socket(AF_INET, SOCK_STREAM, 0)); }
static int connect_mptcp(void) { return connects(socket(AF_INET, SOCK_STREAM, 262)); }
static int connect_over_ipv6(void) {
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(at.port)};
    memcpy(&address.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01", 16);
    int code = done(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return code;
}
static int connect_fast(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (descriptor < 0) return errno;
    setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
    return connects(descriptor);
}
static int send_fast(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_in address = other_port();
    int code = done(
        sendto(descriptor, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return code;
}
static int send_message_fast(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_in address = other_port();
    struct iovec bytes = {"x", 1};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &bytes, .msg_iovlen = 1};
    int code = done(sendmsg(descriptor, &message, MSG_FASTOPEN));
    close(descriptor);
    return code;
}
static int by_udp(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_in address = other_port();
    int code = done(sendto(descriptor, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return code;
}
static int by_udp_lite(void) { return closed(socket(AF_INET6, SOCK_DGRAM, 136)); }
static int by_sctp(void) { return closed(socket(AF_INET, SOCK_STREAM, 132)); }
static int raw_socket(void) { return closed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static int packet_socket(void) { return closed(socket(AF_PACKET, SOCK_RAW, 0)); }
static int netlink_socket(void) { return closed(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int connects_unix(bool abstract) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, abstract);
    int code = done(connect(descriptor, (struct sockaddr *)&address, size));
    close(descriptor);
    return code;
}
static int unix_socket(void) { return connects_unix(false); }
static int abstract_socket(void) { return connects_unix(true); }
static int pair_of_sockets(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) return errno;
    close(pair[0]);
    close(pair[1]);
    return 0;
}
static int bind_port(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int code = done(bind(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return code;
}
static int listen_unbound(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    int code = done(listen(descriptor, 1));
    // Who listens already is told yes; what counts is whether it is so.
    if (code == 0 && !doors_is_listening(descriptor)) code = EPERM;
    close(descriptor);
    return code;
}
static int system_v_memory(void) { return done(syscall(SYS_shmget, 0, 4096, 01600)); }
static int message_queue(void) {
    return closed(syscall(SYS_mq_open, "doors", O_RDWR | O_CREAT, 0600, NULL));
}
static int watch_folder(void) {
    int descriptor = inotify_init1(IN_CLOEXEC);
    if (descriptor < 0) return errno;
    int code = done(inotify_add_watch(descriptor, at.outside, IN_ALL_EVENTS));
    close(descriptor);
    return code;
}

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

static const struct door doors[] = {
    {"read a file outside", read_outside, false},
    {"read /etc/passwd", read_passwd, false},
    {"list the home folder", list_home, false},
    {"list a folder outside", list_outside, false},
    {"list the root folder", list_root, false},
    {"list processes", list_processes, false},
    {"make a file outside", create_outside, false},
    {"append to a file outside", append_outside, false},
    {"empty a file outside", cut_by_open, false},
    {"empty a shared file", cut_share_by_open, false},
    {"cut a file outside", cut, false},
    {"cut a shared file", cut_share, false},
    {"delete a file outside", delete_outside, false},
    {"make a folder outside", make_folder_outside, false},
    {"remove a folder outside", remove_folder_outside, false},
    {"rename outside", rename_outside, false},
    {"move a file out", rename_out, false},
    {"move a file in", rename_in, false},
    {"hard link from outside", link_in, false},
    {"hard link to outside", link_out, false},
    {"read through a link", through_link, false},
    {"write through a link", write_through_link, false},
    {"read through a linked folder", through_linked_folder, false},
    {"read through dots", through_dots, false},
    {"read through /proc/self/root", through_root, false},
    {"list /proc/self/cwd", through_cwd, false},
    {"read through a parent's root", through_parents_root, true},
    {"read through /proc/self/fd/N", through_descriptor_of_folder, false},
    {"reopen a descriptor", reopen_descriptor, false},
    {"reopen a shared file for writing", reopen_share_for_writing, false},
    {"read beneath an old descriptor", beneath_descriptor, false},
    {"read above an old descriptor", above_descriptor, false},
    {"read by openat2", by_openat2, false},
    {"read by file handle", by_handle, true},
    {"make a nameless file outside", nameless_outside, true},
    {"write a shared file", write_share, false},
    {"make a file in a shared folder", create_in_share, false},
    {"delete a shared file", delete_in_share, false},
    {"make a pipe in the folder", fifo_in_folder, false},
    {"make a socket in the folder", socket_in_folder, false},
    {"make a link in the folder", link_in_folder, false},
    {"make a folder in the folder", folder_in_folder, false},
    {"open a device", device, false},
    {"open a new terminal", new_terminal, true},
    {"make shared memory", shared_memory, true},
    {"write its memory as a file", own_memory, false},
    {"read a process's environment", others_environment, true},
    {"read a process's memory as a file", others_memory, true},
    {"chmod outside", by_chmod, false},
    {"fchmodat2 outside", by_fchmodat2, true},
    {"fchmod a shared file", by_fchmod, false},
    {"chown outside", by_chown, false},
    {"fchown a shared file", by_fchown, false},
    {"utimensat outside", by_utimens, false},
    {"utimes outside", by_utimes, false},
    {"futimens a shared file", by_futimens, false},
    {"setxattr outside", by_setxattr, true},
    {"fsetxattr a shared file", by_fsetxattr, true},
    {"removexattr outside", by_removexattr, true},
    {"change a shared file's flags", by_flags, true},
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
    {"connect to another port", connect_other, false},
    {"connect to another port over IPv6", connect_over_ipv6, true},
    {"connect by MPTCP", connect_mptcp, true},
    {"connect by TCP fast open", connect_fast, true},
    {"send by TCP fast open", send_fast, true},
    {"send a message by TCP fast open", send_message_fast, true},
    {"send by UDP", by_udp, false},
    {"make a UDP-Lite socket", by_udp_lite, true},
    {"make an SCTP socket", by_sctp, true},
    {"make a raw socket", raw_socket, true},
    {"make a packet socket", packet_socket, true},
    {"make a netlink socket", netlink_socket, false},
    {"connect to a unix socket", unix_socket, false},
    {"connect to an abstract socket", abstract_socket, false},
    {"make a pair of sockets", pair_of_sockets, false},
    {"take a port", bind_port, false},
    {"listen", listen_unbound, false},
    {"make System V memory", system_v_memory, true},
    {"make a message queue", message_queue, true},
    {"watch a folder outside", watch_folder, false},
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

int doors_count(void) { return sizeof doors / sizeof doors[0]; }
const struct door *doors_at(int number) { return &doors[number]; }

// MARK: Around them

int doors_try_apart(const struct door *door) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) {
        // Whatever is mounted is mounted for this child alone.
        bool mounts = door->go == mount_memory || door->go == bind_outside;
        if (mounts && (unshare(CLONE_NEWNS) != 0 ||
                       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)) {
            _exit(errno);
        }
        _exit(door->go());
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return EIO;
    return WEXITSTATUS(status);
}

int doors_hide(bool filters) {
    const uint32_t refused = SECCOMP_RET_ERRNO | ENOSYS;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 444, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 446, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, refused),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, filters ? SYS_seccomp : 0xffffffff, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refused),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return done(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

bool doors_is_listening(int descriptor) {
    int accepts = 0;
    socklen_t size = sizeof accepts;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0;
}

int doors_become(const char *path, char *const arguments[]) {
    execv(path, arguments);
    return errno;
}

#else

#include "doors.h"

#include <errno.h>

int doors_count(void) { return 0; }
const struct door *doors_at(int number) { (void)number; return 0; }
int doors_prepare(const char *outside, const char *folder, const char *share) {
    (void)outside, (void)folder, (void)share;
    return ENOSYS;
}
int doors_try_apart(const struct door *door) { (void)door; return ENOSYS; }
int doors_hide(bool filters) { (void)filters; return ENOSYS; }
bool doors_is_listening(int descriptor) { (void)descriptor; return false; }
int doors_become(const char *path, char *const arguments[]) { (void)path, (void)arguments; return ENOSYS; }

#endif
