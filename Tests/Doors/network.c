// Ways into the network, and other ways to talk.

#if defined(__linux__)

#define _GNU_SOURCE
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

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

const struct door network_doors[] = {
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
};
const size_t network_door_count = sizeof network_doors / sizeof network_doors[0];

#endif
