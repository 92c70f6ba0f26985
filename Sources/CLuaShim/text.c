/* The module `text`: what filters do with strings most, without patterns. Bytes, not characters. */

#include "internal.h"

#include <string.h>

enum { STEPS_PER_POLL = 1024, PIECES_MAX = 8000, GLOB_MAX = 1024 };

/* MARK: glob */

struct glob {
    lua_State *L;
    unsigned steps;
};

static inline void step(struct glob *g) {
    if (++g->steps % STEPS_PER_POLL == 0) gwlua_poll(g->L);
}

/* The end of a set like [a-z] or [!0-9]; a bracket right behind its beginning is one of its members. NULL without an
 * end. */
static const unsigned char *set_end(const unsigned char *set, const unsigned char *end) {
    const unsigned char *p = set + 1;
    if (p < end && (*p == '!' || *p == '^')) p++;
    for (bool is_first = true; p < end; p++, is_first = false) {
        if (*p == ']' && !is_first) return p + 1;
        if (*p == '\\' && ++p == end) return NULL;
    }
    return NULL;
}

static const unsigned char *set_member(const unsigned char *p, unsigned char *byte) {
    if (*p == '\\') p++;
    *byte = *p;
    return p + 1;
}

static bool set_has(struct glob *g, const unsigned char *set, const unsigned char *end, unsigned char byte) {
    const unsigned char *p = set + 1, *last = end - 1;
    bool is_negated = *p == '!' || *p == '^', is_found = false;
    p += is_negated;
    while (p < last) {
        step(g);
        unsigned char from, to;
        p = set_member(p, &from);
        to = from;
        if (p + 1 < last && *p == '-') p = set_member(p + 1, &to);
        if (byte >= from && byte <= to) is_found = true;
    }
    return is_found != is_negated;
}

/* Behind the part of the pattern that stands for one byte. The pattern has been checked. */
static const unsigned char *part_end(const unsigned char *p, const unsigned char *end) {
    return *p == '[' ? set_end(p, end) : *p == '\\' ? p + 2 : p + 1;
}

static bool part_fits(struct glob *g, const unsigned char *p, const unsigned char *end, unsigned char byte) {
    switch (*p) {
        case '?': return true;
        case '[': return set_has(g, p, end, byte);
        case '\\': return p[1] == byte;
        default: return *p == byte;
    }
}

/* Of all stars only the last one that was met is tried again with a longer text: an earlier one that took more would
 * only leave less for it. So the time is at most the product of both lengths. */
static bool glob_fits(
    struct glob *g, const unsigned char *p, const unsigned char *p_end, const unsigned char *s,
    const unsigned char *s_end) {
    const unsigned char *behind_star = NULL, *star_text = NULL;
    for (;;) {
        step(g);
        if (p < p_end && *p == '*') {
            behind_star = ++p;
            star_text = s;
            if (p == p_end) return true;
            continue;
        }
        if (s == s_end) return p == p_end;
        const unsigned char *next = p < p_end ? part_end(p, p_end) : NULL;
        if (next && part_fits(g, p, next, *s)) {
            p = next;
            s++;
        } else if (behind_star) {
            p = behind_star;
            s = ++star_text;
        } else {
            return false;
        }
    }
}

static int text_glob(lua_State *L) {
    size_t pattern_count, count;
    const unsigned char *pattern = (const unsigned char *)luaL_checklstring(L, 1, &pattern_count);
    const unsigned char *text = (const unsigned char *)luaL_checklstring(L, 2, &count);
    luaL_argcheck(L, pattern_count <= GLOB_MAX, 1, "glob longer than 1024 bytes");
    const unsigned char *end = pattern + pattern_count;
    for (const unsigned char *p = pattern; p < end;) {
        if (*p == '[') {
            p = set_end(p, end);
            if (!p) return luaL_argerror(L, 1, "a [ without its ] in the glob");
        } else if (*p++ == '\\' && p++ == end) {
            return luaL_argerror(L, 1, "the glob ends with a backslash");
        }
    }
    struct glob glob = {L, 0};
    lua_pushboolean(L, glob_fits(&glob, pattern, end, text, text + count));
    return 1;
}

/* MARK: split and trim */

static int text_split(lua_State *L) {
    size_t count, separator_count;
    const char *text = luaL_checklstring(L, 1, &count), *end = text + count;
    const char *separator = luaL_checklstring(L, 2, &separator_count);
    luaL_argcheck(L, separator_count > 0, 2, "empty separator");
    bool is_limited = !lua_isnoneornil(L, 3);
    lua_Integer most = luaL_optinteger(L, 3, PIECES_MAX);
    luaL_argcheck(L, most >= 1 && most <= PIECES_MAX, 3, "the number of pieces must be from 1 to 8000");
    lua_newtable(L);
    for (lua_Integer piece = 1;; piece++) {
        if (piece % STEPS_PER_POLL == 0) gwlua_poll(L);
        const char *found = NULL;
        if (piece < most || !is_limited) found = memmem(text, (size_t)(end - text), separator, separator_count);
        if (found && piece == most) return luaL_error(L, "more than 8000 pieces");
        lua_pushlstring(L, text, (size_t)((found ? found : end) - text));
        lua_rawseti(L, -2, piece);
        if (!found) return 1;
        text = found + separator_count;
    }
}

static bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static int text_trim(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count), *end = text + count;
    unsigned steps = 0;
    while (text < end && is_space(*text)) {
        text++;
        if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
    }
    while (text < end && is_space(end[-1])) {
        end--;
        if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
    }
    if ((size_t)(end - text) == count) lua_pushvalue(L, 1);
    else lua_pushlstring(L, text, (size_t)(end - text));
    return 1;
}

void gwlua_open_text(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"glob", text_glob}, {"split", text_split}, {"trim", text_trim}, {NULL, NULL}};
    luaL_newlib(L, functions);
}
