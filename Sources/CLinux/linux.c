#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int gwlinux_epoll_create(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

static int control(int epoll, int operation, int descriptor, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.events = interest, .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int gwlinux_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, interest, token);
}

int gwlinux_epoll_modify(int epoll, int descriptor, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, interest, token);
}

int gwlinux_epoll_remove(int epoll, int descriptor) {
    return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int gwlinux_epoll_wait(int epoll, gwlinux_event *events, int capacity, int timeout_ms) {
    struct epoll_event ready[256];
    if (capacity > 256) capacity = 256;
    int count = epoll_wait(epoll, ready, capacity, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        events[i].token = ready[i].data.u64;
        events[i].readiness = ready[i].events;
    }
    return count;
}

int gwlinux_eventfd(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

void gwlinux_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void gwlinux_eventfd_clear(int descriptor) {
    uint64_t value;
    while (read(descriptor, &value, sizeof value) < 0 && errno == EINTR) {}
}

static socklen_t to_sockaddr(const gwlinux_address *address, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    if (address->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->bytes, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(address->port);
    memcpy(&in->sin6_addr, address->bytes, 16);
    return sizeof *in;
}

static void from_sockaddr(const struct sockaddr_storage *in, gwlinux_address *out) {
    memset(out, 0, sizeof *out);
    if (in->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)in;
        out->family = 4;
        out->port = ntohs(v4->sin_port);
        memcpy(out->bytes, &v4->sin_addr, 4);
    } else if (in->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)in;
        out->family = 6;
        out->port = ntohs(v6->sin6_port);
        memcpy(out->bytes, &v6->sin6_addr, 16);
    } else if (in->ss_family == AF_UNIX) {
        out->family = 1;
    }
}

static int fail_closing(int descriptor) {
    int code = errno;
    close(descriptor);
    return -code;
}

static int await(int descriptor, short events, int timeout_ms) {
    struct pollfd waited = {.fd = descriptor, .events = events};
    int count;
    do {
        count = poll(&waited, 1, timeout_ms);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

void gwlinux_eventfd_wait(int descriptor, int timeout_ms) { (void)await(descriptor, POLLIN, timeout_ms); }

int gwlinux_await_writable(int descriptor, int timeout_ms) { return await(descriptor, POLLOUT, timeout_ms); }

int gwlinux_listen_tcp(const gwlinux_address *address, int backlog, int reuse_port) {
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(address, &storage);
    int descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int one = 1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) return fail_closing(descriptor);
    if (reuse_port && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0)
        return fail_closing(descriptor);
    /* Accepted sockets inherit it, which saves a system call for each connection. */
    if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0) return fail_closing(descriptor);
    /* [::] takes IPv4 too, as users of nginx and Envoy expect of "[::]:8080" with ipv4 compatibility on. */
    int zero = 0;
    if (address->family == 6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(descriptor, (struct sockaddr *)&storage, length) < 0) return fail_closing(descriptor);
    if (listen(descriptor, backlog) < 0) return fail_closing(descriptor);
    return descriptor;
}

static int unix_address(const char *path, struct sockaddr_un *out) {
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof out->sun_path) return -ENAMETOOLONG;
    strcpy(out->sun_path, path);
    return 0;
}

int gwlinux_listen_unix(const char *path, int backlog, uint32_t mode) {
    struct sockaddr_un address;
    int code = unix_address(path, &address);
    if (code < 0) return code;
    /* A socket file that nobody answers on is the leaving of a process that died: replace it. Anything else stays. */
    struct stat status;
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) return -EEXIST;
        /* Non-blocking: a server whose queue is full would hold us up for as long as it is. */
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (probe < 0) return -errno;
        int alive = connect(probe, (struct sockaddr *)&address, sizeof address) == 0 || errno != ECONNREFUSED;
        close(probe);
        if (alive) return -EADDRINUSE;
        unlink(path);
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return fail_closing(descriptor);
    if (chmod(path, mode) < 0 || listen(descriptor, backlog) < 0) return fail_closing(descriptor);
    return descriptor;
}

static int port_of(int descriptor, int (*name)(int, struct sockaddr *, socklen_t *)) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (name(descriptor, (struct sockaddr *)&storage, &length) < 0) return -errno;
    gwlinux_address address;
    from_sockaddr(&storage, &address);
    return address.port;
}

int gwlinux_local_port(int descriptor) { return port_of(descriptor, getsockname); }
int gwlinux_peer_port(int descriptor) { return port_of(descriptor, getpeername); }

int gwlinux_accept(int descriptor, gwlinux_address *peer) {
    struct sockaddr_storage storage;
    for (;;) {
        socklen_t length = sizeof storage;
        int accepted = accept4(descriptor, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            from_sockaddr(&storage, peer);
            return accepted;
        }
        /* A peer that gave up in the queue is not our error. */
        if (errno != EINTR && errno != ECONNABORTED) return -errno;
    }
}

int gwlinux_connect_tcp(const gwlinux_address *address, int *connected) {
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(address, &storage);
    int descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *connected = connect(descriptor, (struct sockaddr *)&storage, length) == 0;
    if (!*connected && errno != EINPROGRESS && errno != EINTR) return fail_closing(descriptor);
    return descriptor;
}

int gwlinux_connect_unix(const char *path, int *connected) {
    struct sockaddr_un address;
    int code = unix_address(path, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    *connected = connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0;
    if (!*connected && errno != EINPROGRESS && errno != EINTR) return fail_closing(descriptor);
    return descriptor;
}

int gwlinux_send_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    int code = unix_address(path, &address);
    if (code < 0) return code;
    /* An abstract name is as long as the address says; without that, the padding would be part of it. */
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] == '@' ? 0 : 1);
    if (path[0] == '@') address.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    ssize_t sent;
    do {
        sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return fail_closing(descriptor);
    close(descriptor);
    return 0;
}

int gwlinux_socket_error(int descriptor) {
    int code = 0;
    socklen_t length = sizeof code;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) < 0) return errno;
    return code;
}

/* recv and send are cancellation points: with threads, the library's wrappers switch the kind of cancellation on and
   off around each call, which costs some 150 ns a request. Nobody cancels a worker, so the calls are made bare. */
int64_t gwlinux_receive(int descriptor, void *bytes, size_t count) {
    for (;;) {
        ssize_t received = syscall(SYS_recvfrom, descriptor, bytes, count, 0, NULL, NULL);
        if (received >= 0) return received;
        if (errno != EINTR) return -errno;
    }
}

int64_t gwlinux_send(int descriptor, const void *bytes, size_t count, int more) {
    for (;;) {
        int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
        ssize_t sent = syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

int64_t gwlinux_send_two(int descriptor, const void *first, size_t first_count, const void *second,
                         size_t second_count) {
    struct iovec parts[2] = {
        {.iov_base = (void *)first, .iov_len = first_count},
        {.iov_base = (void *)second, .iov_len = second_count},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    for (;;) {
        ssize_t sent = syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

int gwlinux_shutdown_write(int descriptor) {
    return shutdown(descriptor, SHUT_WR) < 0 ? -errno : 0;
}

int gwlinux_abort_on_close(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0 ? -errno : 0;
}

int gwlinux_socket_pair(int *first, int *second) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int gwlinux_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 ? copy : -errno;
}

void gwlinux_close(int descriptor) {
    close(descriptor);
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t gwlinux_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
int64_t gwlinux_realtime_ns(void) { return clock_ns(CLOCK_REALTIME); }
int64_t gwlinux_thread_cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

int gwlinux_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

struct start {
    void (*body)(void *);
    void *argument;
    char name[16];
};

static void *run(void *raw) {
    struct start start = *(struct start *)raw;
    free(raw);
    /* By the thread itself: a detached one may be gone before its creator could name it. */
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.argument);
    return NULL;
}

int gwlinux_start_thread(const char *name, size_t stack_bytes, void (*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    struct start *start = malloc(sizeof *start);
    if (!start) return -ENOMEM;
    start->body = body;
    start->argument = argument;
    strncpy(start->name, name, sizeof start->name - 1);
    start->name[sizeof start->name - 1] = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Signals belong to the control plane's threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (code != 0) {
        free(start);
        return -code;
    }
    return 0;
}

void gwlinux_lower_priority(int niceness) {
    /* Linux keeps the value for each thread, whatever POSIX says of processes. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), niceness);
}

int64_t gwlinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return (int64_t)limit.rlim_cur;
}

void gwlinux_ignore_sigpipe(void) {
    signal(SIGPIPE, SIG_IGN);
}

size_t gwlinux_error_message(int code, uint8_t *out, size_t capacity) {
    char text[128];
    const char *message = strerror_r(code, text, sizeof text);
    size_t length = strlen(message);
    if (length > capacity) length = capacity;
    memcpy(out, message, length);
    return length;
}
