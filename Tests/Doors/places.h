// What the doors lead to, and small words for trying them.

#ifndef PLACES_H
#define PLACES_H

#include "doors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

/// Made by `doors_prepare`.
struct places {
    char outside[4096], folder[4096], share[4096];
    int outside_folder, outside_file, share_file, program;
    uint16_t port;
    pid_t victim;
};
extern struct places at;

/// A name in a folder; good until the next but one.
const char *in(const char *folder, const char *name);
#define OUT(name) in(at.outside, name)
#define IN(name) in(at.folder, name)
#define SHARE(name) in(at.share, name)

/// The address of the unix socket that listens.
socklen_t unix_address(struct sockaddr_un *address, bool abstract);

extern const struct door file_doors[], process_doors[], network_doors[];
extern const size_t file_door_count, process_door_count, network_door_count;

static inline int done(long result) { return result >= 0 ? 0 : errno; }

static inline int opens(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}

/// A descriptor that something gave, or -1 and errno.
static inline int closed(long descriptor) {
    if (descriptor < 0) return errno;
    close((int)descriptor);
    return 0;
}

#endif
