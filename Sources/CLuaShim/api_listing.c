/* The names of all that a VM has for scripts, so that what is told of it can be held against it. */

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 4 };

/* What the definitions for editors call the kinds of handles. */
static const char *const kind_names[HANDLE_KINDS] = {
    [HANDLE_REQUEST] = "gw.Request", [HANDLE_RESPONSE] = "gw.Response",    [HANDLE_CONTEXT] = "gw.Ctx",
    [HANDLE_LOG] = "gw.LogRecord",   [HANDLE_HEADERS] = "gw.Headers",      [HANDLE_CHUNK] = "gw.Chunk",
    [HANDLE_VARIABLES] = "gw.Vars",  [HANDLE_HEADER_COPY] = "gw.Headers",  [HANDLE_REPLY] = "gw.Reply"};

/* Lists the methods of what `maker` returns, from its metatable at the top of the stack. */
static void list_methods(lua_State *L, FILE *out, const char *maker) {
    lua_pushliteral(L, "__index");
    if (lua_rawget(L, -2) == LUA_TTABLE)
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING) fprintf(out, "%s():%s\n", maker, lua_tostring(L, -2));
    lua_pop(L, 1);
}

/* The functions that make stores and metrics have the metatable of those as an upvalue: their methods are found without
 * making one, which would need what the script may use. */
static void list_made(lua_State *L, FILE *out, const char *maker) {
    if (!lua_iscfunction(L, -1) || !lua_getupvalue(L, -1, 1)) return;
    if (lua_type(L, -1) == LUA_TTABLE) list_methods(L, out, maker);
    lua_pop(L, 1);
}

/* Regular expressions need nothing of the host. The environment is at the top of the stack. */
static void list_expression(lua_State *L, FILE *out) {
    lua_getfield(L, -1, "re");
    lua_getfield(L, -1, "compile");
    lua_pushliteral(L, "a");
    lua_call(L, 1, 1);
    if (lua_getmetatable(L, -1)) {
        list_methods(L, out, "re.compile");
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

/* Lists the table at the top of the stack; `prefix` is its name with a dot, or empty. */
static void list_table(lua_State *L, FILE *out, const char *prefix, int depth) {
    if (depth == DEPTH_MAX) luaL_error(L, "%s is nested too deep to be listed", prefix);
    luaL_checkstack(L, 10, NULL);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        /* Kept below the value, so that the collector leaves it alone. */
        const char *name = lua_pushfstring(L, "%s%s", prefix, lua_tostring(L, -2));
        lua_insert(L, -2);
        if (lua_type(L, -1) == LUA_TTABLE) {
            const char *inner = lua_pushfstring(L, "%s.", name);
            lua_insert(L, -2);
            list_table(L, out, inner, depth + 1);
            lua_remove(L, -2);
        } else {
            fprintf(out, "%s\n", name);
            list_made(L, out, name);
        }
        lua_remove(L, -2);
    }
}

static void list_handles(lua_State *L, FILE *out) {
    for (int kind = 0; kind < HANDLE_KINDS; kind++) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->fields_refs[kind]);
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            fprintf(out, "%s%c%s\n", kind_names[kind], lua_iscfunction(L, -1) ? ':' : '.', lua_tostring(L, -2));
        lua_pop(L, 1);
    }
}

static int list(lua_State *L) {
    FILE *out = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->env_ref);
    for (int index = 0; gwlua_lazy_module(index); index++) {
        lua_getfield(L, -1, gwlua_lazy_module(index));
        lua_pop(L, 1);
    }
    lua_getfield(L, -1, "gw");
    for (int index = 0; gwlua_lazy_part(index); index++) {
        lua_getfield(L, -1, gwlua_lazy_part(index));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    list_expression(L, out);
    list_table(L, out, "", 0);
    list_handles(L, out);
    return 0;
}

char *gwlua_list_api(gwlua_vm *vm) {
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    if (!out) return NULL;
    lua_State *L = vm->main;
    lua_pushcfunction(L, list);
    lua_pushlightuserdata(L, out);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) lua_pop(L, 1);
    if (fclose(out) == 0 && status == LUA_OK) return text;
    free(text);
    return NULL;
}
