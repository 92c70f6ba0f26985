/* The modules `base64` and `hex`. */

#include "base64.h"

#include <string.h>

enum { BLOCK = 1024 }; /* steps between two polls */

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What a character stands for; 64 for one that stands for nothing. The two last of the alphabet come as given. */
static inline unsigned sextet(unsigned char byte, unsigned char plus, unsigned char slash) {
    if (byte >= 'A' && byte <= 'Z') return byte - 'A';
    if (byte >= 'a' && byte <= 'z') return byte - 'a' + 26u;
    if (byte >= '0' && byte <= '9') return byte - '0' + 52u;
    return byte == plus ? 62 : byte == slash ? 63 : 64;
}

static int encode(lua_State *L, const char *alphabet, bool is_padded) {
    size_t count, written = 0;
    const unsigned char *in = (const unsigned char *)luaL_checklstring(L, 1, &count);
    if (count / 3 >= gwlua_string_max(L) / 4) return luaL_error(L, "string would be too long");
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, (count + 2) / 3 * 4);
    size_t at = 0;
    while (count - at >= 3) {
        gwlua_poll(L);
        for (int step = 0; step < BLOCK && count - at >= 3; step++, at += 3) {
            unsigned bits = (unsigned)in[at] << 16 | (unsigned)in[at + 1] << 8 | in[at + 2];
            out[written++] = alphabet[bits >> 18];
            out[written++] = alphabet[bits >> 12 & 63];
            out[written++] = alphabet[bits >> 6 & 63];
            out[written++] = alphabet[bits & 63];
        }
    }
    if (at < count) {
        bool has_two = count - at == 2;
        unsigned bits = (unsigned)in[at] << 16 | (has_two ? (unsigned)in[at + 1] << 8 : 0);
        out[written++] = alphabet[bits >> 18];
        out[written++] = alphabet[bits >> 12 & 63];
        if (has_two) out[written++] = alphabet[bits >> 6 & 63];
        else if (is_padded) out[written++] = '=';
        if (is_padded) out[written++] = '=';
    }
    luaL_pushresultsize(&buffer, written);
    return 1;
}

/* One text for each value, as RFC 4648 allows to ask for: bits behind the last byte must be zero, and nothing is
 * skipped. Else two tokens that compare as different could mean the same. */
static bool push_decoded(lua_State *L, const char *text, size_t count, bool is_for_urls) {
    const unsigned char *in = (const unsigned char *)text;
    unsigned char plus = is_for_urls ? '-' : '+', slash = is_for_urls ? '_' : '/';
    bool has_padding = count > 0 && in[count - 1] == '=';
    if ((has_padding || !is_for_urls) && count % 4 != 0) return false;
    if (has_padding) count -= in[count - 2] == '=' ? 2 : 1;
    size_t rest = count % 4;
    if (rest == 1) return false;
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, count / 4 * 3 + 3);
    size_t at = 0, written = 0;
    unsigned seen = 0; /* has bit 6 as soon as one character is none of the alphabet */
    while (count - at >= 4) {
        gwlua_poll(L);
        for (int step = 0; step < BLOCK && count - at >= 4; step++, at += 4) {
            unsigned a = sextet(in[at], plus, slash), b = sextet(in[at + 1], plus, slash);
            unsigned c = sextet(in[at + 2], plus, slash), d = sextet(in[at + 3], plus, slash);
            seen |= a | b | c | d;
            out[written++] = (char)(a << 2 | b >> 4);
            out[written++] = (char)(b << 4 | c >> 2);
            out[written++] = (char)(c << 6 | d);
        }
    }
    if (rest > 0) {
        unsigned a = sextet(in[at], plus, slash), b = sextet(in[at + 1], plus, slash);
        unsigned c = rest == 3 ? sextet(in[at + 2], plus, slash) : 0;
        seen |= a | b | c;
        if (rest == 2 ? b & 15 : c & 3) seen |= 64;
        out[written++] = (char)(a << 2 | b >> 4);
        if (rest == 3) out[written++] = (char)(b << 4 | c >> 2);
    }
    luaL_pushresultsize(&buffer, written);
    if ((seen & 64) == 0) return true;
    lua_pop(L, 1);
    return false;
}

bool gwlua_push_base64url(lua_State *L, const char *text, size_t count) { return push_decoded(L, text, count, true); }

static int decode(lua_State *L, bool is_for_urls) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    if (push_decoded(L, text, count, is_for_urls)) return 1;
    lua_pushnil(L);
    lua_pushliteral(L, "invalid base64");
    return 2;
}

static int base64_encode(lua_State *L) { return encode(L, standard, true); }
static int base64_decode(lua_State *L) { return decode(L, false); }
static int base64_url_encode(lua_State *L) { return encode(L, for_urls, false); }
static int base64_url_decode(lua_State *L) { return decode(L, true); }

void gwlua_open_base64(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"encode", base64_encode}, {"decode", base64_decode}, {"url_encode", base64_url_encode},
        {"url_decode", base64_url_decode}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
}

/* MARK: hex */

static int hex_encode(lua_State *L) {
    static const char digits[] = "0123456789abcdef";
    size_t count;
    const unsigned char *in = (const unsigned char *)luaL_checklstring(L, 1, &count);
    if (count > gwlua_string_max(L) / 2) return luaL_error(L, "string would be too long");
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, 2 * count);
    for (size_t at = 0; at < count; at++) {
        if (at % BLOCK == 0) gwlua_poll(L);
        out[2 * at] = digits[in[at] >> 4];
        out[2 * at + 1] = digits[in[at] & 15];
    }
    luaL_pushresultsize(&buffer, 2 * count);
    return 1;
}

static unsigned nibble(unsigned char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10u : 16;
}

static int hex_decode(lua_State *L) {
    size_t count;
    const unsigned char *in = (const unsigned char *)luaL_checklstring(L, 1, &count);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, count / 2 + 1);
    unsigned seen = count % 2 ? 16 : 0;
    for (size_t at = 0; at < count / 2; at++) {
        if (at % BLOCK == 0) gwlua_poll(L);
        unsigned high = nibble(in[2 * at]), low = nibble(in[2 * at + 1]);
        seen |= high | low;
        out[at] = (char)(high << 4 | low);
    }
    luaL_pushresultsize(&buffer, count / 2);
    if ((seen & 16) == 0) return 1;
    lua_pushnil(L);
    lua_pushliteral(L, "invalid hex");
    return 2;
}

void gwlua_open_hex(lua_State *L) {
    static const luaL_Reg functions[] = {{"encode", hex_encode}, {"decode", hex_decode}, {NULL, NULL}};
    luaL_newlib(L, functions);
}
