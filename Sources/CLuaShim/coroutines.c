/* Coroutines of scripts: like Lua's own, but a kill passes through them, and what awaits the host may do so from within
 * any of them. There is no `close`: nested ones overflow the C stack in this release. */

#include "engine.h"

enum { DEPTH_MAX = 16 };

static int resume_child(lua_State *L, lua_State *child, int arguments);

/* Runs when the host has resumed the task: hands the turn on to the coroutine that awaits. */
static int continue_child(lua_State *L, int status, lua_KContext context) {
    (void)status;
    lua_State *child = (lua_State *)context;
    lua_pop(child, 1); /* the mark of one that awaits */
    return resume_child(L, child, 0);
}

/* Runs `child`; a kill in it goes on in its parent. */
static int run_child(lua_State *L, lua_State *child, int arguments, int *results) {
    struct gwlua_vm *vm = gwlua_of(L);
    struct gwlua_engine *engine = vm->engine;
    gwlua_poll(L); /* a count hook counts anew in each coroutine, and a tree of short ones never gets to it */
    /* Whatever the child awaits suspends its parent too, where that is possible. */
    uint32_t blocks = !lua_isyieldable(L);
    engine->blocked += blocks;
    engine->coroutine_depth++;
    vm->current = child;
    if (vm->killed) gwlua_rearm(vm);
    int status = lua_resume(child, L, arguments, results);
    vm->current = L;
    engine->coroutine_depth--;
    engine->blocked -= blocks;
    if (vm->killed) {
        gwlua_rearm(vm);
        gwlua_raise_kill(L);
    }
    if (status != LUA_YIELD && engine->live_coroutines > 0) engine->live_coroutines--;
    return status;
}

/* Leaves the results of `child` on the stack of `L`: `true, …` or `false, error`; as many as it returns. */
static int resume_child(lua_State *L, lua_State *child, int arguments) {
    int results = 0;
    int status = run_child(L, child, arguments, &results);
    if (status == LUA_YIELD && gwlua_is_awaiting(child)) return gwlua_await(L, (lua_KContext)child, continue_child);
    if (status != LUA_OK && status != LUA_YIELD) {
        if (gwlua_is_reply_raise(child, -1)) { /* not for the script to catch */
            lua_xmove(child, L, 1);
            return lua_error(L);
        }
        lua_pushboolean(L, 0);
        lua_xmove(child, L, 1);
        return 2;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(child, results);
        return luaL_error(L, "too many results to resume");
    }
    lua_pushboolean(L, 1);
    lua_xmove(child, L, results);
    return results + 1;
}

/* Not while it awaits the host: only the task that it belongs to goes on then. */
static bool can_resume(lua_State *child) {
    if (lua_status(child) == LUA_YIELD) return !gwlua_is_awaiting(child);
    return lua_status(child) == LUA_OK && lua_gettop(child) > 0;
}

static const char *status_of(lua_State *L, lua_State *child) {
    if (L == child) return "running";
    if (lua_status(child) == LUA_YIELD) return gwlua_is_awaiting(child) ? "normal" : "suspended";
    if (lua_status(child) != LUA_OK) return "dead";
    lua_Debug frame;
    if (lua_getstack(child, 0, &frame)) return "normal";
    return lua_gettop(child) == 0 ? "dead" : "suspended";
}

static int resume_checked(lua_State *L, lua_State *child, int arguments) {
    lua_Debug frame;
    if (!can_resume(child) || (lua_status(child) == LUA_OK && lua_getstack(child, 0, &frame))) {
        lua_pushboolean(L, 0);
        lua_pushfstring(L, "cannot resume %s coroutine", L == child ? "non-suspended" : status_of(L, child));
        return 2;
    }
    if (engine_of(L)->coroutine_depth >= DEPTH_MAX) {
        lua_pushboolean(L, 0);
        lua_pushfstring(L, "coroutines are nested deeper than %d", DEPTH_MAX);
        return 2;
    }
    if (!lua_checkstack(child, arguments)) {
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "too many arguments to resume");
        return 2;
    }
    lua_xmove(L, child, arguments);
    return resume_child(L, child, arguments);
}

static lua_State *check_thread(lua_State *L) {
    lua_State *child = lua_tothread(L, 1);
    luaL_argexpected(L, child, 1, "coroutine");
    return child;
}

static int co_resume(lua_State *L) {
    lua_State *child = check_thread(L);
    return resume_checked(L, child, lua_gettop(L) - 1);
}

/* The results of a wrapped coroutine: without the truth value, an error raised. */
static int unwrap(lua_State *L, int count) {
    int first = lua_gettop(L) - count + 1;
    if (lua_toboolean(L, first)) {
        lua_remove(L, first);
        return count - 1;
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int continue_wrapped(lua_State *L, int status, lua_KContext context);

static int wrapped(lua_State *L) {
    lua_State *child = lua_tothread(L, lua_upvalueindex(1));
    struct gwlua_engine *engine = engine_of(L);
    lua_Debug frame;
    if (!can_resume(child) || (lua_status(child) == LUA_OK && lua_getstack(child, 0, &frame)))
        return luaL_error(L, "cannot resume %s coroutine", L == child ? "non-suspended" : status_of(L, child));
    if (engine->coroutine_depth >= DEPTH_MAX) return luaL_error(L, "coroutines are nested deeper than %d", DEPTH_MAX);
    int arguments = lua_gettop(L);
    if (!lua_checkstack(child, arguments)) return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, child, arguments);
    return continue_wrapped(L, LUA_OK, (lua_KContext)arguments);
}

/* `context` counts arguments in the first turn; afterwards there are none. */
static int continue_wrapped(lua_State *L, int status, lua_KContext context) {
    lua_State *child = lua_tothread(L, lua_upvalueindex(1));
    int results = 0;
    if (status != LUA_OK) lua_pop(child, 1); /* the mark of one that awaits */
    int outcome = run_child(L, child, status == LUA_OK ? (int)context : 0, &results);
    if (outcome == LUA_YIELD && gwlua_is_awaiting(child)) return gwlua_await(L, 0, continue_wrapped);
    if (outcome != LUA_OK && outcome != LUA_YIELD) {
        bool is_reply = gwlua_is_reply_raise(child, -1);
        lua_xmove(child, L, 1);
        if (is_reply) return lua_error(L);
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return unwrap(L, 2);
    }
    if (!lua_checkstack(L, results)) {
        lua_pop(child, results);
        return luaL_error(L, "too many results to resume");
    }
    lua_xmove(child, L, results);
    return results;
}

static lua_State *create(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (engine->live_coroutines >= engine->limits.coroutines) {
        /* Those that nobody holds any more do not count; only a collection knows which these are. */
        lua_gc(L, LUA_GCCOLLECT);
        gwlua_poll(L);
        lua_getfield(L, LUA_REGISTRYINDEX, "coroutines");
        uint32_t live = 0;
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            lua_State *known = lua_tothread(L, -2);
            if (known && status_of(L, known)[0] != 'd') live++;
        }
        lua_pop(L, 1);
        engine->live_coroutines = live;
        if (live >= engine->limits.coroutines)
            luaL_error(L, "more than %d coroutines are alive", (int)engine->limits.coroutines);
    }
    lua_State *child = lua_newthread(L);
    /* An armed parent would pass its hook on; kills arm it anew. */
    if (!engine->has_coverage && !gwlua_of(L)->counts_time) lua_sethook(child, NULL, 0, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "coroutines");
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_xmove(L, child, 1);
    engine->live_coroutines++;
    return child;
}

static int co_create(lua_State *L) {
    create(L);
    return 1;
}

static int co_wrap(lua_State *L) {
    create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

static int co_yield(lua_State *L) {
    gwlua_poll(L);
    if (engine_of(L)->coroutine_depth == 0) return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L) {
    lua_pushstring(L, status_of(L, check_thread(L)));
    return 1;
}

static int co_running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, engine_of(L)->coroutine_depth == 0);
    return 2;
}

static int co_isyieldable(lua_State *L) {
    lua_pushboolean(L, engine_of(L)->coroutine_depth > 0 && lua_isyieldable(L));
    return 1;
}

void gwlua_open_coroutine(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"create", co_create},   {"wrap", co_wrap},       {"resume", co_resume},           {"yield", co_yield},
        {"status", co_status}, {"running", co_running}, {"isyieldable", co_isyieldable}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_newtable(L); /* those that exist, weakly */
    lua_newtable(L);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "coroutines");
}
