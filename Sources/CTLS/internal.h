#ifndef CTLS_INTERNAL_H
#define CTLS_INTERNAL_H

#include "include/CTLS.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct gwtls_client {
    SSL_CTX *context;
    atomic_int users;
};

struct gwtls_memory {
    SSL_SESSION *session;
};

struct gwtls_session {
    SSL *ssl;
    int32_t descriptor;
    /* The last read got less than it asked for: until the kernel says more has come, there is nothing. */
    bool is_drained;
    bool has_failed;
    /* errno of the socket's failure; 0 when TLS itself failed. */
    int32_t socket_error;
    gwtls_server *server;
    gwtls_client *client;
    gwtls_memory *memory;
    char reason[GWTLS_TEXT_MAX];
};

/* The reason of the newest error, in words; the queue is empty afterwards. */
void gwtls_take_reason(char *text, size_t count);
void gwtls_fail(gwtls_error *error, const char *problem);

/* What all connections have in common. */
SSL_CTX *gwtls_context(const SSL_METHOD *method, int32_t min_version, gwtls_error *error);
bool gwtls_use(SSL_CTX *context, gwtls_bytes chain, gwtls_bytes key, gwtls_error *error);
/* A store of the certificates of a PEM text, and their names where `names` is given. */
X509_STORE *gwtls_store(gwtls_bytes pem, STACK_OF(X509_NAME) **names, gwtls_error *error);
X509 *gwtls_leaf(gwtls_bytes chain, gwtls_error *error);
void gwtls_describe_certificate(X509 *certificate, gwtls_certificate *out);

void gwtls_use_tickets(SSL_CTX *context);
BIO *gwtls_transport(gwtls_session *session);
/* Index of the session in the application data of an SSL. */
int gwtls_session_index(void);

#endif
