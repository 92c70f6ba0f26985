/* The utf8 and math libraries. */

#include "internal.h"

#include <lualib.h>
#include <string.h>

enum { CODE_MAX = 0x10ffff, LAX_CODE_MAX = 0x7fffffff, CODES_PER_CALL = 8000, STEPS_PER_POLL = 1024 };

static inline bool is_continuation(char c) { return (c & 0xc0) == 0x80; }

/* Negative positions count from the end; those before the beginning become 0. */
static lua_Integer position_of(lua_Integer position, size_t length) {
    if (position >= 0) return position;
    if (0u - (size_t)position > length) return 0;
    return (lua_Integer)length + position + 1;
}

/* Reads the character at `s`, which is followed by a NUL at the text's end. Returns what follows it, or NULL when it
 * is malformed, longer than needed or, unless `is_lax`, no character of Unicode. */
static const char *decode(const char *s, uint32_t *code, bool is_lax) {
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    unsigned first = (unsigned char)*s;
    if (first < 0x80) {
        *code = first;
        return s + 1;
    }
    if (first < 0xc0 || first >= 0xfe) return NULL;
    int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf8 ? 3 : first < 0xfc ? 4 : 5;
    uint32_t value = first & (0x3fu >> more);
    for (int index = 1; index <= more; index++) {
        if (!is_continuation(s[index])) return NULL;
        value = value << 6 | (s[index] & 0x3f);
    }
    if (value < smallest[more]) return NULL;
    if (!is_lax && (value > CODE_MAX || (value >= 0xd800 && value <= 0xdfff))) return NULL;
    *code = value;
    return s + more + 1;
}

/* MARK: utf8 */

static size_t encode(uint32_t code, char *bytes) {
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : code < 0x200000 ? 3 : code < 0x4000000 ? 4 : 5;
    bytes[0] = (char)((0xff00u >> (more + 1)) | code >> (6 * more));
    for (int index = 1; index <= more; index++) bytes[index] = (char)(0x80 | (code >> (6 * (more - index)) & 0x3f));
    return (size_t)more + 1;
}

static int utf8_char(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int index = 1; index <= count; index++) {
        if (index % STEPS_PER_POLL == 0) gwlua_poll(L);
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, index);
        luaL_argcheck(L, code <= LAX_CODE_MAX, index, "value out of range");
        if (luaL_bufflen(&buffer) + 8 > gwlua_string_max(L)) return luaL_error(L, "string would be too long");
        luaL_addsize(&buffer, encode((uint32_t)code, luaL_prepbuffsize(&buffer, 8)));
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int utf8_codepoint(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer first = position_of(luaL_optinteger(L, 2, 1), length);
    lua_Integer last = position_of(luaL_optinteger(L, 3, first), length);
    bool is_lax = lua_toboolean(L, 4);
    luaL_argcheck(L, first >= 1, 2, "out of bounds");
    luaL_argcheck(L, last <= (lua_Integer)length, 3, "out of bounds");
    if (first > last) return 0;
    int count = 0;
    for (const char *s = text + first - 1; s < text + last; count++) {
        if (count >= CODES_PER_CALL) return luaL_error(L, "string slice too long");
        if (count % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
        luaL_checkstack(L, 1, "string slice too long");
        uint32_t code;
        s = decode(s, &code, is_lax);
        if (!s) return luaL_error(L, "invalid UTF-8 code");
        lua_pushinteger(L, code);
    }
    return count;
}

static int utf8_len(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer first = position_of(luaL_optinteger(L, 2, 1), length);
    lua_Integer last = position_of(luaL_optinteger(L, 3, -1), length);
    bool is_lax = lua_toboolean(L, 4);
    luaL_argcheck(L, 1 <= first && first - 1 <= (lua_Integer)length, 2, "initial position out of bounds");
    luaL_argcheck(L, last - 1 < (lua_Integer)length, 3, "final position out of bounds");
    lua_Integer count = 0;
    for (const char *s = text + first - 1; s < text + last; count++) {
        if (count % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
        uint32_t code;
        const char *next = decode(s, &code, is_lax);
        if (!next) {
            luaL_pushfail(L);
            lua_pushinteger(L, s - text + 1);
            return 2;
        }
        s = next;
    }
    lua_pushinteger(L, count);
    return 1;
}

/* Where the n-th character from a position begins, or the one that the position lies in when n is 0. */
static int utf8_offset(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    lua_Integer end = (lua_Integer)length;
    lua_Integer position = position_of(luaL_optinteger(L, 3, n >= 0 ? 1 : end + 1), length);
    luaL_argcheck(L, 1 <= position && position - 1 <= end, 3, "position out of bounds");
    position--;
    unsigned steps = 0;
    if (n == 0) {
        while (position > 0 && is_continuation(text[position])) {
            position--;
            if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        }
        lua_pushinteger(L, position + 1);
        return 1;
    }
    if (is_continuation(text[position])) return luaL_error(L, "initial position is a continuation byte");
    if (n > 0) n--; /* the character at the position is the first one */
    while (n < 0 && position > 0) {
        do {
            position--;
            if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        } while (position > 0 && is_continuation(text[position]));
        n++;
    }
    while (n > 0 && position < end) {
        do {
            position++;
            if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        } while (is_continuation(text[position])); /* ends at the NUL */
        n--;
    }
    if (n == 0) lua_pushinteger(L, position + 1);
    else luaL_pushfail(L);
    return 1;
}

/* The character behind the one that begins at the control variable. */
static int next_code(lua_State *L, bool is_lax) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Unsigned position = (lua_Unsigned)lua_tointeger(L, 2);
    for (; position < length && is_continuation(text[position]); position++)
        if (position % STEPS_PER_POLL == 0) gwlua_poll(L);
    if (position >= length) return 0;
    uint32_t code;
    if (!decode(text + position, &code, is_lax)) return luaL_error(L, "invalid UTF-8 code");
    lua_pushinteger(L, (lua_Integer)position + 1);
    lua_pushinteger(L, code);
    return 2;
}

static int next_strict(lua_State *L) { return next_code(L, false); }

static int next_lax(lua_State *L) { return next_code(L, true); }

static int utf8_codes(lua_State *L) {
    luaL_checkstring(L, 1);
    lua_pushcfunction(L, lua_toboolean(L, 2) ? next_lax : next_strict);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

void gwlua_open_utf8(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"char", utf8_char}, {"codepoint", utf8_codepoint}, {"codes", utf8_codes}, {"len", utf8_len},
        {"offset", utf8_offset}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
    static const char pattern[] = "[\0-\x7F\xC2-\xFD][\x80-\xBF]*";
    lua_pushlstring(L, pattern, sizeof pattern - 1);
    lua_setfield(L, -2, "charpattern");
}

/* MARK: math */

/* Stock: none of its loops can be made long. It has seeded itself for this VM; a script is not to make the numbers
 * of others foreseeable. */
void gwlua_open_math(lua_State *L) {
    luaopen_math(L);
    lua_pushnil(L);
    lua_setfield(L, -2, "randomseed");
}
