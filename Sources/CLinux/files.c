#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Unsigned, since a file may bear any date and a product that does not fit must wrap, not be undefined. */
static int64_t nanoseconds(struct timespec time) {
    return (int64_t)((uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec);
}

int gwlinux_file_status_of(const char *path, gwlinux_file_status *out) {
    struct stat status;
    if (lstat(path, &status) < 0) return -errno;
    out->device = status.st_dev;
    out->inode = status.st_ino;
    out->size = status.st_size;
    out->modified_ns = nanoseconds(status.st_mtim);
    out->changed_ns = nanoseconds(status.st_ctim);
    out->type = status.st_mode & S_IFMT;
    return 0;
}

int64_t gwlinux_read_link(const char *path, uint8_t *out, size_t capacity) {
    ssize_t length = readlink(path, (char *)out, capacity);
    return length < 0 ? -errno : length;
}

int gwlinux_inotify(void) {
    int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

static uint32_t mask(int kind) {
    const uint32_t place = IN_MOVE_SELF | IN_DELETE_SELF;
    const uint32_t content = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;
    const uint32_t names = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
    switch (kind) {
    case GWLINUX_WATCH_PLACE: return IN_DONT_FOLLOW | IN_ONLYDIR | place;
    case GWLINUX_WATCH_FILE: return IN_DONT_FOLLOW | content;
    /* A log that was removed and is still written to is nobody's configuration: IN_EXCL_UNLINK. */
    default: return IN_DONT_FOLLOW | IN_ONLYDIR | IN_EXCL_UNLINK | place | content | names;
    }
}

int gwlinux_inotify_add(int inotify, const char *path, int kind) {
    int watch = inotify_add_watch(inotify, path, mask(kind));
    return watch < 0 ? -errno : watch;
}

int gwlinux_inotify_remove(int inotify, int watch) {
    return inotify_rm_watch(inotify, watch) < 0 ? -errno : 0;
}

int gwlinux_inotify_drain(int inotify) {
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    int found = 0;
    /* Bounded, since somebody may write faster than this reads; what is left is found the next time. */
    for (int turn = 0; turn < 256; turn++) {
        ssize_t count = read(inotify, events, sizeof events);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        found = 1;
    }
    return found;
}

int gwlinux_open_append(const char *path, uint32_t mode) {
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, (mode_t)mode);
    return descriptor < 0 ? -errno : descriptor;
}

int64_t gwlinux_write(int descriptor, const void *bytes, size_t count) {
    struct stat status;
    if (count > PIPE_BUF && fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode)) count = PIPE_BUF;
    ssize_t result;
    do {
        result = write(descriptor, bytes, count);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

void gwlinux_ignore_sighup(void) { (void)signal(SIGHUP, SIG_IGN); }

void gwlinux_hold_standard_descriptors(void) {
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor > STDERR_FILENO) close(descriptor);
}

void gwlinux_trim_memory(void) { (void)malloc_trim(0); }
