/* Keys that session tickets are sealed with (RFC 5077 §4): the process's, so that a session that one worker gave is
 * taken by all, before and after a change of certificates. */

#include "internal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

struct ticket_key {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
};

/* The newest first. Readers hold the lock for as long as a copy takes, the writer too. */
static struct ticket_key keys[2];
static int key_count;
/* Looked up once: a look-up by name for each ticket would cost more than sealing it. */
static EVP_CIPHER *sealing;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

bool gwtls_rotate_tickets(void) {
    struct ticket_key fresh;
    if (RAND_bytes((unsigned char *)&fresh, sizeof fresh) != 1) return false;
    pthread_rwlock_wrlock(&lock);
    if (!sealing) sealing = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    keys[1] = keys[0];
    keys[0] = fresh;
    if (key_count < 2) key_count++;
    bool is_ready = sealing != NULL;
    pthread_rwlock_unlock(&lock);
    OPENSSL_cleanse(&fresh, sizeof fresh);
    return is_ready;
}

/* The key of that name, or the newest one; its position, -1 when there is none. */
static int take_key(const unsigned char *name, struct ticket_key *out) {
    int found = -1;
    pthread_rwlock_rdlock(&lock);
    for (int index = 0; index < key_count; index++) {
        if (name && memcmp(name, keys[index].name, sizeof keys[index].name) != 0) continue;
        *out = keys[index];
        found = index;
        break;
    }
    pthread_rwlock_unlock(&lock);
    return found;
}

static int seal_or_open(
    SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seals) {
    struct ticket_key key;
    int position = take_key(seals ? NULL : name, &key);
    /* Not one of ours: a whole handshake follows. */
    if (position < 0) return 0;
    int result = -1;
    if (seals) {
        memcpy(name, key.name, sizeof key.name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(sealing)) != 1) return -1;
    }
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof key.mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0),
        OSSL_PARAM_construct_end(),
    };
    int is_ready = EVP_MAC_CTX_set_params(mac, parameters);
    if (is_ready && seals) {
        is_ready = EVP_EncryptInit_ex(cipher, sealing, NULL, key.cipher, iv);
    } else if (is_ready) {
        is_ready = EVP_DecryptInit_ex(cipher, sealing, NULL, key.cipher, iv);
    }
    /* 2: opened, and the client gets a new one, sealed with the newest key. In TLS 1.3 it always does, since there a
     * ticket is used once (RFC 8446 §C.4). */
    bool is_renewed = !seals && (position > 0 || SSL_version(ssl) >= TLS1_3_VERSION);
    if (is_ready) result = is_renewed ? 2 : 1;
    OPENSSL_cleanse(&key, sizeof key);
    return result;
}

static void make_first_key(void) { gwtls_rotate_tickets(); }

void gwtls_use_tickets(SSL_CTX *context) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_first_key);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_or_open);
}
