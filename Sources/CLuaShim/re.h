#ifndef GWLUA_RE_H
#define GWLUA_RE_H

#include "internal.h"

#include <stdint.h>

/* A regular expression as a program for a machine that follows all alternatives at once: the time of a match goes with
 * the product of pattern and subject, whatever they are. */

enum {
    RE_PATTERN_MAX = 1024,
    RE_PROGRAM_MAX = 4000,
    RE_GROUPS_MAX = 32,
    RE_SETS_MAX = 512,
    RE_REPEAT_MAX = 1000,
    RE_DEPTH_MAX = 100
};

enum re_code {
    RE_BYTE, RE_ANY, RE_SET, RE_SPLIT, RE_JUMP, RE_SAVE, RE_LINE_START, RE_LINE_END, RE_START, RE_END,
    RE_WORD_EDGE, RE_NO_WORD_EDGE, RE_MATCH
};

/* Jumps are relative, so that code can be copied and moved. `first` is tried before `second`. */
struct re_instruction {
    uint8_t code;
    uint8_t byte;
    uint16_t set; /* or the slot that is saved */
    int16_t first, second;
};

struct re_set {
    uint8_t bits[32];
};

struct re_program {
    uint16_t count, set_count, group_count;
    /* No match begins anywhere but at the start. */
    bool is_anchored;
    /* Empty texts match: `starts` tells nothing. */
    bool is_nullable;
    struct re_set starts;
    /* Then the sets. */
    struct re_instruction instructions[];
};

static inline const struct re_set *re_sets(const struct re_program *program) {
    return (const struct re_set *)(program->instructions + program->count);
}

static inline bool re_has(const struct re_set *set, unsigned char byte) {
    return set->bits[byte >> 3] >> (byte & 7) & 1;
}

static inline bool re_is_word(unsigned char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

void re_add_byte(struct re_set *set, int byte);
void re_invert(struct re_set *set);
/* Adds the other case of every letter. */
void re_fold(struct re_set *set);
void re_add_all(struct re_set *set, bool (*has)(int), bool is_negated);
/* `\d` and its like; false where the letter is none of them. */
bool re_add_escape(struct re_set *set, int letter);
bool re_is_space(int byte);
bool re_is_digit(int byte);
bool re_is_upper(int byte);
bool re_is_lower(int byte);
bool re_is_alpha(int byte);
bool re_is_alnum(int byte);
bool re_is_word_byte(int byte);
bool re_is_graph(int byte);
bool re_is_print(int byte);
bool re_is_punct(int byte);
bool re_is_cntrl(int byte);
bool re_is_blank(int byte);
bool re_is_hex(int byte);

/* Pushes the program as a userdata; raises where the pattern is none. */
struct re_program *re_compile(lua_State *L, const char *pattern, size_t count, const char *flags);

/* Pushes what a match needs to run. */
void *re_push_workspace(lua_State *L, const struct re_program *program);

/* The first match at or after `from`: its slots, start and end of each group, or UINT32_MAX. */
bool re_search(
    lua_State *L, const struct re_program *program, void *workspace, const char *text, size_t count, size_t from,
    uint32_t *slots);

#endif
