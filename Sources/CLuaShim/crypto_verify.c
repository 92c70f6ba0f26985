/* Signatures, as JWS names and writes them (RFC 7518, RFC 8037). */

#include "crypto.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, SIGNATURE_MAX = 1024 };

static const struct algorithm {
    const char *name, *key_type, *digest, *group;
    bool is_pss;
    size_t coordinate; /* bytes of each half of a raw signature */
} algorithms[] = {
    {"RS256", "RSA", "SHA256", NULL, false, 0},        {"RS384", "RSA", "SHA384", NULL, false, 0},
    {"RS512", "RSA", "SHA512", NULL, false, 0},        {"PS256", "RSA", "SHA256", NULL, true, 0},
    {"PS384", "RSA", "SHA384", NULL, true, 0},         {"PS512", "RSA", "SHA512", NULL, true, 0},
    {"ES256", "EC", "SHA256", "prime256v1", false, 32}, {"ES384", "EC", "SHA384", "secp384r1", false, 48},
    {"EdDSA", "ED25519", NULL, NULL, false, 0},
};

/* OpenSSL would ask on the terminal for the password of an encrypted key. */
static int no_password(char *buffer, int size, int is_written, void *context) {
    (void)buffer, (void)size, (void)is_written, (void)context;
    return -1;
}

static EVP_PKEY *read_key(struct gwlua_slice pem) {
    BIO *source = BIO_new_mem_buf(pem.bytes, (int)pem.count);
    if (!source) return NULL;
    EVP_PKEY *key = NULL;
    static const char certificate_start[] = "-----BEGIN CERTIFICATE-----";
    if (memmem(pem.bytes, pem.count, certificate_start, sizeof certificate_start - 1)) {
        X509 *certificate = PEM_read_bio_X509(source, NULL, no_password, NULL);
        if (certificate) key = X509_get_pubkey(certificate);
        X509_free(certificate);
    } else {
        key = PEM_read_bio_PUBKEY(source, NULL, no_password, NULL);
    }
    BIO_free(source);
    return key;
}

static enum gwlua_verdict check_key(EVP_PKEY *key, const struct algorithm *algorithm) {
    bool is_fit = EVP_PKEY_is_a(key, algorithm->key_type) || (algorithm->is_pss && EVP_PKEY_is_a(key, "RSA-PSS"));
    if (!is_fit) return GWLUA_KEY_OF_OTHER_KIND;
    if (algorithm->group) {
        char group[64];
        size_t count;
        if (EVP_PKEY_get_group_name(key, group, sizeof group, &count) != 1 || strcmp(group, algorithm->group) != 0)
            return GWLUA_KEY_OF_OTHER_KIND;
    } else if (algorithm->digest) {
        int bits = EVP_PKEY_get_bits(key);
        if (bits < RSA_BITS_MIN) return GWLUA_KEY_WEAK;
        if (bits > RSA_BITS_MAX) return GWLUA_KEY_LARGE; /* seconds of work for one signature */
    }
    return GWLUA_SIGNATURE_GOOD;
}

/* A raw signature of two numbers as DER; the caller frees it. */
static unsigned char *der_of_raw(struct gwlua_slice raw, size_t *count) {
    const unsigned char *bytes = raw.bytes;
    int half = (int)(raw.count / 2), length = -1;
    unsigned char *der = NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, half, NULL), *s = BN_bin2bn(bytes + half, half, NULL);
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
        r = s = NULL; /* they are the pair's now */
        length = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    *count = length > 0 ? (size_t)length : 0;
    return length > 0 ? der : NULL;
}

static enum gwlua_verdict verify_with(
    EVP_PKEY *key, const struct algorithm *algorithm, struct gwlua_slice signature, struct gwlua_slice data) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context) return GWLUA_VERIFY_FAILED;
    EVP_PKEY_CTX *settings = NULL; /* belongs to the context */
    enum gwlua_verdict verdict = GWLUA_VERIFY_FAILED;
    if (EVP_DigestVerifyInit_ex(context, &settings, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
        (!algorithm->is_pss ||
         (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1)))
        /* Below 0 is an encoding that cannot be right. */
        verdict = EVP_DigestVerify(context, signature.bytes, signature.count, data.bytes, data.count) == 1
                      ? GWLUA_SIGNATURE_GOOD
                      : GWLUA_SIGNATURE_BAD;
    EVP_MD_CTX_free(context);
    return verdict;
}

static enum gwlua_verdict verify(
    const struct algorithm *algorithm, EVP_PKEY *key, struct gwlua_slice signature, struct gwlua_slice data) {
    enum gwlua_verdict verdict = check_key(key, algorithm);
    if (verdict != GWLUA_SIGNATURE_GOOD) return verdict;
    if (signature.count == 0 || signature.count > SIGNATURE_MAX) return GWLUA_SIGNATURE_BAD;
    if (algorithm->coordinate == 0 || signature.count != 2 * algorithm->coordinate)
        return verify_with(key, algorithm, signature, data); /* DER already, or no pair of numbers */
    size_t count;
    unsigned char *der = der_of_raw(signature, &count);
    if (!der) return GWLUA_VERIFY_FAILED;
    verdict = verify_with(key, algorithm, (struct gwlua_slice){der, count}, data);
    OPENSSL_free(der);
    return verdict;
}

enum gwlua_verdict gwlua_verify(
    const char *name, struct gwlua_slice pem, struct gwlua_slice signature, struct gwlua_slice data) {
    const struct algorithm *algorithm = NULL;
    for (size_t index = 0; index < sizeof algorithms / sizeof *algorithms; index++)
        if (strcmp(name, algorithms[index].name) == 0) algorithm = &algorithms[index];
    if (!algorithm) return GWLUA_ALGORITHM_UNKNOWN;
    EVP_PKEY *key = read_key(pem);
    enum gwlua_verdict verdict = key ? verify(algorithm, key, signature, data) : GWLUA_KEY_INVALID;
    EVP_PKEY_free(key);
    ERR_clear_error(); /* the queue belongs to the thread, and others read it */
    return verdict;
}
