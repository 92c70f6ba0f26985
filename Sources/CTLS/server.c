#include "internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A name of a certificate, and who serves it. */
struct entry {
    char *name;
    SSL_CTX *context;
};

/* One certificate, or one of each kind of key for the same names. */
struct holder {
    SSL_CTX *context;
    char *names;
    int kinds[4];
    size_t kind_count;
};

struct gwtls_server {
    atomic_int users;
    int32_t min_version;
    struct holder *holders;
    size_t holder_count;
    /* Sorted by name. */
    struct entry *entries;
    size_t entry_count;
};

/* MARK: What all connections have in common */

SSL_CTX *gwtls_context(const SSL_METHOD *method, int32_t min_version, gwtls_error *error) {
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context) {
        gwtls_fail(error, "TLS cannot be set up");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, min_version == GWTLS_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(
        context,
        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    /* One system call for a record instead of two. */
    SSL_CTX_set_read_ahead(context, 1);
    /* Authenticated encryption with forward secrecy alone; those of TLS 1.3 are all of that kind. */
    if (SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1
        || SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1) {
        gwtls_fail(error, "TLS cannot be set up");
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

/* MARK: Names */

static int compare_entries(const void *left, const void *right) {
    return strcasecmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

static SSL_CTX *look_up(const gwtls_server *server, const char *name) {
    struct entry wanted = { (char *)name, NULL };
    const struct entry *found =
        bsearch(&wanted, server->entries, server->entry_count, sizeof *server->entries, compare_entries);
    return found ? found->context : NULL;
}

/* RFC 6066 §3: exact names first, then a wildcard that stands for the first label (RFC 6125 §6.4.3). */
static SSL_CTX *choose(const gwtls_server *server, const char *name) {
    size_t count = strlen(name);
    if (count == 0 || count > 253) return NULL;
    char text[256];
    memcpy(text, name, count + 1);
    if (text[count - 1] == '.') text[count - 1] = 0;
    SSL_CTX *found = look_up(server, text);
    char *dot = found ? NULL : strchr(text, '.');
    if (dot && dot > text) {
        dot[-1] = '*';
        found = look_up(server, dot - 1);
    }
    return found;
}

static int name_asked(SSL *ssl, int *alert, void *argument) {
    (void)alert;
    const gwtls_server *server = argument;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX *context = name ? choose(server, name) : NULL;
    if (context && context != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301; a client that offers only what is not spoken here is told so. */
static int protocol_offered(
    SSL *ssl, const unsigned char **out, unsigned char *out_count, const unsigned char *in, unsigned in_count,
    void *argument) {
    (void)ssl, (void)argument;
    static const unsigned char spoken[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    int result = SSL_select_next_proto(&chosen, out_count, spoken, sizeof spoken - 1, in, in_count);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* The DNS names of a certificate, each with a line end behind it; the common name where it has none. */
static char *names_of(X509 *certificate) {
    size_t room = 1, count = 0;
    char *text = calloc(1, room);
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; text && index < sk_GENERAL_NAME_num(all); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, index);
        if (name->type != GEN_DNS) continue;
        size_t length = (size_t)ASN1_STRING_length(name->d.dNSName);
        const char *bytes = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        if (length == 0 || length > 253 || memchr(bytes, 0, length) || memchr(bytes, '\n', length)) continue;
        char *larger = realloc(text, room + length + 1);
        if (!larger) break;
        text = larger;
        room += length + 1;
        memcpy(text + count, bytes, length);
        text[count + length] = '\n';
        count += length + 1;
        text[count] = 0;
    }
    GENERAL_NAMES_free(all);
    if (text && count == 0) {
        char common[256];
        int length =
            X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common, sizeof common);
        if (length > 0 && length < 254 && !memchr(common, '\n', (size_t)length)) {
            char *larger = realloc(text, (size_t)length + 2);
            if (larger) {
                text = larger;
                memcpy(text, common, (size_t)length);
                memcpy(text + length, "\n", 2);
            }
        }
    }
    return text;
}

static bool index_names(gwtls_server *server, const char *names, SSL_CTX *context) {
    for (const char *start = names; *start;) {
        const char *end = strchr(start, '\n');
        char *name = strndup(start, (size_t)(end - start));
        start = end + 1;
        if (!name) return false;
        /* The first certificate that is for a name serves it. */
        if (look_up(server, name)) {
            free(name);
            continue;
        }
        struct entry *larger = realloc(server->entries, (server->entry_count + 1) * sizeof *larger);
        if (!larger) {
            free(name);
            return false;
        }
        server->entries = larger;
        server->entries[server->entry_count++] = (struct entry) { name, context };
        qsort(server->entries, server->entry_count, sizeof *server->entries, compare_entries);
    }
    return true;
}

/* MARK: Making */

gwtls_server *gwtls_server_new(int32_t min_version, gwtls_error *error) {
    gwtls_server *server = calloc(1, sizeof *server);
    if (!server) {
        gwtls_fail(error, "memory is short");
        return NULL;
    }
    atomic_init(&server->users, 1);
    server->min_version = min_version;
    return server;
}

/* One of the same names that has no key of this kind yet. */
static struct holder *sharer(gwtls_server *server, const char *names, int kind) {
    for (size_t index = 0; index < server->holder_count; index++) {
        struct holder *holder = &server->holders[index];
        if (strcasecmp(holder->names, names) != 0 || holder->kind_count == 4) continue;
        bool has_kind = false;
        for (size_t position = 0; position < holder->kind_count; position++) {
            has_kind = has_kind || holder->kinds[position] == kind;
        }
        if (!has_kind) return holder;
    }
    return NULL;
}

static struct holder *new_holder(gwtls_server *server, char *names, gwtls_error *error) {
    SSL_CTX *context = gwtls_context(TLS_server_method(), server->min_version, error);
    if (!context) return NULL;
    struct holder *larger = realloc(server->holders, (server->holder_count + 1) * sizeof *larger);
    if (!larger) {
        SSL_CTX_free(context);
        gwtls_fail(error, "memory is short");
        return NULL;
    }
    server->holders = larger;
    struct holder *holder = &server->holders[server->holder_count++];
    *holder = (struct holder) { .context = context, .names = names };
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, 3600);
    SSL_CTX_set_tlsext_servername_callback(context, name_asked);
    SSL_CTX_set_tlsext_servername_arg(context, server);
    SSL_CTX_set_alpn_select_cb(context, protocol_offered, NULL);
    gwtls_use_tickets(context);
    return holder;
}

bool gwtls_server_add(gwtls_server *server, gwtls_bytes chain, gwtls_bytes key, gwtls_error *error) {
    X509 *leaf = gwtls_leaf(chain, error);
    if (!leaf) return false;
    char *names = names_of(leaf);
    EVP_PKEY *public_key = X509_get0_pubkey(leaf);
    int kind = public_key ? EVP_PKEY_get_base_id(public_key) : 0;
    X509_free(leaf);
    if (!names) {
        gwtls_fail(error, "memory is short");
        return false;
    }
    struct holder *holder = sharer(server, names, kind);
    bool is_new = !holder;
    if (is_new) holder = new_holder(server, names, error);
    if (!is_new || !holder) free(names);
    if (!holder || !gwtls_use(holder->context, chain, key, error)) return false;
    holder->kinds[holder->kind_count++] = kind;
    return !is_new || index_names(server, holder->names, holder->context);
}

bool gwtls_server_ask(gwtls_server *server, int32_t mode, gwtls_bytes authorities, gwtls_error *error) {
    /* Sessions that began elsewhere, under another rule about clients, are not taken up here. */
    unsigned char scope[32] = { 0 };
    unsigned count = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1
        || EVP_DigestUpdate(digest, &mode, sizeof mode) != 1
        || EVP_DigestUpdate(digest, authorities.bytes, authorities.count) != 1
        || EVP_DigestFinal_ex(digest, scope, &count) != 1) {
        EVP_MD_CTX_free(digest);
        gwtls_fail(error, "memory is short");
        return false;
    }
    EVP_MD_CTX_free(digest);
    for (size_t index = 0; index < server->holder_count; index++) {
        SSL_CTX *context = server->holders[index].context;
        SSL_CTX_set_session_id_context(context, scope, sizeof scope);
        if (mode == GWTLS_CLIENTS_OFF) continue;
        STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
        X509_STORE *store = names ? gwtls_store(authorities, &names, error) : NULL;
        if (!store) {
            sk_X509_NAME_pop_free(names, X509_NAME_free);
            return false;
        }
        SSL_CTX_set1_verify_cert_store(context, store);
        X509_STORE_free(store);
        SSL_CTX_set_client_CA_list(context, names);
        int flags = SSL_VERIFY_PEER | (mode == GWTLS_CLIENTS_REQUIRE ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
        SSL_CTX_set_verify(context, flags, NULL);
        SSL_CTX_set_verify_depth(context, 8);
    }
    return true;
}

gwtls_server *gwtls_server_retain(gwtls_server *server) {
    atomic_fetch_add_explicit(&server->users, 1, memory_order_relaxed);
    return server;
}

void gwtls_server_release(gwtls_server *server) {
    if (!server || atomic_fetch_sub_explicit(&server->users, 1, memory_order_acq_rel) != 1) return;
    for (size_t index = 0; index < server->holder_count; index++) {
        SSL_CTX_free(server->holders[index].context);
        free(server->holders[index].names);
    }
    for (size_t index = 0; index < server->entry_count; index++) free(server->entries[index].name);
    free(server->holders);
    free(server->entries);
    free(server);
}

gwtls_session *gwtls_accept(gwtls_server *server, int32_t descriptor) {
    if (server->holder_count == 0) return NULL;
    gwtls_session *session = calloc(1, sizeof *session);
    SSL *ssl = session ? SSL_new(server->holders[0].context) : NULL;
    BIO *transport = ssl ? gwtls_transport(session) : NULL;
    if (!transport) {
        SSL_free(ssl);
        free(session);
        ERR_clear_error();
        return NULL;
    }
    session->ssl = ssl;
    session->descriptor = descriptor;
    session->server = gwtls_server_retain(server);
    SSL_set_bio(ssl, transport, transport);
    SSL_set_accept_state(ssl);
    return session;
}
