/* What TLS reads from and writes to: the session's socket. */

#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

static BIO_METHOD *method;
static int session_index = -1;

static int transport_read(BIO *bio, char *space, int count) {
    gwtls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session->is_drained) {
        BIO_set_retry_read(bio);
        return -1;
    }
    ssize_t result;
    do result = recv(session->descriptor, space, (size_t)count, 0);
    while (result < 0 && errno == EINTR);
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        session->is_drained = true;
        BIO_set_retry_read(bio);
        return -1;
    }
    if (result < 0) session->socket_error = errno;
    if (result > 0 && result < count) session->is_drained = true;
    return (int)result;
}

static int transport_write(BIO *bio, const char *bytes, int count) {
    gwtls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t result;
    do result = send(session->descriptor, bytes, (size_t)count, MSG_NOSIGNAL);
    while (result < 0 && errno == EINTR);
    if (result >= 0) return (int)result;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        BIO_set_retry_write(bio);
    } else {
        session->socket_error = errno;
    }
    return -1;
}

static long transport_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static void prepare(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gateway");
    if (method) {
        BIO_meth_set_read(method, transport_read);
        BIO_meth_set_write(method, transport_write);
        BIO_meth_set_ctrl(method, transport_control);
    }
    session_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static void prepare_once(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
}

int gwtls_session_index(void) {
    prepare_once();
    return session_index;
}

BIO *gwtls_transport(gwtls_session *session) {
    prepare_once();
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio) return NULL;
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    BIO_set_shutdown(bio, 0);
    return bio;
}
