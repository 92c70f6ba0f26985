/* find, match, gmatch and gsub of the string library. */

#include "matcher.h"
#include "strings_bounds.h"

/* MARK: Plain search */

static bool is_plain(lua_State *L, const char *pattern, size_t length) {
    for (const char *p = pattern, *end = pattern + length; p < end;) {
        const char *stop = end - p > GWLUA_STEPS_PER_POLL ? p + GWLUA_STEPS_PER_POLL : end;
        for (; p < stop; p++)
            if (gwlua_byte_sets[(unsigned char)*p] & GWLUA_MAGIC) return false;
        if (p < end) gwlua_poll(L);
    }
    return true;
}

/* A short text is mostly found by its first character; memmem, which takes linear time, takes over when that one is
 * too frequent. It cannot poll, so that it gets a window of the text at a time. */
static const char *find_plain(
    lua_State *L, const char *text, size_t length, const char *wanted, size_t wanted_length) {
    enum { TRIES = 16, WINDOW = 65536 };
    if (wanted_length == 0) return text;
    if (wanted_length > length) return NULL;
    const char *end = text + length;
    for (int tries = 0; tries < TRIES; tries++) {
        size_t places = (size_t)(end - text) - wanted_length + 1;
        const char *found = memchr(text, *wanted, places);
        if (!found) return NULL;
        if (memcmp(found + 1, wanted + 1, wanted_length - 1) == 0) return found;
        text = found + 1;
        if ((size_t)(end - text) < wanted_length) return NULL;
    }
    /* memmem reads what is wanted anew each time: a small part of the window has to suffice for that. */
    size_t window = wanted_length > WINDOW / 4 ? wanted_length * 4 : WINDOW;
    for (;; text += window - wanted_length + 1) {
        gwlua_poll(L);
        size_t left = (size_t)(end - text);
        const char *found = memmem(text, left < window ? left : window, wanted, wanted_length);
        if (found || left <= window) return found;
    }
}

/* MARK: find and match */

/* Apart from the plain search, which does not need a matcher's room on the stack. */
static __attribute__((noinline)) int search_pattern(
    lua_State *L, bool is_find, const char *subject, size_t length, size_t start, const char *pattern,
    size_t pattern_length) {
    struct gwlua_matcher matcher;
    const char *end, *found = subject + start;
    bool is_anchored = *pattern == '^';
    gwlua_matcher_begin(&matcher, L, subject, length, pattern + is_anchored, pattern_length - is_anchored);
    if (is_anchored) {
        end = gwlua_matcher_at(&matcher, found);
        if (!end) found = NULL;
    } else {
        found = gwlua_matcher_next(&matcher, found, NULL, &end);
    }
    if (!found) {
        luaL_pushfail(L);
        return 1;
    }
    if (!is_find) return gwlua_matcher_push_captures(&matcher, found, end, true);
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, end - subject);
    return gwlua_matcher_push_captures(&matcher, found, end, false) + 2;
}

static int search(lua_State *L, bool is_find) {
    size_t length, pattern_length;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    size_t start = gwlua_first_position(luaL_optinteger(L, 3, 1), length) - 1;
    if (start > length) {
        luaL_pushfail(L);
        return 1;
    }
    if (!is_find || !(lua_toboolean(L, 4) || is_plain(L, pattern, pattern_length)))
        return search_pattern(L, is_find, subject, length, start, pattern, pattern_length);
    const char *found = find_plain(L, subject + start, length - start, pattern, pattern_length);
    if (!found) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (ptrdiff_t)pattern_length);
    return 2;
}

int gwlua_string_find(lua_State *L) { return search(L, true); }

int gwlua_string_match(lua_State *L) { return search(L, false); }

/* MARK: gmatch */

/* Upvalues: the text, the pattern, where to go on, and where the last match ended, or -1. Numbers in place of a
 * userdata: they cost no allocation. */
static int next_match(lua_State *L) {
    size_t length, pattern_length;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    if (from > length) return 0;
    struct gwlua_matcher matcher;
    gwlua_matcher_begin(&matcher, L, subject, length, pattern, pattern_length);
    const char *end;
    const char *found = gwlua_matcher_next(&matcher, subject + from, last < 0 ? NULL : subject + last, &end);
    if (!found) return 0;
    lua_pushinteger(L, end - subject);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return gwlua_matcher_push_captures(&matcher, found, end, true);
}

int gwlua_string_gmatch(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    size_t start = gwlua_first_position(luaL_optinteger(L, 3, 1), length) - 1;
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)(start > length ? length + 1 : start));
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* MARK: gsub */

/* Adds the replacement text of a match, in which "%1" stands for a capture. */
static void add_template(
    struct gwlua_matcher *matcher, luaL_Buffer *buffer, const char *start, const char *end, const char *text,
    size_t count) {
    lua_State *L = matcher->L;
    const char *text_end = text + count, *escape;
    while ((escape = memchr(text, '%', (size_t)(text_end - text)))) {
        gwlua_add_bounded(L, buffer, text, (size_t)(escape - text));
        char what = escape[1]; /* a NUL behind the end */
        if (what == '%') {
            gwlua_add_bounded(L, buffer, "%", 1);
        } else if (what == '0') {
            gwlua_add_bounded(L, buffer, start, (size_t)(end - start));
        } else if (what >= '1' && what <= '9') {
            const char *capture;
            ptrdiff_t length = gwlua_matcher_capture(matcher, what - '1', start, end, &capture);
            if (length == GWLUA_CAPTURE_POSITION) gwlua_add_value_bounded(L, buffer);
            else gwlua_add_bounded(L, buffer, capture, (size_t)length);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
        text = escape + 2;
        if (--matcher->steps <= 0) {
            matcher->steps = GWLUA_STEPS_PER_POLL;
            gwlua_poll(L);
        }
    }
    gwlua_add_bounded(L, buffer, text, (size_t)(text_end - text));
}

/* Pushes what the table or function at 3 has for a match. True: a text, to be added; false: popped, the match stays. */
static bool push_replacement(struct gwlua_matcher *matcher, int type, const char *start, const char *end) {
    lua_State *L = matcher->L;
    if (type == LUA_TTABLE) {
        /* Not raw, as in stock Lua: a frozen table answers by its metatable. */
        gwlua_matcher_push_capture(matcher, 0, start, end);
        lua_gettable(L, 3);
    } else {
        lua_pushvalue(L, 3);
        lua_call(L, gwlua_matcher_push_captures(matcher, start, end, true), 1);
    }
    gwlua_poll(L);
    if (lua_isstring(L, -1)) return true;
    if (lua_toboolean(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    lua_pop(L, 1);
    return false;
}

int gwlua_string_gsub(lua_State *L) {
    size_t length, pattern_length, template_length = 0;
    const char *subject = luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    int type = lua_type(L, 3);
    lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    luaL_argexpected(
        L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
        "string/function/table");
    const char *template = NULL;
    if (type == LUA_TNUMBER || type == LUA_TSTRING) template = lua_tolstring(L, 3, &template_length);
    bool is_anchored = *pattern == '^';
    struct gwlua_matcher matcher;
    gwlua_matcher_begin(&matcher, L, subject, length, pattern + is_anchored, pattern_length - is_anchored);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    /* What lies before `copied` is in the buffer. */
    const char *from = subject, *copied = subject, *last = NULL, *end;
    lua_Integer count = 0;
    bool is_changed = false;
    while (count < max) {
        const char *found = from;
        if (is_anchored) {
            end = gwlua_matcher_at(&matcher, from);
            if (!end) break;
        } else {
            found = gwlua_matcher_next(&matcher, from, last, &end);
            if (!found) break;
        }
        count++;
        bool is_kept = false;
        gwlua_add_bounded(L, &buffer, copied, (size_t)(found - copied));
        copied = found;
        if (template) add_template(&matcher, &buffer, found, end, template, template_length);
        else if (push_replacement(&matcher, type, found, end)) gwlua_add_value_bounded(L, &buffer);
        else is_kept = true;
        if (!is_kept) {
            copied = end;
            is_changed = true;
        }
        from = last = end;
        if (is_anchored) break;
    }
    if (!is_changed) {
        lua_pushvalue(L, 1);
    } else {
        gwlua_add_bounded(L, &buffer, copied, (size_t)(matcher.subject_end - copied));
        gwlua_push_bounded(L, &buffer);
    }
    lua_pushinteger(L, count);
    return 2;
}
