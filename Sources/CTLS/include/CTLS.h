#ifndef CTLS_H
#define CTLS_H

/* OpenSSL as the gateway uses it. Swift cannot import what OpenSSL offers as macros and callbacks, and the transport
 * below TLS is ours: it spares the system call that finds a drained socket empty. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a listener presents and asks for; read-only once made, shared by workers, freed with its last user. */
typedef struct gwtls_server gwtls_server;
/* How connections to one upstream are made; as above. */
typedef struct gwtls_client gwtls_client;
/* One connection; one thread's own. */
typedef struct gwtls_session gwtls_session;
/* What a client remembers of a server, so that the next handshake is short; one thread's own. */
typedef struct gwtls_memory gwtls_memory;

typedef struct {
    const uint8_t *bytes;
    size_t count;
} gwtls_bytes;

enum { GWTLS_TEXT_MAX = 512, GWTLS_NAMES_MAX = 4096 };

/* A text that describes what went wrong; empty when nothing did. */
typedef struct {
    char text[GWTLS_TEXT_MAX];
    /* The fault is in the key rather than in the certificate. */
    bool is_of_key;
} gwtls_error;

typedef struct {
    char subject[GWTLS_TEXT_MAX];
    /* Names it is for, as `DNS:a.example, IP:10.0.0.1, URI:spiffe://…`. */
    char names[GWTLS_NAMES_MAX];
    /* SHA-256 of its DER form, in hexadecimal digits. */
    char fingerprint[65];
    char serial[65];
    /* Unix time in seconds. */
    int64_t not_before;
    int64_t not_after;
} gwtls_certificate;

enum { GWTLS_TLS_1_2 = 12, GWTLS_TLS_1_3 = 13 };
enum { GWTLS_CLIENTS_OFF, GWTLS_CLIENTS_REQUEST, GWTLS_CLIENTS_REQUIRE };

/* MARK: Certificates */

/* Describes the first certificate of a PEM text; false with a reason when there is none. */
bool gwtls_describe(gwtls_bytes pem, gwtls_certificate *out, gwtls_error *error);
/* How many certificates a PEM text holds; -1 with a reason when it is not all certificates. */
int32_t gwtls_count(gwtls_bytes pem, gwtls_error *error);

/* MARK: Servers */

gwtls_server *gwtls_server_new(int32_t min_version, gwtls_error *error);
/* Adds a certificate chain and its key. The first one serves whoever asks for no name that is known. */
bool gwtls_server_add(gwtls_server *server, gwtls_bytes chain, gwtls_bytes key, gwtls_error *error);
/* Asks clients for certificates that these authorities have signed. After the last `gwtls_server_add`. */
bool gwtls_server_ask(gwtls_server *server, int32_t mode, gwtls_bytes authorities, gwtls_error *error);
gwtls_server *gwtls_server_retain(gwtls_server *server);
void gwtls_server_release(gwtls_server *server);

/* Replaces the key that tickets are sealed with; the one before still opens tickets. */
bool gwtls_rotate_tickets(void);

/* MARK: Clients */

/* `authorities` empty: those of the system. `chain` and `key` empty: no certificate of our own. */
gwtls_client *gwtls_client_new(
    int32_t min_version, bool verifies, gwtls_bytes authorities, gwtls_bytes chain, gwtls_bytes key,
    gwtls_error *error);
void gwtls_client_release(gwtls_client *client);
gwtls_memory *gwtls_memory_new(void);
void gwtls_memory_free(gwtls_memory *memory);

/* MARK: Sessions */

/* NULL when memory is short. The descriptor stays its owner's. */
gwtls_session *gwtls_accept(gwtls_server *server, int32_t descriptor);
/* `name` is what the server's certificate must be for, an address or a host name; NULL checks no name. */
gwtls_session *gwtls_connect(
    gwtls_client *client, int32_t descriptor, const char *name, bool is_address, gwtls_memory *memory);
void gwtls_free(gwtls_session *session);

enum { GWTLS_DONE, GWTLS_WANTS_READ, GWTLS_WANTS_WRITE, GWTLS_FAILED, GWTLS_PLAIN_HTTP };

int32_t gwtls_handshake(gwtls_session *session);
/* Fills as much of `space` as there is; 0 at the peer's orderly end, -errno when nothing was read. */
int64_t gwtls_read(gwtls_session *session, void *space, size_t count);
/* The number of bytes taken, or -errno. What was not taken must be offered again, with more behind it if any. */
int64_t gwtls_write(gwtls_session *session, const void *bytes, size_t count);
/* Tells the peer that nothing more comes, as far as the socket takes it now. */
void gwtls_close_notify(gwtls_session *session);

/* Why the last call failed, in OpenSSL's words. */
void gwtls_reason(gwtls_session *session, gwtls_error *out);
/* `TLSv1.3`, and the like. */
const char *gwtls_version(const gwtls_session *session);
const char *gwtls_cipher(const gwtls_session *session);
/* The name that the client asked for; NULL without one. */
const char *gwtls_asked_name(const gwtls_session *session);
bool gwtls_is_resumed(const gwtls_session *session);
/* The client's certificate; false without one. */
bool gwtls_peer(const gwtls_session *session, gwtls_certificate *out);

#endif
