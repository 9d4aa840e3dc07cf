// What a process gives up of its own.

#if defined(__linux__)

#define _GNU_SOURCE
#include "csandbox.h"

#include <dirent.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int csandbox_thread_count(void) {
    DIR *folder = opendir("/proc/self/task");
    if (folder == NULL) return -errno;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

/// Of root's powers, those over permissions of files stay: a folder may be somebody else's. The rest
/// would reach around the rules, through the kernel's own memory for one.
static int drop_capabilities(void) {
    struct {
        uint32_t version;
        int32_t process;
    } header = {0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } sets[2];
    enum { override = 1 << 1, read_search = 1 << 2, owner = 1 << 3 };
    if (syscall(SYS_capget, &header, sets) != 0) return errno;
    sets[0].permitted &= override | read_search | owner;
    sets[0].effective &= sets[0].permitted;
    sets[0].inheritable = 0;
    sets[1].permitted = sets[1].effective = sets[1].inheritable = 0;
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

int csandbox_drop_privileges(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    int code = drop_capabilities();
    if (code != 0) return code;
    // Memory holds keys: it is neither written to a disk nor shown to a debugger.
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno;
}

#else

#include "csandbox.h"

#include <errno.h>

int csandbox_thread_count(void) { return -ENOSYS; }
int csandbox_drop_privileges(void) { return ENOSYS; }

#endif
