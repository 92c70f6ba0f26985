/* The environment of a script: an allow-list, built anew for each VM. */

#include "engine.h"

#include <lualib.h>
#include <string.h>

/* MARK: Calls that a kill passes through */

/* What `pcall` and `xpcall` return; `skip` values below the results are theirs. */
static int finish_call(lua_State *L, int status, lua_KContext skip) {
    gwlua_poll(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        if (gwlua_is_reply_raise(L, -1)) return lua_error(L);
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)skip;
}

/* A kill unwinds through every one of them, and each time Lua measures the whole stack below. */
static void check_depth(lua_State *L) {
    enum { FRAMES_MAX = 1000 };
    lua_Debug frame;
    if (lua_getstack(L, FRAMES_MAX, &frame)) luaL_error(L, "pcall below more than %d calls", FRAMES_MAX);
}

static int protected_call(lua_State *L) {
    gwlua_poll(L);
    check_depth(L);
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish_call(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call), 0);
}

/* The handler of a script, not entered once there is a kill or a reply on its way. */
static int guarded_handler(lua_State *L) {
    if (gwlua_of(L)->killed || gwlua_is_reply_raise(L, 1)) return 1;
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int handled_call(lua_State *L) {
    gwlua_poll(L);
    check_depth(L);
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
    return finish_call(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_call), 2);
}

/* MARK: Tables */

static int set_metatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        /* A finalizer runs with hooks off, so that nothing could stop it. Added later it has no effect. */
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "__gc is not available to filters");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int get_metatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1, "__metatable"); /* in its place where there is one */
    return 1;
}

static int raw_set(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    if (gwlua_is_frozen(L, 1)) return luaL_error(L, "this table cannot be changed");
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int raw_get(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    gwlua_push_thawed(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

static int next_entry(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    gwlua_push_thawed(L, 1);
    lua_insert(L, 2);
    if (lua_next(L, 2)) return 2;
    lua_pushnil(L);
    return 1;
}

static int raw_length(lua_State *L) {
    int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    if (type == LUA_TTABLE) gwlua_push_thawed(L, 1); else lua_pushvalue(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

/* MARK: Frozen tables: an empty table whose metatable shows another one */

static char frozen_mark; /* key in the metatable, under which the real table lies */

bool gwlua_is_frozen(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return false;
    bool is_frozen = lua_rawgetp(L, -1, &frozen_mark) == LUA_TTABLE;
    lua_pop(L, 2);
    return is_frozen;
}

void gwlua_push_thawed(lua_State *L, int index) {
    index = lua_absindex(L, index);
    if (lua_type(L, index) == LUA_TTABLE && lua_getmetatable(L, index)) {
        if (lua_rawgetp(L, -1, &frozen_mark) == LUA_TTABLE) {
            lua_remove(L, -2);
            return;
        }
        lua_pop(L, 2);
    }
    lua_pushvalue(L, index);
}

static int refuse_change(lua_State *L) { return luaL_error(L, "this table cannot be changed"); }

static int frozen_pairs(lua_State *L) {
    lua_pushcfunction(L, next_entry); /* it sees through the table, which must not be given away */
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int frozen_length(lua_State *L) {
    gwlua_push_thawed(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

void gwlua_freeze(lua_State *L) {
    if (lua_type(L, -1) != LUA_TTABLE || gwlua_is_frozen(L, -1)) return;
    luaL_checkstack(L, 12, "a table is nested too deep");
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table);) {
        if (lua_type(L, -1) == LUA_TTABLE) {
            gwlua_freeze(L);
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, table); /* to an existing key: allowed while it is traversed */
        } else {
            lua_pop(L, 1);
        }
    }
    lua_newtable(L);
    lua_createtable(L, 0, 6);
    lua_pushvalue(L, table);
    lua_rawsetp(L, -2, &frozen_mark);
    lua_pushvalue(L, table);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_change);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, frozen_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushcfunction(L, frozen_length);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, table);
}

/* MARK: The rest of the basic library */

static int print(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    int count = lua_gettop(L);
    if (engine->run && engine->run->log_lines++ >= engine->limits.log_lines) return 0;
    size_t room = engine->limits.log_line_bytes;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int index = 1; index <= count && room > 0; index++) {
        gwlua_poll(L);
        if (index > 1) luaL_addchar(&buffer, '\t');
        luaL_tolstring(L, index, NULL); /* within a call of the script: its __tostring may be entered */
        gwlua_text piece = text_at(L, -1);
        if (piece.count < room) {
            luaL_addvalue(&buffer);
            room -= piece.count;
        } else {
            lua_pushlstring(L, (const char *)piece.bytes, room);
            lua_remove(L, -2);
            luaL_addvalue(&buffer);
            room = 0;
        }
    }
    luaL_pushresult(&buffer);
    gwlua_text message = text_at(L, -1);
    if (message.count > engine->limits.log_line_bytes) message.count = engine->limits.log_line_bytes;
    engine->host->log(engine->context, engine->run ? engine->run->host : NULL, 1, message, text_of(""));
    return 0;
}

static int traceback(lua_State *L) {
    if (!lua_isnoneornil(L, 1) && lua_type(L, 1) != LUA_TSTRING) {
        lua_settop(L, 1);
        return 1;
    }
    luaL_checkstack(L, 20, NULL);
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

/* `require "lib.x"`: modules that lie beside the filters, run once in this VM. */
static int require(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "modules");
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) {
        if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1))
            return luaL_error(L, "require: \"%s\" requires itself", lua_tostring(L, 1));
        return 1;
    }
    gwlua_text source;
    if (engine->host->module(engine->context, text_at(L, 1), &source) != GWLUA_OK)
        return luaL_error(L, "require: there is no module \"%s\"; modules are lib/**.lua beside the filters, "
                          "required as \"lib.name\" with the name written out", lua_tostring(L, 1));
    if (source.count > GWLUA_SOURCE_MAX) return luaL_error(L, "require: a module has 64 KiB at most");
    int line = gwlua_long_chain(source);
    if (line) return luaL_error(L, "%s:%d: a chain of more than 100 fields", lua_tostring(L, 1), line);
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 0);
    lua_rawset(L, 2);
    lua_pushfstring(L, "@%s", lua_tostring(L, 1));
    if (luaL_loadbufferx(L, (const char *)source.bytes, source.count, lua_tostring(L, -1), "t") != LUA_OK)
        return lua_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->env_ref);
    lua_setupvalue(L, -2, 1);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

/* MARK: The environment */

int gwlua_refuse_assignment(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "assignment to the undeclared global \"%s\"; write local in front of it", name);
}

struct module {
    const char *name;
    void (*open)(lua_State *L);
};

/* Opened when they are used first: most scripts use few of them, and a VM is to stay small. */
static const struct module modules[] = {
    {"json", gwlua_open_json},     {"base64", gwlua_open_base64},   {"hex", gwlua_open_hex},
    {"url", gwlua_open_url},       {"text", gwlua_open_text},       {"time", gwlua_open_time},
    {"crypto", gwlua_open_crypto}, {"jwt", gwlua_open_jwt},         {"re", gwlua_open_re},
    {"utf8", gwlua_open_utf8},     {"math", gwlua_open_math},       {"table", gwlua_open_table},
    {"gw", gwlua_open_gateway},    {"coroutine", gwlua_open_coroutine}, {NULL, NULL},
};

const char *gwlua_lazy_module(int index) { return modules[index].name; }

static int open_lazily(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    size_t count;
    const char *name = lua_tolstring(L, 2, &count);
    for (const struct module *module = modules; module->name; module++) {
        if (strlen(module->name) != count || memcmp(module->name, name, count) != 0) continue;
        module->open(L);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    }
    return 0;
}

/* Pushes the environment. */
void gwlua_build_sandbox(lua_State *L) {
    static const char *const kept[] = {"assert", "error", "ipairs", "pairs", "rawequal", "select",
                                       "tonumber", "tostring", "type", "_VERSION", NULL};
    static const luaL_Reg ours[] = {
        {"pcall", protected_call}, {"xpcall", handled_call}, {"setmetatable", set_metatable},
        {"getmetatable", get_metatable}, {"rawset", raw_set}, {"rawget", raw_get}, {"next", next_entry},
        {"rawlen", raw_length}, {"print", print}, {"require", require}, {NULL, NULL},
    };
    luaL_requiref(L, "_G", luaopen_base, 0);
    lua_createtable(L, 0, 32);
    for (int index = 0; kept[index]; index++) {
        lua_getfield(L, -2, kept[index]);
        lua_setfield(L, -2, kept[index]);
    }
    luaL_setfuncs(L, ours, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, traceback);
    lua_setfield(L, -2, "traceback");
    lua_setfield(L, -2, "debug");
    gwlua_open_string(L);
    lua_pushliteral(L, ""); /* methods of strings are this VM's own functions */
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_setfield(L, -2, "string");
    if (engine_of(L)->limits.is_test) {
        gwlua_open_test(L);
        lua_setfield(L, -2, "__test");
    }
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, open_lazily);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, gwlua_refuse_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
    /* Nothing of the stock library stays in reach. */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "modules");
}
