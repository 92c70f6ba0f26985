/* JSON as RFC 8259 has it and nothing else, read into values of Lua.
 *
 * Children wait on Lua's stack until their container ends, so that its table is made in the right size at once: growing
 * a table step by step is what decoders for Lua spend most of their time with. Long containers are stored in pieces.
 */

#include "json.h"

enum {
    POLL_BYTES = 1024,       /* each step reads at least one byte */
    POLL_PLAIN_BYTES = 8192, /* here a step is a word */
    PENDING_MAX = 64,
};

struct decoder {
    lua_State *L;
    const unsigned char *text, *at, *end, *next_poll;
    const char *error;
    int depth, max_depth;
    /* Where strings with escapes are put together: `small`, or the scratch at the slot. */
    int slot;
    struct gwlua_scratch *scratch;
    unsigned char *unescaped;
    size_t room;
    unsigned char small[512];
};

static bool value(struct decoder *d);

static bool fail(struct decoder *d, const char *error) {
    d->error = error;
    return false;
}

static bool fail_at(struct decoder *d, const unsigned char *at, const char *error) {
    d->at = at;
    return fail(d, error);
}

static inline void poll_at_times(struct decoder *d) {
    if (d->at < d->next_poll) return;
    gwlua_poll(d->L);
    d->next_poll = (size_t)(d->end - d->at) > POLL_BYTES ? d->at + POLL_BYTES : d->end;
}

static inline bool is_space(unsigned char byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline void skip_space(struct decoder *d) {
    while (d->at < d->end && is_space(*d->at)) {
        d->at++;
        poll_at_times(d);
    }
}

/* MARK: Strings */

static void reserve(struct decoder *d, size_t used, size_t more) {
    if (more <= d->room - used) return;
    size_t room = 2 * (used + more);
    if (!d->scratch) {
        d->scratch = gwlua_push_scratch(d->L);
        lua_replace(d->L, d->slot);
    }
    bool was_small = d->unescaped == d->small;
    gwlua_resize_scratch(d->L, d->scratch, room);
    if (was_small) memcpy(d->scratch->bytes, d->small, used);
    d->unescaped = d->scratch->bytes;
    d->room = room;
}

static int hex_digit(unsigned char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four digits behind `\u`; -1 when they are not all there. */
static int32_t code_unit(struct decoder *d) {
    if (d->end - d->at < 4) return -1;
    int32_t code = 0;
    for (int index = 0; index < 4; index++) {
        int digit = hex_digit(d->at[index]);
        if (digit < 0) return -1;
        code = code << 4 | digit;
    }
    d->at += 4;
    return code;
}

static size_t put_character(unsigned char *out, uint32_t code) {
    if (code < 0x80) {
        out[0] = (unsigned char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (unsigned char)(0xc0 | code >> 6);
        out[1] = (unsigned char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (unsigned char)(0xe0 | code >> 12);
        out[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | code >> 18);
    out[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (code & 0x3f));
    return 4;
}

/* One escape, `at` is behind its backslash. There is room for four bytes at `out`. */
static bool escape(struct decoder *d, size_t *used) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (d->at == d->end) return fail(d, "unfinished string");
    unsigned char *out = d->unescaped + *used;
    unsigned char name = *d->at;
    if (name == 'u') {
        const unsigned char *start = d->at++;
        int32_t code = code_unit(d);
        if (code < 0) return fail_at(d, start, "invalid escape");
        if (code >= 0xdc00 && code < 0xe000) return fail_at(d, start, "lone surrogate");
        if (code >= 0xd800 && code < 0xdc00) {
            int32_t low = -1;
            if (d->end - d->at >= 6 && d->at[0] == '\\' && d->at[1] == 'u') {
                d->at += 2;
                low = code_unit(d);
            }
            if (low < 0xdc00 || low >= 0xe000) return fail_at(d, start, "lone surrogate");
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        *used += put_character(out, (uint32_t)code);
        return true;
    }
    const char *found = name ? strchr(names, name) : NULL;
    if (!found) return fail(d, "invalid escape");
    *out = (unsigned char)meanings[found - names];
    *used += 1;
    d->at++;
    return true;
}

/* Moves over bytes that stand for themselves; false when they are not UTF-8 or there is no end to them. */
static bool skip_literal(struct decoder *d) {
    for (;;) {
        const unsigned char *stop = d->end - d->at > POLL_PLAIN_BYTES ? d->at + POLL_PLAIN_BYTES : d->end;
        d->at = gwlua_json_plain_end(d->at, stop);
        poll_at_times(d);
        if (d->at == d->end) return fail(d, "unfinished string");
        if (d->at == stop) continue;
        if (*d->at == '"' || *d->at == '\\') return true;
        if (*d->at < 0x20) return fail(d, "control character in a string");
        while (d->at < d->end && *d->at >= 0x80) {
            size_t count = gwlua_utf8_sequence(d->at, d->end);
            if (count == 0) return fail(d, "invalid utf-8");
            d->at += count;
            poll_at_times(d);
        }
    }
}

static bool string(struct decoder *d) {
    const unsigned char *start = ++d->at;
    if (!skip_literal(d)) return false;
    if (*d->at == '"') {
        lua_pushlstring(d->L, (const char *)start, (size_t)(d->at++ - start));
        return true;
    }
    size_t used = 0;
    for (;;) {
        size_t count = (size_t)(d->at - start);
        reserve(d, used, count + 4);
        memcpy(d->unescaped + used, start, count);
        used += count;
        if (*d->at++ == '"') break;
        if (!escape(d, &used)) return false;
        start = d->at;
        if (!skip_literal(d)) return false;
    }
    lua_pushlstring(d->L, (const char *)d->unescaped, used);
    return true;
}

/* MARK: Containers */

/* Moves the values above `table` into it, which is nil before the first time. */
static void store_items(lua_State *L, int table, lua_Integer stored, bool is_last) {
    int count = lua_gettop(L) - table;
    if (lua_isnil(L, table)) {
        lua_createtable(L, is_last ? count : 4 * count, 0);
        lua_replace(L, table);
        for (int item = count; item > 0; item--) lua_rawseti(L, table, item);
        return;
    }
    /* In their order: the table grows, and from behind it would not know that these are items. */
    for (int item = 1; item <= count; item++) {
        lua_pushvalue(L, table + item);
        lua_rawseti(L, table, stored + item);
    }
    lua_settop(L, table);
}

static void store_fields(lua_State *L, int table, bool is_last) {
    int count = lua_gettop(L) - table;
    if (lua_isnil(L, table)) {
        lua_createtable(L, 0, is_last ? count / 2 : 2 * count);
        lua_replace(L, table);
    }
    /* In their order: of two fields of one name the last one wins. */
    for (int field = table + 1; field < table + count; field += 2) {
        lua_pushvalue(L, field);
        lua_pushvalue(L, field + 1);
        lua_rawset(L, table);
    }
    lua_settop(L, table);
}

/* After a child: whether another one follows, and false for a failure. */
static bool separator(struct decoder *d, char close, bool *has_ended) {
    skip_space(d);
    if (d->at == d->end) return fail(d, "unexpected end");
    *has_ended = *d->at == close;
    if (!*has_ended && *d->at != ',') return fail(d, close == ']' ? "expected , or ]" : "expected , or }");
    d->at++;
    return true;
}

/* Behind the bracket that opens a container. */
static bool enter(struct decoder *d, char close, bool *is_empty) {
    if (d->depth++ >= d->max_depth) return fail(d, "nesting too deep");
    luaL_checkstack(d->L, 2 * PENDING_MAX + 8, "json is nested too deep");
    d->at++;
    skip_space(d);
    *is_empty = d->at < d->end && *d->at == close;
    if (*is_empty) d->at++;
    return true;
}

static bool array(struct decoder *d) {
    lua_State *L = d->L;
    bool has_ended;
    if (!enter(d, ']', &has_ended)) return false;
    if (has_ended) {
        lua_newtable(L);
        gwlua_push_array_mark(L);
        lua_setmetatable(L, -2);
    } else {
        lua_pushnil(L);
        int table = lua_gettop(L);
        lua_Integer stored = 0;
        do {
            if (lua_gettop(L) - table == PENDING_MAX) {
                store_items(L, table, stored, false);
                stored += PENDING_MAX;
            }
            if (!value(d) || !separator(d, ']', &has_ended)) return false;
        } while (!has_ended);
        store_items(L, table, stored, true);
    }
    d->depth--;
    return true;
}

static bool object(struct decoder *d) {
    lua_State *L = d->L;
    bool has_ended;
    if (!enter(d, '}', &has_ended)) return false;
    lua_pushnil(L);
    int table = lua_gettop(L);
    while (!has_ended) {
        if (lua_gettop(L) - table == PENDING_MAX) store_fields(L, table, false);
        skip_space(d);
        if (d->at == d->end) return fail(d, "unexpected end");
        if (*d->at != '"') return fail(d, "expected a string as key");
        if (!string(d)) return false;
        skip_space(d);
        if (d->at == d->end) return fail(d, "unexpected end");
        if (*d->at != ':') return fail(d, "expected :");
        d->at++;
        if (!value(d) || !separator(d, '}', &has_ended)) return false;
    }
    store_fields(L, table, true);
    d->depth--;
    return true;
}

static bool literal(struct decoder *d, const char *word, size_t count) {
    if ((size_t)(d->end - d->at) < count || memcmp(d->at, word, count) != 0) return fail(d, "unexpected character");
    d->at += count;
    return true;
}

/* Pushes one value, or fails and leaves whatever on the stack. */
static bool value(struct decoder *d) {
    skip_space(d);
    poll_at_times(d);
    if (d->at == d->end) return fail(d, "unexpected end");
    switch (*d->at) {
        case '"': return string(d);
        case '{': return object(d);
        case '[': return array(d);
        case 't':
            lua_pushboolean(d->L, 1);
            return literal(d, "true", 4);
        case 'f':
            lua_pushboolean(d->L, 0);
            return literal(d, "false", 5);
        case 'n':
            lua_pushlightuserdata(d->L, &gwlua_json_null);
            return literal(d, "null", 4);
        case '-': case '0': case '1': case '2': case '3': case '4':
        case '5': case '6': case '7': case '8': case '9':
            d->error = gwlua_json_read_number(d->L, &d->at, d->end);
            return !d->error;
        default: return fail(d, "unexpected character");
    }
}

int gwlua_json_decode_text(lua_State *L, const char *text, size_t count, int max_depth) {
    const unsigned char *bytes = (const unsigned char *)(text ? text : "");
    struct decoder d; /* `small` is left as it is */
    d.L = L;
    d.text = d.at = d.next_poll = bytes;
    d.end = bytes + count;
    d.error = NULL;
    d.depth = 0;
    d.max_depth = max_depth < GWLUA_JSON_DEPTH_MAX ? max_depth : GWLUA_JSON_DEPTH_MAX;
    d.scratch = NULL;
    d.unescaped = d.small;
    d.room = sizeof d.small;
    luaL_checkstack(L, 8, "no room to decode json");
    lua_pushnil(L);
    d.slot = lua_gettop(L);
    bool is_good = value(&d);
    if (is_good) {
        skip_space(&d);
        if (d.at < d.end) is_good = fail(&d, "unexpected character");
    }
    if (d.scratch) gwlua_resize_scratch(L, d.scratch, 0);
    if (is_good) {
        lua_replace(L, d.slot);
        return 1;
    }
    lua_settop(L, d.slot); /* the slot becomes the nil of the two results */
    lua_pushnil(L);
    lua_replace(L, d.slot);
    lua_pushfstring(L, "%s at byte %I", d.error, (LUAI_UACINT)(d.at - d.text + 1));
    return 2;
}

int gwlua_json_decode(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    int max_depth = GWLUA_JSON_DEPTH;
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_pushliteral(L, "max_depth");
        if (lua_rawget(L, 2) != LUA_TNIL) {
            int is_integer;
            lua_Integer depth = lua_tointegerx(L, -1, &is_integer);
            luaL_argcheck(
                L, is_integer && depth >= 1 && depth <= GWLUA_JSON_DEPTH_MAX, 2, "max_depth must be from 1 to 128");
            max_depth = (int)depth;
        }
        lua_pop(L, 1);
    }
    return gwlua_json_decode_text(L, text, count, max_depth);
}
