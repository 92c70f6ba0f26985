#include "internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gwtls_free(gwtls_session *session) {
    if (!session) return;
    /* Else a connection that ends without ceremony takes the session with it that others would take up. */
    if (!session->has_failed) SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(session->ssl);
    gwtls_server_release(session->server);
    gwtls_client_release(session->client);
    free(session);
}

/* After a failure nothing more may be done with a session, not even an orderly end. */
static int32_t fail(gwtls_session *session) {
    session->has_failed = true;
    long verdict = SSL_get_verify_result(session->ssl);
    if (session->socket_error) {
        snprintf(session->reason, sizeof session->reason, "%s", strerror(session->socket_error));
        ERR_clear_error();
    } else if (verdict != X509_V_OK && SSL_get_verify_mode(session->ssl) != SSL_VERIFY_NONE) {
        snprintf(session->reason, sizeof session->reason, "%s", X509_verify_cert_error_string(verdict));
        ERR_clear_error();
    } else {
        gwtls_take_reason(session->reason, sizeof session->reason);
    }
    return session->socket_error ? session->socket_error : EPROTO;
}

int32_t gwtls_handshake(gwtls_session *session) {
    if (session->has_failed) return GWTLS_FAILED;
    ERR_clear_error();
    session->is_drained = false;
    int result = SSL_do_handshake(session->ssl);
    if (result == 1) return GWTLS_DONE;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ: return GWTLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return GWTLS_WANTS_WRITE;
    default: break;
    }
    bool is_plain = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
    fail(session);
    return is_plain ? GWTLS_PLAIN_HTTP : GWTLS_FAILED;
}

int64_t gwtls_read(gwtls_session *session, void *space, size_t count) {
    if (session->has_failed) return -EPROTO;
    ERR_clear_error();
    session->is_drained = false;
    size_t total = 0;
    while (total < count) {
        size_t got = 0;
        int result = SSL_read_ex(session->ssl, (unsigned char *)space + total, count - total, &got);
        if (result == 1) {
            total += got;
            continue;
        }
        int kind = SSL_get_error(session->ssl, result);
        if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
            if (total == 0) return -EAGAIN;
            break;
        }
        /* What came before is handed out first; the end is found again by the next call. */
        if (kind == SSL_ERROR_ZERO_RETURN) break;
        int32_t code = fail(session);
        if (total == 0) return -code;
        break;
    }
    return (int64_t)total;
}

int64_t gwtls_write(gwtls_session *session, const void *bytes, size_t count) {
    if (session->has_failed) return -EPIPE;
    if (count == 0) return 0;
    ERR_clear_error();
    size_t total = 0;
    while (total < count) {
        size_t taken = 0;
        int result = SSL_write_ex(session->ssl, (const unsigned char *)bytes + total, count - total, &taken);
        if (result == 1) {
            total += taken;
            continue;
        }
        int kind = SSL_get_error(session->ssl, result);
        if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
            if (total == 0) return -EAGAIN;
            break;
        }
        int32_t code = fail(session);
        return -code;
    }
    return (int64_t)total;
}

void gwtls_close_notify(gwtls_session *session) {
    if (session->has_failed || !SSL_is_init_finished(session->ssl)) return;
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

void gwtls_reason(gwtls_session *session, gwtls_error *out) {
    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "%s", session->reason);
}

const char *gwtls_version(const gwtls_session *session) { return SSL_get_version(session->ssl); }
const char *gwtls_cipher(const gwtls_session *session) { return SSL_get_cipher_name(session->ssl); }

const char *gwtls_asked_name(const gwtls_session *session) {
    return SSL_get_servername(session->ssl, TLSEXT_NAMETYPE_host_name);
}

bool gwtls_is_resumed(const gwtls_session *session) { return SSL_session_reused(session->ssl) == 1; }

bool gwtls_peer(const gwtls_session *session, gwtls_certificate *out) {
    X509 *certificate = SSL_get1_peer_certificate(session->ssl);
    if (!certificate) return false;
    gwtls_describe_certificate(certificate, out);
    X509_free(certificate);
    return true;
}
