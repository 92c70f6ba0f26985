#ifndef GWLUA_STORE_LUA_H
#define GWLUA_STORE_LUA_H

/* What the methods of a store object share. */

#include "engine.h"
#include "gwlua_store.h"

/* The store that a method was called on; it has to be a closure with the metatable as its first upvalue. */
struct gwlua_store *gwlua_check_store(lua_State *L);
/* The key at that index, with the clock and the limits of the script. */
gwlua_store_call gwlua_check_store_call(lua_State *L, int index);
/* A time to live in nanoseconds from seconds at that index; 0: for ever, as when it is nil. */
int64_t gwlua_check_ttl(lua_State *L, int index);
/* Reads the value at `index`. A table's JSON text is pushed, so that one more value may be on the stack. NULL, or why
 * it cannot be stored. */
const char *gwlua_read_store_value(lua_State *L, int index, gwlua_store_value *out);
/* Pushes the value of a key, and nothing unless the answer is GWLUA_STORE_OK. */
int32_t gwlua_push_stored(lua_State *L, struct gwlua_store *store, const gwlua_store_call *call, bool stale);
/* The word that scripts get for an answer. */
const char *gwlua_store_word(int32_t answer);

/* store_remember.c: `store:remember(key, ttl, function, options)` */
int gwlua_store_remember(lua_State *L);

#endif
