/* The string library: the functions without patterns or formats. */

#include "strings_bounds.h"

#include <limits.h>

/* Bytes that are worked on between two polls. A block is copied faster than it is filled byte by byte. */
enum { BLOCK = 1024, COPIED_BLOCK = 32768 };

static int string_len(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    lua_pushinteger(L, (lua_Integer)length);
    return 1;
}

static int string_sub(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    size_t first = gwlua_first_position(luaL_checkinteger(L, 2), length);
    size_t last = gwlua_last_position(luaL_optinteger(L, 3, -1), length);
    if (first > last) lua_pushliteral(L, "");
    else lua_pushlstring(L, text + first - 1, last - first + 1);
    return 1;
}

static int string_byte(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer position = luaL_optinteger(L, 2, 1);
    size_t first = gwlua_first_position(position, length);
    size_t last = gwlua_last_position(luaL_optinteger(L, 3, position), length);
    if (first > last) return 0;
    size_t count = last - first + 1;
    if (count > GWLUA_RESULTS_MAX) return luaL_error(L, "string slice too long");
    luaL_checkstack(L, (int)count, "string slice too long");
    for (size_t index = 0; index < count; index++) lua_pushinteger(L, (unsigned char)text[first - 1 + index]);
    return (int)count;
}

static int string_char(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(L, &buffer, (size_t)count);
    for (int index = 1; index <= count; index++) {
        if (index % BLOCK == 0) gwlua_poll(L);
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, index);
        luaL_argcheck(L, code <= UCHAR_MAX, index, "value out of range");
        bytes[index - 1] = (char)code;
    }
    luaL_pushresultsize(&buffer, (size_t)count);
    return 1;
}

/* MARK: Copies */

static int string_reverse(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    gwlua_check_room(L, 0, length);
    luaL_Buffer buffer;
    char *reversed = luaL_buffinitsize(L, &buffer, length);
    for (size_t from = 0; from < length;) {
        gwlua_poll(L);
        size_t stop = length - from > BLOCK ? from + BLOCK : length;
        for (; from < stop; from++) reversed[length - 1 - from] = text[from];
    }
    luaL_pushresultsize(&buffer, length);
    return 1;
}

/* Letters of ASCII only, whatever locale the process has. */
static int change_case(lua_State *L, char first) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    gwlua_check_room(L, 0, length);
    luaL_Buffer buffer;
    char *changed = luaL_buffinitsize(L, &buffer, length);
    for (size_t from = 0; from < length;) {
        gwlua_poll(L);
        size_t stop = length - from > BLOCK ? from + BLOCK : length;
        for (; from < stop; from++) {
            unsigned char is_letter = (unsigned char)(text[from] - first) < 26;
            changed[from] = (char)(text[from] ^ (is_letter << 5));
        }
    }
    luaL_pushresultsize(&buffer, length);
    return 1;
}

static int string_lower(lua_State *L) { return change_case(L, 'A'); }

static int string_upper(lua_State *L) { return change_case(L, 'a'); }

static int string_rep(lua_State *L) {
    size_t length, separator_length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_length);
    size_t unit = length + separator_length;
    if (count <= 0 || unit == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    /* Checked by division: the product may not fit. */
    size_t max = gwlua_string_max(L);
    if (length > max || (lua_Unsigned)(count - 1) > (max - length) / unit)
        return luaL_error(L, "string would be too long");
    size_t total = (size_t)(count - 1) * unit + length;
    luaL_Buffer buffer;
    char *bytes = luaL_buffinitsize(L, &buffer, total);
    memcpy(bytes, text, length);
    if (count > 1) {
        /* The text once and a separator; the rest repeats what is there, in growing pieces. */
        memcpy(bytes + length, separator, separator_length);
        size_t done = unit;
        while (done < total) {
            gwlua_poll(L);
            size_t piece = done < total - done ? done : total - done;
            /* A piece is a whole number of units, so that the next one continues it. */
            if (piece > COPIED_BLOCK && unit <= COPIED_BLOCK) piece = COPIED_BLOCK - COPIED_BLOCK % unit;
            memcpy(bytes + done, bytes, piece);
            done += piece;
        }
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

void gwlua_open_string(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"byte", string_byte}, {"char", string_char}, {"find", gwlua_string_find}, {"format", gwlua_string_format},
        {"gmatch", gwlua_string_gmatch}, {"gsub", gwlua_string_gsub}, {"len", string_len}, {"lower", string_lower},
        {"match", gwlua_string_match}, {"pack", gwlua_string_pack}, {"packsize", gwlua_string_packsize},
        {"rep", string_rep}, {"reverse", string_reverse}, {"sub", string_sub}, {"unpack", gwlua_string_unpack},
        {"upper", string_upper}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
