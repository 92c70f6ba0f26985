#include "internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

void gwtls_take_reason(char *text, size_t count) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(text, count, "%s", reason ? reason : "no reason given");
    ERR_clear_error();
}

void gwtls_fail(gwtls_error *error, const char *problem) {
    char reason[GWTLS_TEXT_MAX / 2];
    bool has_reason = ERR_peek_last_error() != 0;
    gwtls_take_reason(reason, sizeof reason);
    if (has_reason) {
        snprintf(error->text, sizeof error->text, "%s: %s", problem, reason);
    } else {
        snprintf(error->text, sizeof error->text, "%s", problem);
    }
}

/* There is nobody to ask for a passphrase. */
static int no_passphrase(char *space, int count, int writes, void *user) {
    (void)space, (void)count, (void)writes, (void)user;
    return -1;
}

static BIO *reader(gwtls_bytes pem) {
    return BIO_new_mem_buf(pem.bytes, pem.count > INT32_MAX ? INT32_MAX : (int)pem.count);
}

/* The queue holds nothing but the end of the text. */
static bool is_at_end(void) {
    unsigned long code = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (is_end) ERR_clear_error();
    return is_end || code == 0;
}

X509 *gwtls_leaf(gwtls_bytes chain, gwtls_error *error) {
    ERR_clear_error();
    BIO *source = reader(chain);
    X509 *leaf = source ? PEM_read_bio_X509(source, NULL, no_passphrase, NULL) : NULL;
    BIO_free(source);
    if (!leaf) gwtls_fail(error, "it holds no certificate in PEM form");
    return leaf;
}

int32_t gwtls_count(gwtls_bytes pem, gwtls_error *error) {
    ERR_clear_error();
    BIO *source = reader(pem);
    int32_t count = 0;
    X509 *certificate;
    while (source && (certificate = PEM_read_bio_X509(source, NULL, no_passphrase, NULL))) {
        X509_free(certificate);
        count++;
    }
    BIO_free(source);
    if (is_at_end() && count > 0) return count;
    gwtls_fail(error, count ? "one of its certificates is broken" : "it holds no certificate in PEM form");
    return -1;
}

bool gwtls_use(SSL_CTX *context, gwtls_bytes chain, gwtls_bytes key, gwtls_error *error) {
    X509 *leaf = gwtls_leaf(chain, error);
    if (!leaf) return false;
    BIO *source = reader(key);
    EVP_PKEY *private_key = source ? PEM_read_bio_PrivateKey(source, NULL, no_passphrase, NULL) : NULL;
    BIO_free(source);
    bool is_fine = false;
    error->is_of_key = true;
    if (!private_key) {
        gwtls_fail(error, "it holds no private key in PEM form, or one with a passphrase");
    } else if (X509_check_private_key(leaf, private_key) != 1) {
        gwtls_fail(error, "the key is not that of the certificate");
    } else {
        error->is_of_key = false;
        /* Loads the chain behind the leaf too. */
        STACK_OF(X509) *rest = sk_X509_new_null();
        source = reader(chain);
        X509 *one = source ? PEM_read_bio_X509(source, NULL, no_passphrase, NULL) : NULL;
        X509_free(one);
        while (source && rest && (one = PEM_read_bio_X509(source, NULL, no_passphrase, NULL))) sk_X509_push(rest, one);
        BIO_free(source);
        if (!is_at_end() || !rest) {
            gwtls_fail(error, "a certificate of its chain is broken");
        } else if (SSL_CTX_use_cert_and_key(context, leaf, private_key, rest, 1) != 1) {
            gwtls_fail(error, "the certificate is not accepted");
        } else {
            is_fine = true;
        }
        sk_X509_pop_free(rest, X509_free);
    }
    EVP_PKEY_free(private_key);
    X509_free(leaf);
    return is_fine;
}

X509_STORE *gwtls_store(gwtls_bytes pem, STACK_OF(X509_NAME) **names, gwtls_error *error) {
    if (gwtls_count(pem, error) < 0) return NULL;
    X509_STORE *store = X509_STORE_new();
    BIO *source = reader(pem);
    X509 *certificate;
    while (store && source && (certificate = PEM_read_bio_X509(source, NULL, no_passphrase, NULL))) {
        X509_STORE_add_cert(store, certificate);
        if (names) sk_X509_NAME_push(*names, X509_NAME_dup(X509_get_subject_name(certificate)));
        X509_free(certificate);
    }
    BIO_free(source);
    ERR_clear_error();
    if (!store) gwtls_fail(error, "memory is short");
    return store;
}

/* MARK: Descriptions */

struct writer {
    char *text;
    size_t room, count;
};

/* A name may hold anything: what could be taken for something else is escaped. */
static void put(struct writer *out, const char *prefix, const unsigned char *bytes, size_t count) {
    size_t before = out->count;
    int written = snprintf(out->text + out->count, out->room - out->count, "%s%s:", before ? ", " : "", prefix);
    if (written < 0 || (size_t)written >= out->room - out->count) goto full;
    out->count += (size_t)written;
    for (size_t index = 0; index < count; index++) {
        unsigned char byte = bytes[index];
        bool is_plain = byte > 0x20 && byte < 0x7F && byte != ',' && byte != '"' && byte != '\\' && byte != ';';
        written = snprintf(out->text + out->count, out->room - out->count, is_plain ? "%c" : "%%%02X", byte);
        if (written < 0 || (size_t)written >= out->room - out->count) goto full;
        out->count += (size_t)written;
    }
    return;
full:
    out->count = before;
    out->text[before] = 0;
}

static void put_address(struct writer *out, const ASN1_OCTET_STRING *address) {
    const unsigned char *bytes = ASN1_STRING_get0_data(address);
    char text[64];
    if (ASN1_STRING_length(address) == 4) {
        snprintf(text, sizeof text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    } else if (ASN1_STRING_length(address) == 16) {
        int count = 0;
        for (int index = 0; index < 16; index += 2) {
            count += snprintf(text + count, sizeof text - (size_t)count, index ? ":%x" : "%x",
                bytes[index] << 8 | bytes[index + 1]);
        }
    } else {
        return;
    }
    put(out, "IP", (const unsigned char *)text, strlen(text));
}

static int64_t seconds(const ASN1_TIME *time) {
    struct tm parts;
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    return (int64_t)timegm(&parts);
}

void gwtls_describe_certificate(X509 *certificate, gwtls_certificate *out) {
    memset(out, 0, sizeof *out);
    BIO *text = BIO_new(BIO_s_mem());
    if (text && X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        int count = BIO_read(text, out->subject, (int)sizeof out->subject - 1);
        out->subject[count > 0 ? count : 0] = 0;
    }
    BIO_free(text);
    struct writer names = { out->names, sizeof out->names, 0 };
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; index < sk_GENERAL_NAME_num(all); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, index);
        if (name->type == GEN_IPADD) {
            put_address(&names, name->d.iPAddress);
            continue;
        }
        const char *prefix = name->type == GEN_DNS ? "DNS" : name->type == GEN_URI ? "URI"
            : name->type == GEN_EMAIL ? "email" : NULL;
        if (!prefix) continue;
        put(&names, prefix, ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5));
    }
    GENERAL_NAMES_free(all);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &count) == 1 && count == 32) {
        for (unsigned index = 0; index < count; index++)
            snprintf(out->fingerprint + 2 * index, 3, "%02x", digest[index]);
    }
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *digits = serial ? BN_bn2hex(serial) : NULL;
    if (digits) snprintf(out->serial, sizeof out->serial, "%s", digits);
    OPENSSL_free(digits);
    BN_free(serial);
    out->not_before = seconds(X509_get0_notBefore(certificate));
    out->not_after = seconds(X509_get0_notAfter(certificate));
    ERR_clear_error();
}

bool gwtls_describe(gwtls_bytes pem, gwtls_certificate *out, gwtls_error *error) {
    X509 *leaf = gwtls_leaf(pem, error);
    if (!leaf) return false;
    gwtls_describe_certificate(leaf, out);
    X509_free(leaf);
    return true;
}
