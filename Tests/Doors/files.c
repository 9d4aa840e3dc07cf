// Ways to files.

#if defined(__linux__)

#define _GNU_SOURCE
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

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

const struct door file_doors[] = {
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
};
const size_t file_door_count = sizeof file_doors / sizeof file_doors[0];

#endif
