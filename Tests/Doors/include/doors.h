// Ways out of a sandbox, each tried by one function, and a kernel that lacks something.

#ifndef DOORS_H
#define DOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct door {
    const char *name;
    /// 0 when it is open, else an error number.
    int (*go)(void);
    /// Open without a sandbox only for root, or only on some machines.
    bool may_be_shut;
};

int doors_count(void);
const struct door *doors_at(int number);

/// Makes what the doors lead to: files in the three folders, sockets, open descriptors. 0 or an error
/// number.
int doors_prepare(const char *outside, const char *folder, const char *share);

/// Tries a door in a child process, so that what it does there does not matter here.
int doors_try_apart(const struct door *door);

/// Makes the kernel look, from here on and for programs started from here, as if it had no Landlock,
/// and no filters of calls either when `filters` is true. 0 or an error number.
int doors_hide(bool filters);

/// True when the descriptor is a socket that accepts.
bool doors_is_listening(int descriptor);

/// Replaces this program; returns an error number when it cannot.
int doors_become(const char *path, char *const arguments[]);

#endif
