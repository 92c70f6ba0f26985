#ifndef GWLUA_CRYPTO_H
#define GWLUA_CRYPTO_H

#include <stddef.h>

/* What became of a signature that was to be verified. */
enum gwlua_verdict {
    GWLUA_SIGNATURE_GOOD,
    GWLUA_SIGNATURE_BAD,
    GWLUA_ALGORITHM_UNKNOWN,
    GWLUA_KEY_INVALID,
    GWLUA_KEY_OF_OTHER_KIND,
    GWLUA_KEY_WEAK,
    GWLUA_KEY_LARGE,
    GWLUA_VERIFY_FAILED,
};

struct gwlua_slice {
    const void *bytes;
    size_t count;
};

/* `algorithm` is a name of JWS, `key` a public key or certificate in PEM. Knows nothing of Lua, so that no error of Lua
 * can pass by an object that has to be freed. */
enum gwlua_verdict gwlua_verify(
    const char *algorithm, struct gwlua_slice key, struct gwlua_slice signature, struct gwlua_slice data);

#endif
