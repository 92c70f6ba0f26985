/* The module `url`: RFC 3986 and query strings. */

#include "engine.h"
#include "json.h"

enum { STEPS_PER_POLL = 1024, URL_MAX = 65536, PARAMETERS_MAX = 1000 };

static bool is_letter(unsigned char byte) { return (unsigned char)((byte | 0x20) - 'a') < 26; }
static bool is_digit(unsigned char byte) { return (unsigned char)(byte - '0') < 10; }

/* Of the bytes in `others`, and what RFC 3986 calls unreserved. */
static bool is_plain(unsigned char byte, const char *others) {
    return is_letter(byte) || is_digit(byte) || (byte != 0 && strchr(others, byte));
}

static int hex_digit(unsigned char byte) {
    if (is_digit(byte)) return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static int refuse(lua_State *L, const char *why) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* MARK: Percent coding */

/* Writes at most three bytes for each one. */
static size_t escape_into(lua_State *L, char *out, const char *text, size_t count) {
    static const char digits[] = "0123456789ABCDEF";
    size_t written = 0;
    for (size_t at = 0; at < count; at++) {
        if (at % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
        unsigned char byte = (unsigned char)text[at];
        if (is_plain(byte, "-._~")) {
            out[written++] = (char)byte;
            continue;
        }
        out[written++] = '%';
        out[written++] = digits[byte >> 4];
        out[written++] = digits[byte & 15];
    }
    return written;
}

/* Pushes the text that is meant; false, and nothing pushed, when a percent sign has no two digits behind it. */
static bool push_unescaped(lua_State *L, const char *text, size_t count, bool is_plus_space) {
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, count + 1);
    size_t written = 0;
    bool is_good = true;
    for (size_t at = 0, steps = 1; at < count && is_good; at++, steps++) {
        if (steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        unsigned char byte = (unsigned char)text[at];
        if (byte == '+' && is_plus_space) {
            byte = ' ';
        } else if (byte == '%') {
            int high = count - at > 2 ? hex_digit((unsigned char)text[at + 1]) : -1;
            int low = count - at > 2 ? hex_digit((unsigned char)text[at + 2]) : -1;
            is_good = high >= 0 && low >= 0;
            byte = (unsigned char)(is_good ? high << 4 | low : 0);
            at += 2;
        }
        out[written++] = (char)byte;
    }
    luaL_pushresultsize(&buffer, written);
    if (!is_good) lua_pop(L, 1);
    return is_good;
}

static int url_escape(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    if (count > gwlua_string_max(L) / 3) return luaL_error(L, "string would be too long");
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, 3 * count + 1);
    luaL_pushresultsize(&buffer, escape_into(L, out, text, count));
    return 1;
}

static int url_unescape(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    return push_unescaped(L, text, count, false) ? 1 : refuse(L, "invalid percent-encoding");
}

/* MARK: parse */

static void set_text(lua_State *L, const char *field, const char *from, const char *to) {
    lua_pushlstring(L, from, (size_t)(to - from));
    lua_setfield(L, -2, field);
}

/* Schemes and hosts are compared without case, so they are given in lower case. */
static void set_lower(lua_State *L, const char *field, const char *from, const char *to) {
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, (size_t)(to - from) + 1);
    for (const char *p = from; p < to; p++) {
        if ((p - from) % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
        out[p - from] = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
    }
    luaL_pushresultsize(&buffer, (size_t)(to - from));
    lua_setfield(L, -2, field);
}

/* Moves over bytes that may stand in a part: plain ones, `others`, and percent signs with two digits. */
static const char *skip_allowed(lua_State *L, const char *p, const char *end, const char *others) {
    for (unsigned steps = 1; p < end; steps++) {
        if (steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        if (*p == '%') {
            if (end - p < 3 || hex_digit((unsigned char)p[1]) < 0 || hex_digit((unsigned char)p[2]) < 0) break;
            p += 3;
        } else if (is_plain((unsigned char)*p, others)) {
            p++;
        } else {
            break;
        }
    }
    return p;
}

/* Sets userinfo, host and port of the table at the top; false when they are none. A second @ and a backslash are
 * refused: programs differ in what they take for the host then. */
static bool parse_authority(lua_State *L, const char *p, const char *end) {
    const char *at_sign = memchr(p, '@', (size_t)(end - p));
    if (at_sign) {
        if (skip_allowed(L, p, at_sign, "-._~!$&'()*+,;=:") != at_sign) return false;
        set_text(L, "userinfo", p, at_sign);
        p = at_sign + 1;
    }
    const char *host_end;
    if (p < end && *p == '[') {
        host_end = p + 1;
        while (host_end < end && host_end - p < 64 &&
               (hex_digit((unsigned char)*host_end) >= 0 || *host_end == ':' || *host_end == '.'))
            host_end++;
        if (host_end == end || *host_end != ']' || host_end - p < 3) return false;
        host_end++;
    } else {
        host_end = skip_allowed(L, p, end, "-._~!$&'()*+,;=");
    }
    set_lower(L, "host", p, host_end);
    if (host_end == end) return true;
    if (*host_end != ':') return false;
    int port = 0;
    const char *digits = host_end + 1;
    for (p = digits; p < end; p++) {
        if (!is_digit((unsigned char)*p) || p - digits >= 5) return false;
        port = port * 10 + (*p - '0');
    }
    if (port > 65535) return false;
    if (p > digits) {
        lua_pushinteger(L, port);
        lua_setfield(L, -2, "port");
    }
    return true;
}

static const char *find_any(const char *p, const char *end, const char *bytes) {
    for (; *bytes; bytes++) {
        const char *found = memchr(p, *bytes, (size_t)(end - p));
        if (found) end = found;
    }
    return end;
}

static int url_parse(lua_State *L) {
    static const char segment[] = "-._~!$&'()*+,;=:@/", query[] = "-._~!$&'()*+,;=:@/?";
    size_t count;
    const char *p = luaL_checklstring(L, 1, &count), *end = p + count;
    if (count > URL_MAX) return refuse(L, "url longer than 65536 bytes");
    lua_createtable(L, 0, 8);
    const char *scheme = p;
    while (scheme < end && scheme - p < 64 && (is_letter((unsigned char)*scheme) ||
           (scheme > p && (is_digit((unsigned char)*scheme) || *scheme == '+' || *scheme == '-' || *scheme == '.'))))
        scheme++;
    if (scheme > p && scheme < end && *scheme == ':') {
        set_lower(L, "scheme", p, scheme);
        p = scheme + 1;
    }
    if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
        const char *authority = p + 2;
        p = find_any(authority, end, "/?#");
        if (!parse_authority(L, authority, p)) return refuse(L, "invalid authority");
    }
    const char *path = p;
    p = skip_allowed(L, p, end, segment);
    set_text(L, "path", path, p);
    if (p < end && *p == '?') {
        const char *start = ++p;
        p = skip_allowed(L, p, end, query);
        set_text(L, "query", start, p);
    }
    if (p < end && *p == '#') {
        const char *start = ++p;
        p = skip_allowed(L, p, end, query);
        set_text(L, "fragment", start, p);
    }
    return p == end ? 1 : refuse(L, "invalid character");
}

/* MARK: decode_query */

/* Adds the value at the top to the field whose key lies below it, and pops both. */
static void add_parameter(lua_State *L, int table) {
    lua_pushvalue(L, -2);
    switch (lua_rawget(L, table)) {
        case LUA_TNIL:
            lua_pop(L, 1);
            lua_rawset(L, table);
            return;
        case LUA_TTABLE: break;
        default: { /* a second value: both go into an array */
            lua_createtable(L, 2, 0);
            lua_insert(L, -2);
            lua_rawseti(L, -2, 1);
            lua_pushvalue(L, -3);
            lua_pushvalue(L, -2);
            lua_rawset(L, table);
        }
    }
    lua_insert(L, -2); /* key, array, value */
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
}

static int url_decode_query(lua_State *L) {
    size_t count;
    const char *p = luaL_checklstring(L, 1, &count), *end = p + count;
    lua_settop(L, 1);
    lua_newtable(L);
    unsigned steps = 0;
    for (int parameters = 0; p < end;) {
        if (++steps % STEPS_PER_POLL == 0) gwlua_poll(L);
        const char *next = memchr(p, '&', (size_t)(end - p));
        const char *stop = next ? next : end;
        if (stop > p) {
            if (++parameters > PARAMETERS_MAX) return refuse(L, "too many parameters");
            const char *equals = memchr(p, '=', (size_t)(stop - p));
            const char *key_end = equals ? equals : stop, *value = equals ? equals + 1 : stop;
            if (!push_unescaped(L, p, (size_t)(key_end - p), true)) return refuse(L, "invalid percent-encoding");
            if (!push_unescaped(L, value, (size_t)(stop - value), true)) return refuse(L, "invalid percent-encoding");
            add_parameter(L, 2);
        }
        p = stop + 1;
        if (!next) break;
    }
    return 1;
}

/* MARK: encode_query */

struct query {
    luaL_Buffer buffer;
    size_t parameters;
};

static void add_escaped(lua_State *L, struct query *q, const char *text, size_t count) {
    while (count > 0) { /* in pieces that the buffer has room for at once */
        size_t piece = count < LUAL_BUFFERSIZE / 4 ? count : LUAL_BUFFERSIZE / 4;
        char *out = luaL_prepbuffsize(&q->buffer, 3 * piece);
        luaL_addsize(&q->buffer, escape_into(L, out, text, piece));
        if (luaL_bufflen(&q->buffer) > gwlua_string_max(L)) luaL_error(L, "string would be too long");
        gwlua_poll(L);
        text += piece;
        count -= piece;
    }
}

/* `value` lies below the buffer on the stack, whose own memory has to be at the top. */
static void add_pair(lua_State *L, struct query *q, const struct gwlua_key *key, int value) {
    char number[GWLUA_JSON_NUMBER_MAX];
    size_t count;
    const char *text = number;
    switch (lua_type(L, value)) {
        case LUA_TSTRING: text = lua_tolstring(L, value, &count); break;
        case LUA_TBOOLEAN:
            text = lua_toboolean(L, value) ? "true" : "false";
            count = strlen(text);
            break;
        case LUA_TNUMBER:
            if (lua_isinteger(L, value)) {
                count = gwlua_json_write_integer(number, lua_tointeger(L, value));
                break;
            }
            double given = lua_tonumber(L, value);
            if (given - given != 0) luaL_argerror(L, 1, "a number is nan or infinite");
            count = gwlua_json_write_float(number, given);
            break;
        default: luaL_argerror(L, 1, "values must be strings, numbers, booleans or arrays of them"); return;
    }
    if (++q->parameters > PARAMETERS_MAX) luaL_argerror(L, 1, "too many parameters");
    if (q->parameters > 1) luaL_addchar(&q->buffer, '&');
    add_escaped(L, q, key->text, key->count);
    luaL_addchar(&q->buffer, '=');
    add_escaped(L, q, text, count);
}

static int url_encode_query(lua_State *L) {
    enum { KEYS = 2, VALUE = 3, ITEM = 4 };
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    gwlua_push_thawed(L, 1);
    lua_replace(L, 1);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, 1);) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) return luaL_argerror(L, 1, "keys must be strings");
        if (++count > PARAMETERS_MAX) return luaL_argerror(L, 1, "too many parameters");
    }
    struct gwlua_key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    /* Kept by a copy of the table: what is weak in the original may be collected meanwhile. */
    lua_createtable(L, 0, (int)count);
    size_t found = 0;
    for (lua_pushnil(L); lua_next(L, 1) && found < count;) {
        keys[found++] = gwlua_key_at(L, -2, 0);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, 3);
    }
    lua_settop(L, 3);
    lua_replace(L, 1);
    gwlua_sort_keys(L, keys, found);
    lua_settop(L, ITEM);
    struct query q = {.parameters = 0};
    luaL_buffinit(L, &q.buffer);
    for (size_t index = 0; index < found; index++) {
        /* Pushed and moved at once, so that the buffer is at the top again when it is written to. */
        lua_pushlstring(L, keys[index].text, keys[index].count);
        int type = lua_rawget(L, 1);
        lua_replace(L, VALUE);
        if (type != LUA_TTABLE) {
            add_pair(L, &q, &keys[index], VALUE);
            continue;
        }
        gwlua_push_thawed(L, VALUE);
        lua_replace(L, VALUE);
        lua_Integer items = (lua_Integer)lua_rawlen(L, VALUE);
        for (lua_Integer item = 1; item <= items; item++) {
            lua_rawgeti(L, VALUE, item);
            lua_replace(L, ITEM);
            add_pair(L, &q, &keys[index], ITEM);
        }
    }
    luaL_pushresult(&q.buffer);
    if (lua_rawlen(L, -1) > gwlua_string_max(L)) return luaL_error(L, "string would be too long");
    return 1;
}

void gwlua_open_url(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"parse", url_parse}, {"escape", url_escape}, {"unescape", url_unescape}, {"encode_query", url_encode_query},
        {"decode_query", url_decode_query}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
