#ifndef GWLUA_MATCHER_H
#define GWLUA_MATCHER_H

/* Lua patterns (§6.4.1 of the manual), matched so that a kill is noticed within about 1024 steps. */

#include "internal.h"

enum {
    GWLUA_CAPTURES_MAX = 32,
    /* Longest pattern that is matched; a plain search may be longer. */
    GWLUA_PATTERN_MAX = 8192,
    /* Deepest nesting of repetitions and captures, as in stock Lua: bounds the C stack. */
    GWLUA_MATCH_DEPTH = 200,
    GWLUA_STEPS_PER_POLL = 1024,
};

/* In place of a capture's length. */
enum { GWLUA_CAPTURE_OPEN = -1, GWLUA_CAPTURE_POSITION = -2 };

struct gwlua_capture {
    const char *start;
    ptrdiff_t length;
};

struct gwlua_matcher {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern, *pattern_end;
    int steps; /* left until the next poll */
    int depth; /* left until the pattern is too complex */
    int count; /* captures that have begun */
    struct gwlua_capture captures[GWLUA_CAPTURES_MAX];
};

/* Sets of characters, in the C locale whatever the process has set. */
enum {
    GWLUA_CONTROL = 1, GWLUA_SPACE = 2, GWLUA_PUNCTUATION = 4, GWLUA_DIGIT = 8,
    GWLUA_HEX = 16, GWLUA_UPPER = 32, GWLUA_LOWER = 64, GWLUA_MAGIC = 128,
};
/* The sets that a byte is in. MAGIC: it means more than itself in a pattern. */
extern const uint8_t gwlua_byte_sets[256];

/* Both texts have to stay alive and be followed by a NUL, as Lua's own are. Raises when the pattern is too long. */
void gwlua_matcher_begin(
    struct gwlua_matcher *matcher, lua_State *L, const char *subject, size_t subject_length, const char *pattern,
    size_t pattern_length);
/* Matches just at `start`; returns the match's end or NULL. */
const char *gwlua_matcher_at(struct gwlua_matcher *matcher, const char *start);
/* The first match that begins at `start` or later and does not end at `last`; NULL when there is none. */
const char *gwlua_matcher_next(
    struct gwlua_matcher *matcher, const char *start, const char *last, const char **match_end);
/* Captures of the match that was found last. Without any capture, the first one is the whole match. For a position
 * the number is pushed, and GWLUA_CAPTURE_POSITION returned. */
ptrdiff_t gwlua_matcher_capture(
    struct gwlua_matcher *matcher, int index, const char *start, const char *end, const char **text);
void gwlua_matcher_push_capture(struct gwlua_matcher *matcher, int index, const char *start, const char *end);
/* Pushes all of them; without any, the whole match if `whole`. Returns how many. */
int gwlua_matcher_push_captures(struct gwlua_matcher *matcher, const char *start, const char *end, bool whole);

#endif
