#ifndef GWLINUX_H
#define GWLINUX_H

#include <stddef.h>
#include <stdint.h>

/* System calls that the Swift importer cannot express: sockaddr unions, packed epoll_event, macros and _GNU_SOURCE
 * calls. Every function returns a value >= 0, or -errno; none touches the global errno after it returned, and EINTR
 * never leaves this file. Prefix gwlinux_. */

/// One ready descriptor. Not struct epoll_event, since that one is packed on x86-64 and Swift does not import it so.
typedef struct gwlinux_event {
    uint64_t token;
    uint32_t readiness;
} gwlinux_event;

/// An IPv4 or IPv6 endpoint, or a unix path, without the sockaddr casts.
typedef struct gwlinux_address {
    /// Network byte order; IPv4 in the first four bytes.
    uint8_t bytes[16];
    uint16_t port;
    /// 4, 6, or 1 for unix; 0 when unknown.
    uint8_t family;
} gwlinux_address;

enum {
    GWLINUX_IN = 0x001,
    GWLINUX_OUT = 0x004,
    GWLINUX_ERR = 0x008,
    GWLINUX_HUP = 0x010,
    GWLINUX_RDHUP = 0x2000,
};
/// EPOLLET and EPOLLEXCLUSIVE are macros over unsigned shifts.
static const uint32_t GWLINUX_EDGE = 1u << 31;
static const uint32_t GWLINUX_EXCLUSIVE = 1u << 28;

int gwlinux_epoll_create(void);
int gwlinux_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t token);
int gwlinux_epoll_modify(int epoll, int descriptor, uint32_t interest, uint64_t token);
int gwlinux_epoll_remove(int epoll, int descriptor);
/// Waits at most `timeout_ms` (-1: for ever); returns how many of `events` were filled.
int gwlinux_epoll_wait(int epoll, gwlinux_event *events, int capacity, int timeout_ms);

int gwlinux_eventfd(void);
/// Adds one to an eventfd; a counter that is full stays readable, which is all that a wake-up needs.
void gwlinux_eventfd_signal(int descriptor);
void gwlinux_eventfd_clear(int descriptor);

/// A non-blocking listening TCP socket. `reuse_port` lets every worker bind its own.
int gwlinux_listen_tcp(const gwlinux_address *address, int backlog, int reuse_port);
/// A non-blocking listening unix socket at `path`; a stale socket file of a dead process is replaced.
int gwlinux_listen_unix(const char *path, int backlog, uint32_t mode);
/// The port that the kernel chose for a listener on port 0.
int gwlinux_local_port(int descriptor);
/// accept4, non-blocking and close-on-exec. TCP_NODELAY is inherited from the listener.
int gwlinux_accept(int descriptor, gwlinux_address *peer);
/// Starts a non-blocking connect; the descriptor becomes writable when it is done. `connected` tells a finished one.
int gwlinux_connect_tcp(const gwlinux_address *address, int *connected);
int gwlinux_connect_unix(const char *path, int *connected);
/// SO_ERROR: 0, or the positive errno of the finished connect.
int gwlinux_socket_error(int descriptor);

/// recv; 0 is end of stream.
int64_t gwlinux_receive(int descriptor, void *bytes, size_t count);
/// send with MSG_NOSIGNAL: a closed peer is an error code, never a signal.
int64_t gwlinux_send(int descriptor, const void *bytes, size_t count, int more);
int64_t gwlinux_send_two(int descriptor, const void *first, size_t first_count, const void *second,
                         size_t second_count);
int gwlinux_shutdown_write(int descriptor);
/// Makes the coming close send RST: a broken transfer must not look like a clean end.
int gwlinux_abort_on_close(int descriptor);
void gwlinux_close(int descriptor);

/// CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds.
int64_t gwlinux_monotonic_ns(void);
int64_t gwlinux_realtime_ns(void);
/// CPU time of the calling thread in nanoseconds.
int64_t gwlinux_thread_cpu_ns(void);

/// CPUs of the calling process's affinity mask.
int gwlinux_cpu_count(void);
/// Runs `body(argument)` on a new thread with `stack_bytes` of stack, named for `top` and `perf`; 0 or -errno.
int gwlinux_start_thread(const char *name, size_t stack_bytes, void (*body)(void *), void *argument);
/// Raises the soft descriptor limit to the hard one; returns the limit in force.
int64_t gwlinux_raise_descriptor_limit(void);
/// Writes the kernel's words for an errno value, without a NUL; returns their length.
size_t gwlinux_error_message(int code, uint8_t *out, size_t capacity);
/// Ignores SIGPIPE for the process; sends use MSG_NOSIGNAL, but libraries may not.
void gwlinux_ignore_sigpipe(void);

#endif
