/* The hash that tells versions of a script apart. */

#include "CLuaShim.h"

#include <openssl/evp.h>
#include <string.h>

bool gwlua_digest(const uint8_t *bytes, size_t count, char out[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    memset(out, 0, 65);
    if (!EVP_Digest(bytes, count, digest, &length, EVP_sha256(), NULL) || length != 32) return false;
    for (unsigned int index = 0; index < length; index++) {
        out[2 * index] = digits[digest[index] >> 4];
        out[2 * index + 1] = digits[digest[index] & 15];
    }
    return true;
}
