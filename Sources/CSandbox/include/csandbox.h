// Raw system calls of Linux by which a process gives up what it does not need, and opens files
// beneath a folder. There is no library to install; elsewhere than on Linux every call says ENOSYS.

#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What stays allowed.
struct csandbox_rules {
    /// Folders in which files may be made, written, renamed and deleted.
    const int *writable;
    size_t writable_count;
    /// Folders in which files may be read.
    const int *readable;
    size_t readable_count;
    /// Ports that TCP may connect to; with none, no socket can be made.
    const uint16_t *ports;
    size_t port_count;
    /// True when sockets that listen already are handed on to code that calls listen() once more:
    /// it is told that it worked.
    bool listens;
};

/// The version of Landlock that the kernel has, from 1 on, or an error number below 0.
int csandbox_landlock_version(void);

/// Threads of this process, or an error number below 0.
int csandbox_thread_count(void);

/// Gives up, for good: new privileges by running programs, core dumps, being traced by others of the
/// same user, and the powers of root except those over permissions of files. 0 or an error number.
int csandbox_drop_privileges(void);

/// Restricts this thread, and those that it starts, to the files and ports of the rules, as far as
/// this version of Landlock goes. 0 or an error number.
int csandbox_restrict_files(const struct csandbox_rules *rules, int version);

/// Refuses, for all threads, the calls that nothing here needs. 0 or an error number.
/// `version` is the one of Landlock in force, 0 for none: what older ones leave open is refused too.
int csandbox_restrict_calls(const struct csandbox_rules *rules, int version);

/// Whether calls are refused, found out by trying one. 0, or EACCES when it was let through.
int csandbox_test_calls(void);

/// The flag (O_PATH) with which what is there is found, not opened.
enum { csandbox_look = 010000000 };

/// Opens what is there beneath a folder, through no link. A descriptor, or an error number below 0: ENOSYS where the kernel cannot.
int csandbox_open_beneath(int folder, const char *path, int flags);

#endif
