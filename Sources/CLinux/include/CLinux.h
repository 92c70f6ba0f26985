#ifndef GWLINUX_H
#define GWLINUX_H

#include <stddef.h>
#include <stdint.h>

/* System calls that the Swift importer cannot express: sockaddr unions, packed epoll_event, macros and _GNU_SOURCE
 * calls. Every function returns a value >= 0, or -errno; none touches the global errno after it returned, and EINTR
 * never leaves this target. Prefix gwlinux_. */

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
/// Blocks until the counter is not zero, or for `timeout_ms` (-1: for ever).
void gwlinux_eventfd_wait(int descriptor, int timeout_ms);

/// Opens a file for appending, made with `mode` where there is none. Not a directory, and not a terminal to control us.
int gwlinux_open_append(const char *path, uint32_t mode);
/// 1 when a write would not block, 0 after `timeout_ms`.
int gwlinux_await_writable(int descriptor, int timeout_ms);
/// write; of a pipe at most PIPE_BUF bytes, which a writable one takes without blocking.
int64_t gwlinux_write(int descriptor, const void *bytes, size_t count);

/// A non-blocking listening TCP socket. `reuse_port` lets every worker bind its own.
int gwlinux_listen_tcp(const gwlinux_address *address, int backlog, int reuse_port);
/// A non-blocking listening unix socket at `path`; a stale socket file of a dead process is replaced.
int gwlinux_listen_unix(const char *path, int backlog, uint32_t mode);
/// The port that the kernel chose for a listener on port 0.
int gwlinux_local_port(int descriptor);
/// The port of the other end of a connection; 0 for a unix socket.
int gwlinux_peer_port(int descriptor);
/// accept4, non-blocking and close-on-exec. TCP_NODELAY is inherited from the listener.
int gwlinux_accept(int descriptor, gwlinux_address *peer);
/// Starts a non-blocking connect; the descriptor becomes writable when it is done. `connected` tells a finished one.
int gwlinux_connect_tcp(const gwlinux_address *address, int *connected);
int gwlinux_connect_unix(const char *path, int *connected);
/// Two non-blocking stream sockets that are connected to each other.
int gwlinux_socket_pair(int *first, int *second);
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
/// A second descriptor for the same file, close-on-exec.
int gwlinux_duplicate(int descriptor);

/// Sends one datagram to the unix socket at `path`, or at the abstract name behind its "@"; never waits.
int gwlinux_send_datagram(const char *path, const void *bytes, size_t count);

/// lstat as plain integers: the widths of struct stat's fields differ between architectures.
typedef struct gwlinux_file_status {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t modified_ns;
    int64_t changed_ns;
    /// S_IFMT's bits.
    uint32_t type;
} gwlinux_file_status;

enum {
    GWLINUX_REGULAR = 0100000,
    GWLINUX_DIRECTORY = 0040000,
    GWLINUX_LINK = 0120000,
};

/// The status of what `path` itself names; links at its end are not followed.
int gwlinux_file_status_of(const char *path, gwlinux_file_status *out);
/// Writes where the symbolic link leads, without a NUL; returns the length.
int64_t gwlinux_read_link(const char *path, uint8_t *out, size_t capacity);

/// What a watch tells of; each is more than the one before.
enum {
    /// That a directory itself was moved or removed, and nothing of what happens in it.
    GWLINUX_WATCH_PLACE,
    /// That a file's content or status changed, through whichever of its names.
    GWLINUX_WATCH_FILE,
    /// Everything that happens to a directory's names and to the files behind them.
    GWLINUX_WATCH_DIRECTORY,
};
/// A non-blocking inotify descriptor.
int gwlinux_inotify(void);
/// Watches `path`, which must not be a link; returns the watch's number, which is the same for the same inode.
int gwlinux_inotify_add(int inotify, const char *path, int kind);
int gwlinux_inotify_remove(int inotify, int watch);
/// Throws waiting events away; 1 when there were some, else 0.
int gwlinux_inotify_drain(int inotify);

/// CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds.
int64_t gwlinux_monotonic_ns(void);
int64_t gwlinux_realtime_ns(void);
/// CPU time of the calling thread in nanoseconds.
int64_t gwlinux_thread_cpu_ns(void);

/// CPUs of the calling process's affinity mask.
int gwlinux_cpu_count(void);
/// Runs `body(argument)` on a new thread with `stack_bytes` of stack, named for `top` and `perf`; 0 or -errno.
int gwlinux_start_thread(const char *name, size_t stack_bytes, void (*body)(void *), void *argument);
/// Lets other threads go before the calling one; 0 (the least) to 19.
void gwlinux_lower_priority(int niceness);
/// Raises the soft descriptor limit to the hard one; returns the limit in force.
int64_t gwlinux_raise_descriptor_limit(void);
/// Writes the kernel's words for an errno value, without a NUL; returns their length.
size_t gwlinux_error_message(int code, uint8_t *out, size_t capacity);
/// Ignores SIGPIPE for the process; sends use MSG_NOSIGNAL, but libraries may not.
void gwlinux_ignore_sigpipe(void);
/// Ignores SIGHUP until somebody handles it: a reload that is asked for too early must not end the process.
void gwlinux_ignore_sighup(void);
/// Opens /dev/null where standard input, output or error is closed, so that no other file takes its number.
void gwlinux_hold_standard_descriptors(void);
/// Whether a password has that hash, in the form of crypt(5). Takes as long as the hash wants it to.
int32_t gwlinux_password_fits(const char *password, const char *hash);
/// Gives memory that is free back to the system.
void gwlinux_trim_memory(void);

#endif
