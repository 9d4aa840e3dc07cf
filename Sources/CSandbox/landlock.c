// Landlock: which files can be opened and which ports connected to. docs.kernel.org/userspace-api/landlock.html

#if defined(__linux__)

#define _GNU_SOURCE
#include "csandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Headers are older than kernels: what is needed is defined here. The numbers are the same on all
// processors.
enum {
    create_ruleset = 444,
    add_rule = 445,
    restrict_self = 446,
    flag_version = 1,
    rule_path = 1,
    rule_port = 2,
};

enum {
    fs_execute = 1 << 0,
    fs_write_file = 1 << 1,
    fs_read_file = 1 << 2,
    fs_read_dir = 1 << 3,
    fs_remove_file = 1 << 5,
    fs_make_reg = 1 << 8,
    fs_truncate = 1 << 14,
    // All rights that a version knows are the bits below these.
    fs_version_1 = 1 << 13,
    fs_version_2 = 1 << 14,  // moving and linking from folder to folder
    fs_version_3 = 1 << 15,  // truncating
    fs_version_5 = 1 << 16,  // control of devices

    net_bind = 1 << 0,
    net_connect = 1 << 1,

    scope_abstract_sockets = 1 << 0,
    scope_signals = 1 << 1,
};

struct ruleset {
    uint64_t fs;
    uint64_t net;     // since version 4
    uint64_t scoped;  // since version 6
};

struct path_rule {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

int csandbox_landlock_version(void) {
    long version = syscall(create_ruleset, NULL, 0, flag_version);
    return version < 0 ? -errno : (int)version;
}

/// Creates a ruleset that handles everything that this version knows: what no rule allows is refused.
static int make_ruleset(int version, uint64_t *rights) {
    struct ruleset set = {0};
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    set.fs = (version >= 5   ? fs_version_5
              : version >= 3 ? fs_version_3
              : version >= 2 ? fs_version_2
                             : fs_version_1) - 1;
    set.net = version >= 4 ? net_bind | net_connect : 0;
    set.scoped = version >= 6 ? scope_abstract_sockets | scope_signals : 0;
    *rights = set.fs;
    return (int)syscall(create_ruleset, &set, size, 0);
}

static int allow_path(int ruleset, int folder, uint64_t rights) {
    struct path_rule rule = {rights, folder};
    return syscall(add_rule, ruleset, rule_path, &rule, 0) == 0 ? 0 : errno;
}

static int allow_folders(int ruleset, const struct csandbox_rules *rules, uint64_t known) {
    const uint64_t reading = fs_read_file | fs_read_dir;
    const uint64_t writing = fs_write_file | fs_remove_file | fs_make_reg | fs_truncate;
    for (size_t i = 0; i < rules->readable_count; i++) {
        int code = allow_path(ruleset, rules->readable[i], reading);
        if (code != 0) return code;
    }
    for (size_t i = 0; i < rules->writable_count; i++) {
        int code = allow_path(ruleset, rules->writable[i], (reading | writing) & known);
        if (code != 0) return code;
    }
    // The thread pool below Swift looks at its workers in /proc once a second, and traps when it
    // cannot. Files there can be read, folders not listed.
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) return errno;
    int code = allow_path(ruleset, proc, fs_read_file);
    close(proc);
    return code;
}

static int allow_ports(int ruleset, const struct csandbox_rules *rules) {
    for (size_t i = 0; i < rules->port_count; i++) {
        struct port_rule rule = {net_connect, rules->ports[i]};
        if (syscall(add_rule, ruleset, rule_port, &rule, 0) != 0) return errno;
    }
    return 0;
}

int csandbox_restrict_files(const struct csandbox_rules *rules, int version) {
    uint64_t known = 0;
    int ruleset = make_ruleset(version, &known);
    if (ruleset < 0) return errno;
    int code = allow_folders(ruleset, rules, known);
    if (code == 0 && version >= 4) code = allow_ports(ruleset, rules);
    if (code == 0 && syscall(restrict_self, ruleset, 0) != 0) code = errno;
    close(ruleset);
    return code;
}

// MARK: Opening beneath a folder

struct open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

int csandbox_open_beneath(int folder, const char *path, int flags) {
    enum { openat2 = 437, no_magic_links = 2, no_links = 4, beneath = 8 };
    struct open_how how = {(uint64_t)flags, 0, no_magic_links | no_links | beneath};
    // EAGAIN: something was renamed meanwhile, and the kernel cannot be sure.
    for (int tries = 0; tries < 16; tries++) {
        long descriptor = syscall(openat2, folder, path, &how, sizeof how);
        if (descriptor >= 0) return (int)descriptor;
        if (errno != EAGAIN && errno != EINTR) return -errno;
    }
    return -EAGAIN;
}

#else

#include "csandbox.h"

#include <errno.h>

int csandbox_landlock_version(void) { return -ENOSYS; }
int csandbox_restrict_files(const struct csandbox_rules *rules, int version) {
    (void)rules, (void)version;
    return ENOSYS;
}
int csandbox_open_beneath(int folder, const char *path, int flags) {
    (void)folder, (void)path, (void)flags;
    return -ENOSYS;
}

#endif
