/* Characters and sets of characters in patterns. */

#include "strings_single.h"

#include <string.h>

enum {
    MAGIC_PUNCTUATION = GWLUA_MAGIC | GWLUA_PUNCTUATION,
    LETTER = GWLUA_UPPER | GWLUA_LOWER,
    /* A set that is asked more often than this gets a bitmap. */
    ASKED_OFTEN = 24,
};

const uint8_t gwlua_byte_sets[256] = {
    [0 ... 8] = GWLUA_CONTROL,
    [9 ... 13] = GWLUA_CONTROL | GWLUA_SPACE,
    [14 ... 31] = GWLUA_CONTROL,
    [' '] = GWLUA_SPACE,
    ['!' ... '#'] = GWLUA_PUNCTUATION,
    ['$' ... '%'] = MAGIC_PUNCTUATION,
    ['&' ... '\''] = GWLUA_PUNCTUATION,
    ['('] = MAGIC_PUNCTUATION,
    [')'] = GWLUA_PUNCTUATION,
    ['*' ... '+'] = MAGIC_PUNCTUATION,
    [','] = GWLUA_PUNCTUATION,
    ['-' ... '.'] = MAGIC_PUNCTUATION,
    ['/'] = GWLUA_PUNCTUATION,
    ['0' ... '9'] = GWLUA_DIGIT | GWLUA_HEX,
    [':' ... '>'] = GWLUA_PUNCTUATION,
    ['?'] = MAGIC_PUNCTUATION,
    ['@'] = GWLUA_PUNCTUATION,
    ['A' ... 'F'] = GWLUA_UPPER | GWLUA_HEX,
    ['G' ... 'Z'] = GWLUA_UPPER,
    ['['] = MAGIC_PUNCTUATION,
    ['\\' ... ']'] = GWLUA_PUNCTUATION,
    ['^'] = MAGIC_PUNCTUATION,
    ['_' ... '`'] = GWLUA_PUNCTUATION,
    ['a' ... 'f'] = GWLUA_LOWER | GWLUA_HEX,
    ['g' ... 'z'] = GWLUA_LOWER,
    ['{' ... '~'] = GWLUA_PUNCTUATION,
    [127] = GWLUA_CONTROL,
};

/* The sets of a class's letter in lower case; 0 when it is none. */
static unsigned sets_of_letter(unsigned letter) {
    switch (letter) {
        case 'a': return LETTER;
        case 'c': return GWLUA_CONTROL;
        case 'd': return GWLUA_DIGIT;
        case 'g': return LETTER | GWLUA_DIGIT | GWLUA_PUNCTUATION;
        case 'l': return GWLUA_LOWER;
        case 'p': return GWLUA_PUNCTUATION;
        case 's': return GWLUA_SPACE;
        case 'u': return GWLUA_UPPER;
        case 'w': return LETTER | GWLUA_DIGIT;
        case 'x': return GWLUA_HEX;
        default: return 0;
    }
}

static bool class_has(unsigned letter, unsigned c) {
    unsigned sets = sets_of_letter(letter | 0x20);
    if (!(gwlua_byte_sets[letter] & LETTER)) return letter == c;
    if ((letter | 0x20) == 'z') return (c == 0) == (letter == 'z'); /* old, but this release of Lua still has it */
    if (!sets) return letter == c;
    return ((gwlua_byte_sets[c] & sets) != 0) == (letter >= 'a');
}

bool gwlua_set_has(const char *p, const char *end, unsigned c) {
    while (p < end) {
        if (*p == '%') {
            if (class_has(gwlua_byte_at(p + 1), c)) return true;
            p += 2;
        } else if (p[1] == '-' && end - p > 2) {
            if (gwlua_byte_at(p) <= c && c <= gwlua_byte_at(p + 2)) return true;
            p += 3;
        } else {
            if (gwlua_byte_at(p) == c) return true;
            p += 1;
        }
    }
    return false;
}

const char *gwlua_read_single(struct gwlua_matcher *m, const char *p, struct gwlua_single *single) {
    single->is_negated = false;
    if (*p == '.') {
        single->kind = GWLUA_ANY;
    } else if (*p == '%') {
        if (++p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        unsigned letter = gwlua_byte_at(p), sets = 0;
        if (gwlua_byte_sets[letter] & LETTER) sets = sets_of_letter(letter | 0x20);
        if (sets) {
            single->kind = GWLUA_SETS;
            single->value = (uint8_t)sets;
            single->is_negated = letter < 'a';
        } else if ((letter | 0x20) == 'z') {
            gwlua_be_character(single, 0);
            single->is_negated = letter == 'Z';
        } else {
            gwlua_be_character(single, letter);
        }
    } else if (*p == '[') {
        single->kind = GWLUA_SET;
        if (*++p == '^') {
            single->is_negated = true;
            p++;
        }
        single->set = p;
        do { /* a bracket that comes first is a member */
            if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
            if (*p++ == '%' && p < m->pattern_end) p++;
        } while (p == m->pattern_end || *p != ']');
        single->set_end = p;
        if (p - single->set == 1) gwlua_be_character(single, gwlua_byte_at(single->set)); /* as in "[^/]" */
    } else {
        gwlua_be_character(single, gwlua_byte_at(p));
    }
    return p + 1;
}

static void make_bitmap(struct gwlua_matcher *m, struct gwlua_single *single) {
    uint64_t bits[4] = {0, 0, 0, 0};
    for (unsigned c = 0; c < 256; c++) {
        gwlua_charge(m, (single->set_end - single->set) / 16); /* a long set is long to look at 256 times */
        if (gwlua_single_has(single, c)) bits[c / 64] |= (uint64_t)1 << c % 64;
    }
    memcpy(single->bits, bits, sizeof bits);
    single->kind = GWLUA_BITMAP;
}

const char *gwlua_pass_single(
    struct gwlua_matcher *m, struct gwlua_single *single, const char *s, const char *end, bool in) {
    if (single->kind == GWLUA_ANY) return in ? end : s;
    if (single->kind == GWLUA_SET) {
        const char *often = end - s > ASKED_OFTEN ? s + ASKED_OFTEN : end;
        for (; s < often; s++) {
            gwlua_charge(m, 1 + (single->set_end - single->set) / 16);
            if (gwlua_single_has(single, gwlua_byte_at(s)) != in) return s;
        }
        if (s == end) return s;
        make_bitmap(m, single);
    }
    bool wanted = in != single->is_negated;
    for (;;) {
        const char *stop = end - s > GWLUA_STEPS_PER_POLL ? s + GWLUA_STEPS_PER_POLL : end;
        const char *first = s;
        switch (single->kind) {
            case GWLUA_CHARACTER:
                while (s < stop && (gwlua_byte_at(s) == single->value) == wanted) s++;
                break;
            case GWLUA_SETS:
                while (s < stop && ((gwlua_byte_sets[gwlua_byte_at(s)] & single->value) != 0) == wanted) s++;
                break;
            default:
                while (s < stop && gwlua_single_has(single, gwlua_byte_at(s)) == in) s++;
                break;
        }
        gwlua_charge(m, s - first);
        if (s < stop || s == end) return s;
    }
}
