#define _GNU_SOURCE
#include "CLinux.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int32_t gwlinux_password_fits(const char *password, const char *hash) {
    struct crypt_data *space = calloc(1, sizeof *space);
    if (!space) return 0;
    const char *made = crypt_r(password, hash, space);
    size_t count = strlen(hash);
    int32_t fits = 0;
    if (made && made[0] != '*' && strlen(made) == count) {
        /* The same time wherever they differ. */
        unsigned char difference = 0;
        for (size_t index = 0; index < count; index++) difference |= (unsigned char)(made[index] ^ hash[index]);
        fits = difference == 0;
    }
    explicit_bzero(space, sizeof *space);
    free(space);
    return fits;
}
