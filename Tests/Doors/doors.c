#if defined(__linux__)

#define _GNU_SOURCE
#include "places.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct places at;

const char *in(const char *folder, const char *name) {
    static _Thread_local char paths[2][8192];
    static _Thread_local int next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

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

socklen_t unix_address(struct sockaddr_un *address, bool abstract) {
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

// MARK: All of them

int doors_count(void) {
    return (int)(file_door_count + process_door_count + network_door_count);
}

const struct door *doors_at(int number) {
    size_t index = (size_t)number;
    if (index < file_door_count) return &file_doors[index];
    index -= file_door_count;
    if (index < process_door_count) return &process_doors[index];
    return &network_doors[index - process_door_count];
}

// MARK: Around them

int doors_try_apart(const struct door *door) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) {
        // Whatever is mounted is mounted for this child alone; who cannot unshare cannot mount.
        bool is_alone = unshare(CLONE_NEWNS) == 0;
        if (is_alone && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) _exit(errno);
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
int doors_become(const char *path, char *const arguments[]) {
    (void)path, (void)arguments;
    return ENOSYS;
}

#endif
