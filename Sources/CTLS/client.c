#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* Keeps the newest session, which the next connection to the same server takes up. */
static int session_offered(SSL *ssl, SSL_SESSION *offered) {
    gwtls_session *session = SSL_get_ex_data(ssl, gwtls_session_index());
    if (!session || !session->memory) return 0;
    SSL_SESSION_free(session->memory->session);
    session->memory->session = offered;
    return 1;
}

gwtls_client *gwtls_client_new(
    int32_t min_version, bool verifies, gwtls_bytes authorities, gwtls_bytes chain, gwtls_bytes key,
    gwtls_error *error) {
    SSL_CTX *context = gwtls_context(TLS_client_method(), min_version, error);
    gwtls_client *client = context ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        SSL_CTX_free(context);
        return NULL;
    }
    client->context = context;
    atomic_init(&client->users, 1);
    bool is_fine = true;
    if (verifies && authorities.count > 0) {
        X509_STORE *store = gwtls_store(authorities, NULL, error);
        is_fine = store != NULL;
        if (store) SSL_CTX_set_cert_store(context, store);
    } else if (verifies && SSL_CTX_set_default_verify_paths(context) != 1) {
        gwtls_fail(error, "the system has no certificates of authorities");
        is_fine = false;
    }
    if (is_fine && chain.count > 0) is_fine = gwtls_use(context, chain, key, error);
    if (!is_fine) {
        gwtls_client_release(client);
        return NULL;
    }
    SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, session_offered);
    static const unsigned char spoken[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context, spoken, sizeof spoken - 1);
    return client;
}

void gwtls_client_release(gwtls_client *client) {
    if (!client || atomic_fetch_sub_explicit(&client->users, 1, memory_order_acq_rel) != 1) return;
    SSL_CTX_free(client->context);
    free(client);
}

gwtls_memory *gwtls_memory_new(void) { return calloc(1, sizeof(gwtls_memory)); }

void gwtls_memory_free(gwtls_memory *memory) {
    if (!memory) return;
    SSL_SESSION_free(memory->session);
    free(memory);
}

static bool expect(SSL *ssl, const char *name, bool is_address) {
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1;
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* Names of servers alone are sent (RFC 6066 §3). */
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

gwtls_session *gwtls_connect(
    gwtls_client *client, int32_t descriptor, const char *name, bool is_address, gwtls_memory *memory) {
    gwtls_session *session = calloc(1, sizeof *session);
    SSL *ssl = session ? SSL_new(client->context) : NULL;
    BIO *transport = ssl ? gwtls_transport(session) : NULL;
    if (!transport || (name && !expect(ssl, name, is_address)) ||
        SSL_set_ex_data(ssl, gwtls_session_index(), session) != 1) {
        BIO_free(transport);
        SSL_free(ssl);
        free(session);
        ERR_clear_error();
        return NULL;
    }
    session->ssl = ssl;
    session->descriptor = descriptor;
    atomic_fetch_add_explicit(&client->users, 1, memory_order_relaxed);
    session->client = client;
    session->memory = memory;
    SSL_set_bio(ssl, transport, transport);
    SSL_set_connect_state(ssl);
    if (memory && memory->session) SSL_set_session(ssl, memory->session);
    return session;
}
