/* `store:remember`: a cache whose values are made by one caller at a time, on whichever worker. The others wait for the
 * value. Who makes it has a lease in the store; one that dies with it is forgotten when the lease ends. */

#include "store_lua.h"

#include <math.h>
#include <string.h>

static const int64_t lease_ns = 10 * INT64_C(1000000000);
static const int64_t patience_ns = 5 * INT64_C(1000000000);
enum { PAUSE_MAX_MS = 20 };

/* Where things lie on the stack, also after the task was suspended. */
enum { SELF = 1, KEY, TTL, FUNCTION, STATE, MARK, RESULT };

/* A call that did not find its value; memory of Lua, since the C stack does not survive a suspension. */
struct fill {
    struct gwlua_store *store;
    int64_t ttl, stale, give_up_at;
    uint64_t token;
    double pause;
    bool has_lease;
};

static gwlua_store_call call_at(lua_State *L) { return gwlua_check_store_call(L, KEY); }

/* MARK: Calls that are running, so that one does not wait for itself */

static char running; /* key in the registry: by thread, the marks of its calls */

/* Pushes the marks of this thread; the table is made when it is wanted and not there. */
static bool push_marks(lua_State *L, bool makes) {
    luaL_checkstack(L, 6, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &running) != LUA_TTABLE) {
        lua_pop(L, 1);
        if (!makes) return false;
        lua_newtable(L);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "k"); /* a thread that is dropped takes its marks along */
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &running);
    }
    lua_pushthread(L);
    if (lua_rawget(L, -2) != LUA_TTABLE) {
        lua_pop(L, 1);
        if (!makes) {
            lua_pop(L, 1);
            return false;
        }
        lua_newtable(L);
        lua_pushthread(L);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_remove(L, -2);
    return true;
}

static bool is_marked(lua_State *L) {
    if (!push_marks(L, false)) return false;
    lua_pushvalue(L, MARK);
    bool is_there = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return is_there;
}

static void mark(lua_State *L) {
    push_marks(L, true);
    lua_pushvalue(L, MARK);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static void unmark(lua_State *L) {
    if (!push_marks(L, false)) return;
    lua_pushvalue(L, MARK);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* MARK: The call */

static void release(lua_State *L, struct fill *fill) {
    if (!fill->has_lease) return;
    fill->has_lease = false;
    gwlua_store_call call = call_at(L);
    gwlua_store_unlock(fill->store, &call, fill->token);
}

/* Pushes a stale value and the word for it; false when none is kept. */
static bool push_stale(lua_State *L, struct fill *fill) {
    gwlua_store_call call = call_at(L);
    if (gwlua_push_stored(L, fill->store, &call, true) != GWLUA_STORE_OK) return false;
    lua_pushliteral(L, "stale");
    return true;
}

/* The function has returned, or raised. */
static int finish(lua_State *L, int status, lua_KContext context) {
    (void)context;
    struct fill *fill = lua_touserdata(L, STATE);
    if (gwlua_of(L)->killed) {
        release(L, fill);
        gwlua_raise_kill(L);
    }
    unmark(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        release(L, fill);
        /* The end of a task by its reply is no failure that an old value could stand in for. */
        if (!gwlua_is_reply_raise(L, -1) && push_stale(L, fill)) return 2;
        return lua_error(L);
    }
    if (lua_isnil(L, RESULT)) {
        release(L, fill);
        if (push_stale(L, fill)) return 2;
        if (lua_isnil(L, RESULT + 1)) {
            lua_pushliteral(L, "no_value");
            lua_replace(L, RESULT + 1);
        }
        return 2;
    }
    gwlua_store_value value;
    const char *problem = gwlua_read_store_value(L, RESULT, &value);
    if (problem) {
        release(L, fill);
        return luaL_error(L, "remember: %s", problem);
    }
    gwlua_store_call call = call_at(L);
    /* A full store does not keep the caller from what it asked for. */
    gwlua_store_set(fill->store, &call, &value, fill->ttl, fill->stale);
    release(L, fill);
    lua_settop(L, RESULT);
    return 1;
}

static int attempt(lua_State *L, struct fill *fill);

/* The pause of one that waits is over. */
static int waited(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    gwlua_poll(L);
    struct fill *fill = lua_touserdata(L, STATE);
    lua_settop(L, MARK);
    return attempt(L, fill);
}

static int run(lua_State *L) {
    mark(L);
    lua_pushvalue(L, FUNCTION);
    return finish(L, lua_pcallk(L, 0, 2, 0, 0, finish), 0);
}

static int attempt(lua_State *L, struct fill *fill) {
    for (;;) {
        gwlua_poll(L);
        gwlua_store_call call = call_at(L);
        if (gwlua_push_stored(L, fill->store, &call, false) == GWLUA_STORE_OK) return 1;
        int32_t answer = gwlua_store_lock(fill->store, &call, lease_ns, &fill->token);
        if (answer == GWLUA_STORE_OK) {
            fill->has_lease = true;
            /* Another may have stored it between the look and the lease. */
            gwlua_store_value value;
            if (gwlua_store_get(fill->store, &call, false, NULL, 0, &value) != GWLUA_STORE_OK) return run(L);
            release(L, fill);
            continue;
        }
        /* Without room for a lease there is none for a value either: each caller makes its own. */
        if (answer != GWLUA_STORE_BUSY) return run(L);
        if (call.now < fill->give_up_at) break;
        if (push_stale(L, fill)) return 2;
        lua_pushnil(L);
        lua_pushliteral(L, "timeout");
        return 2;
    }
    double pause = fill->pause;
    fill->pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    return gwlua_sleep_k(L, pause, 0, waited);
}

static int64_t check_stale(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) return 0;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "stale") != 0)
            luaL_argerror(L, index, "the only option is \"stale\"");
    lua_pushliteral(L, "stale");
    lua_rawget(L, index);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return 0;
    }
    double seconds = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    luaL_argcheck(L, seconds >= 0, index, "stale is a number of seconds, not below 0");
    lua_pop(L, 1);
    return (int64_t)((seconds < 1e9 ? seconds : 1e9) * 1e9);
}

int gwlua_store_remember(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = call_at(L);
    luaL_checktype(L, TTL, LUA_TNUMBER);
    int64_t ttl = gwlua_check_ttl(L, TTL);
    luaL_checktype(L, FUNCTION, LUA_TFUNCTION);
    lua_settop(L, STATE);
    int64_t stale = check_stale(L, STATE);
    int32_t answer = gwlua_push_stored(L, store, &call, false);
    if (answer == GWLUA_STORE_OK) return 1;
    if (answer != GWLUA_STORE_MISSING) {
        lua_pushnil(L);
        lua_pushstring(L, gwlua_store_word(answer));
        return 2;
    }
    struct fill *fill = lua_newuserdatauv(L, sizeof *fill, 0);
    *fill = (struct fill){.store = store, .ttl = ttl, .stale = stale, .pause = 1, .give_up_at = call.now + patience_ns};
    lua_replace(L, STATE);
    lua_pushfstring(L, "%p ", (void *)store);
    lua_pushvalue(L, KEY);
    lua_concat(L, 2);
    if (is_marked(L)) return luaL_error(L, "remember: recursive call for this key");
    return attempt(L, fill);
}
