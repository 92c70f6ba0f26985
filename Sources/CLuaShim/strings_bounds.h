#ifndef GWLUA_STRINGS_BOUNDS_H
#define GWLUA_STRINGS_BOUNDS_H

/* What the files of the string library share. */

#include "internal.h"

#include <string.h>

/* A call returns no more results than this: they lie on the stack of the VM. */
enum { GWLUA_RESULTS_MAX = 8000 };

/* The first byte that a position asks for, from 1 on; behind the end for a position behind it. */
static inline size_t gwlua_first_position(lua_Integer position, size_t length) {
    if (position > 0) return (size_t)position;
    if (position == 0 || position < -(lua_Integer)length) return 1;
    return length + (size_t)position + 1;
}

/* The last byte that a position asks for; 0 for one before the beginning. */
static inline size_t gwlua_last_position(lua_Integer position, size_t length) {
    if (position > (lua_Integer)length) return length;
    if (position >= 0) return (size_t)position;
    if (position < -(lua_Integer)length) return 0;
    return length + (size_t)position + 1;
}

/* Raises when `more` bytes do not go behind `have` any more. */
static inline void gwlua_check_room(lua_State *L, size_t have, size_t more) {
    size_t max = gwlua_string_max(L);
    if (have > max || more > max - have) luaL_error(L, "string would be too long");
}

/* The bound is looked at where the buffer would grow, and once more at the end: most pieces are short. */
static inline bool gwlua_add_within(luaL_Buffer *buffer, const char *text, size_t count) {
    if (count > buffer->size - buffer->n) return false;
    memcpy(buffer->b + buffer->n, text, count);
    buffer->n += count;
    return true;
}

static inline void gwlua_add_bounded(lua_State *L, luaL_Buffer *buffer, const char *text, size_t count) {
    if (gwlua_add_within(buffer, text, count)) return;
    gwlua_check_room(L, luaL_bufflen(buffer), count);
    luaL_addlstring(buffer, text, count);
}

/* Adds the value at the top of the stack, a string or number, and pops it. */
static inline void gwlua_add_value_bounded(lua_State *L, luaL_Buffer *buffer) {
    size_t count;
    const char *text = lua_tolstring(L, -1, &count);
    if (gwlua_add_within(buffer, text, count)) {
        lua_pop(L, 1);
    } else {
        gwlua_check_room(L, luaL_bufflen(buffer), count);
        luaL_addvalue(buffer);
    }
}

static inline void gwlua_push_bounded(lua_State *L, luaL_Buffer *buffer) {
    gwlua_check_room(L, luaL_bufflen(buffer), 0);
    luaL_pushresult(buffer);
}

/* strings_find.c */
int gwlua_string_find(lua_State *L);
int gwlua_string_match(lua_State *L);
int gwlua_string_gmatch(lua_State *L);
int gwlua_string_gsub(lua_State *L);
/* strings_format.c */
int gwlua_string_format(lua_State *L);
/* strings_pack.c */
int gwlua_string_pack(lua_State *L);
int gwlua_string_packsize(lua_State *L);
int gwlua_string_unpack(lua_State *L);

#endif
