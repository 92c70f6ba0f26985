/* The module `crypto`. The work is OpenSSL's; between the allocation of an object of it and its end there is no call of
 * Lua that can raise. */

#include "crypto.h"
#include "internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

enum {
    BLOCK = 32768, /* bytes hashed between two looks at the kill flag: less than 0.2 ms */
    RANDOM_MAX = 1024,
    KEY_MAX = 16384,
};

/* MARK: Hashes. Looked up once: OpenSSL 3 takes longer for that than for hashing a header. */

enum { SHA1, SHA256, SHA512, HASHES };
static const char *const hash_names[HASHES] = {"SHA1", "SHA256", "SHA512"};
static EVP_MD *hashes[HASHES];
static EVP_MAC *hmac;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void look_up(void) {
    for (int hash = 0; hash < HASHES; hash++) hashes[hash] = EVP_MD_fetch(NULL, hash_names[hash], NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ERR_clear_error();
}

/* The next block of `data`; false at its end or when the script was killed. */
static bool next_block(lua_State *L, struct gwlua_slice *data, struct gwlua_slice *block) {
    if (data->count == 0 || gwlua_of(L)->killed) return false;
    block->bytes = data->bytes;
    block->count = data->count < BLOCK ? data->count : BLOCK;
    data->bytes = (const char *)data->bytes + block->count;
    data->count -= block->count;
    return true;
}

static bool digest(lua_State *L, int hash, struct gwlua_slice data, unsigned char *out, size_t *count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned written = 0;
    bool is_good = context && hashes[hash] && EVP_DigestInit_ex2(context, hashes[hash], NULL) == 1;
    struct gwlua_slice block;
    while (is_good && next_block(L, &data, &block))
        is_good = EVP_DigestUpdate(context, block.bytes, block.count) == 1;
    is_good = is_good && EVP_DigestFinal_ex(context, out, &written) == 1;
    EVP_MD_CTX_free(context);
    *count = written;
    return is_good;
}

static bool keyed_digest(
    lua_State *L, int hash, struct gwlua_slice key, struct gwlua_slice data, unsigned char *out, size_t *count) {
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    OSSL_PARAM settings[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hash_names[hash], 0), OSSL_PARAM_END};
    bool is_good = context && EVP_MAC_init(context, key.bytes, key.count, settings) == 1;
    struct gwlua_slice block;
    while (is_good && next_block(L, &data, &block)) is_good = EVP_MAC_update(context, block.bytes, block.count) == 1;
    is_good = is_good && EVP_MAC_final(context, out, count, EVP_MAX_MD_SIZE) == 1;
    EVP_MAC_CTX_free(context);
    return is_good;
}

static struct gwlua_slice check_slice(lua_State *L, int argument) {
    struct gwlua_slice slice;
    slice.bytes = luaL_checklstring(L, argument, &slice.count);
    return slice;
}

/* Whether argument `index` asks for bytes in place of hexadecimal digits. */
static bool check_is_raw(lua_State *L, int index) {
    const char *form = luaL_optstring(L, index, "hex");
    if (strcmp(form, "raw") == 0) return true;
    luaL_argcheck(L, strcmp(form, "hex") == 0, index, "\"hex\" or \"raw\" expected");
    return false;
}

static int push_digest(lua_State *L, bool is_good, const unsigned char *bytes, size_t count, bool is_raw) {
    static const char digits[] = "0123456789abcdef";
    gwlua_poll(L); /* when killed, what was hashed is not the whole */
    ERR_clear_error();
    if (!is_good) return luaL_error(L, "the hash is not available");
    if (is_raw) {
        lua_pushlstring(L, (const char *)bytes, count);
        return 1;
    }
    char text[2 * EVP_MAX_MD_SIZE];
    for (size_t index = 0; index < count; index++) {
        text[2 * index] = digits[bytes[index] >> 4];
        text[2 * index + 1] = digits[bytes[index] & 15];
    }
    lua_pushlstring(L, text, 2 * count);
    return 1;
}

static int hash_call(lua_State *L, int hash) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    size_t count = 0;
    struct gwlua_slice data = check_slice(L, 1);
    bool is_raw = check_is_raw(L, 2);
    bool is_good = digest(L, hash, data, bytes, &count);
    return push_digest(L, is_good, bytes, count, is_raw);
}

static int hmac_call(lua_State *L, int hash) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    size_t count = 0;
    struct gwlua_slice key = check_slice(L, 1), data = check_slice(L, 2);
    bool is_raw = check_is_raw(L, 3);
    bool is_good = keyed_digest(L, hash, key, data, bytes, &count);
    return push_digest(L, is_good, bytes, count, is_raw);
}

static int crypto_sha1(lua_State *L) { return hash_call(L, SHA1); }
static int crypto_sha256(lua_State *L) { return hash_call(L, SHA256); }
static int crypto_sha512(lua_State *L) { return hash_call(L, SHA512); }
static int crypto_hmac_sha1(lua_State *L) { return hmac_call(L, SHA1); }
static int crypto_hmac_sha256(lua_State *L) { return hmac_call(L, SHA256); }
static int crypto_hmac_sha512(lua_State *L) { return hmac_call(L, SHA512); }

/* MARK: Secrets */

/* Takes as long for any two strings of one length, so that a secret cannot be guessed byte by byte. */
static int crypto_equal(lua_State *L) {
    struct gwlua_slice left = check_slice(L, 1), right = check_slice(L, 2);
    lua_pushboolean(L, left.count == right.count && CRYPTO_memcmp(left.bytes, right.bytes, left.count) == 0);
    return 1;
}

static void fill_random(lua_State *L, unsigned char *bytes, size_t count) {
    if (RAND_bytes(bytes, (int)count) == 1) return;
    ERR_clear_error();
    luaL_error(L, "no random bytes are available");
}

static int crypto_random(lua_State *L) {
    unsigned char bytes[RANDOM_MAX];
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_argcheck(L, count >= 0 && count <= RANDOM_MAX, 1, "the number of bytes must be from 0 to 1024");
    fill_random(L, bytes, (size_t)count);
    lua_pushlstring(L, (const char *)bytes, (size_t)count);
    return 1;
}

static int crypto_uuid(lua_State *L) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    char text[36];
    fill_random(L, bytes, sizeof bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    size_t written = 0;
    for (int index = 0; index < 16; index++) {
        if (index == 4 || index == 6 || index == 8 || index == 10) text[written++] = '-';
        text[written++] = digits[bytes[index] >> 4];
        text[written++] = digits[bytes[index] & 15];
    }
    lua_pushlstring(L, text, written);
    return 1;
}

/* MARK: Signatures */

static int crypto_verify(lua_State *L) {
    const char *error = NULL, *algorithm = luaL_checkstring(L, 1);
    struct gwlua_slice key = check_slice(L, 2), signature = check_slice(L, 3), data = check_slice(L, 4);
    luaL_argcheck(L, key.count <= KEY_MAX, 2, "key longer than 16384 bytes");
    switch (gwlua_verify(algorithm, key, signature, data)) {
        case GWLUA_SIGNATURE_GOOD: lua_pushboolean(L, 1); return 1;
        case GWLUA_SIGNATURE_BAD: lua_pushboolean(L, 0); return 1;
        case GWLUA_ALGORITHM_UNKNOWN: error = "unknown algorithm"; break;
        case GWLUA_KEY_INVALID: error = "the key is no public key or certificate in pem"; break;
        case GWLUA_KEY_OF_OTHER_KIND: error = "the key is not one for this algorithm"; break;
        case GWLUA_KEY_WEAK: error = "an rsa key must have at least 2048 bits"; break;
        case GWLUA_KEY_LARGE: error = "an rsa key must have at most 8192 bits"; break;
        case GWLUA_VERIFY_FAILED: error = "the signature could not be verified"; break;
    }
    lua_pushnil(L);
    lua_pushstring(L, error);
    return 2;
}

void gwlua_open_crypto(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"sha1", crypto_sha1}, {"sha256", crypto_sha256}, {"sha512", crypto_sha512}, {"hmac_sha1", crypto_hmac_sha1},
        {"hmac_sha256", crypto_hmac_sha256}, {"hmac_sha512", crypto_hmac_sha512}, {"equal", crypto_equal},
        {"random", crypto_random}, {"uuid", crypto_uuid}, {"verify", crypto_verify}, {NULL, NULL},
    };
    pthread_once(&once, look_up);
    luaL_newlib(L, functions);
}
