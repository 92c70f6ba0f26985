#ifndef GWLUA_STRINGS_SINGLE_H
#define GWLUA_STRINGS_SINGLE_H

/* The items of a pattern that stand for one character: "a", ".", "%a", "[a-z]". */

#include "matcher.h"

static inline unsigned gwlua_byte_at(const char *p) { return (unsigned char)*p; }

/* Counts steps of a match, and polls when they have come to enough. */
static inline void gwlua_charge(struct gwlua_matcher *matcher, ptrdiff_t steps) {
    if (steps >= matcher->steps) {
        matcher->steps = GWLUA_STEPS_PER_POLL;
        gwlua_poll(matcher->L);
    } else {
        matcher->steps -= (int)steps;
    }
}

enum gwlua_single_kind { GWLUA_ANY, GWLUA_CHARACTER, GWLUA_SETS, GWLUA_SET, GWLUA_BITMAP };

struct gwlua_single {
    enum gwlua_single_kind kind;
    bool is_negated;
    uint8_t value; /* the character or the sets */
    const char *set, *set_end;
    uint64_t bits[4];
};

static inline void gwlua_be_character(struct gwlua_single *single, unsigned c) {
    single->kind = GWLUA_CHARACTER;
    single->value = (uint8_t)c;
}

/* What a set has, without its brackets and its "^". `end` is the closing bracket. */
bool gwlua_set_has(const char *p, const char *end, unsigned c);

static inline bool gwlua_single_has(const struct gwlua_single *single, unsigned c) {
    switch (single->kind) {
        case GWLUA_ANY: return true;
        case GWLUA_CHARACTER: return (single->value == c) != single->is_negated;
        case GWLUA_SETS: return ((gwlua_byte_sets[c] & single->value) != 0) != single->is_negated;
        case GWLUA_SET: return gwlua_set_has(single->set, single->set_end, c) != single->is_negated;
        case GWLUA_BITMAP: break;
    }
    return single->bits[c / 64] >> c % 64 & 1;
}

/* Reads the item at `p` and returns what follows it. */
const char *gwlua_read_single(struct gwlua_matcher *matcher, const char *p, struct gwlua_single *single);
/* Goes on from `s` while characters are in the item, or while they are not. Ends at `end` at the latest. */
const char *gwlua_pass_single(
    struct gwlua_matcher *matcher, struct gwlua_single *single, const char *s, const char *end, bool in);

#endif
