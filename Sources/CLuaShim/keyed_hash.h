#ifndef GWLUA_KEYED_HASH_H
#define GWLUA_KEYED_HASH_H

/* SipHash-2-4. Keys of stores and values of labels come from clients, who must not be able to choose collisions. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct keyed_hash {
    uint64_t first, second;
};

static inline void keyed_hash_seed(struct keyed_hash *key) {
    if (getrandom(key, sizeof *key, 0) == (ssize_t)sizeof *key) return;
    /* Only a kernel without the call comes here: better a weak key than no store. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    key->first = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uintptr_t)key;
    key->second = (uint64_t)now.tv_sec * 0xd6e8feb86659fd93u ^ (uintptr_t)&now;
}

static inline uint64_t keyed_hash_rotate(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static inline void keyed_hash_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = keyed_hash_rotate(v[1], 13) ^ v[0];
    v[3] = keyed_hash_rotate(v[3], 16) ^ v[2];
    v[0] = keyed_hash_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = keyed_hash_rotate(v[1], 17) ^ v[2];
    v[3] = keyed_hash_rotate(v[3], 21) ^ v[0];
    v[2] = keyed_hash_rotate(v[2], 32);
}

static inline uint64_t keyed_hash_word(const unsigned char *bytes, size_t count) {
    uint64_t word = 0;
    for (size_t at = 0; at < count; at++) word |= (uint64_t)bytes[at] << (8 * at);
    return word;
}

static inline uint64_t keyed_hash(const struct keyed_hash *key, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t v[4] = {key->first ^ 0x736f6d6570736575u, key->second ^ 0x646f72616e646f6du,
                     key->first ^ 0x6c7967656e657261u, key->second ^ 0x7465646279746573u};
    size_t left = count;
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word = keyed_hash_word(at, 8);
        v[3] ^= word;
        keyed_hash_round(v);
        keyed_hash_round(v);
        v[0] ^= word;
    }
    uint64_t last = keyed_hash_word(at, left) | (uint64_t)count << 56;
    v[3] ^= last;
    keyed_hash_round(v);
    keyed_hash_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int round = 0; round < 4; round++) keyed_hash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
