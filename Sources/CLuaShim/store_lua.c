/* `gw.store`: the shared store as scripts see it. What went wrong outside of the script is returned, what the script
 * did wrong is raised. */

#include "store_lua.h"

#include <math.h>
#include <string.h>

enum { STACK_BYTES = 1024, JSON_DEPTH = 128, KEY_DEFAULT = 256, VALUE_DEFAULT = 64 << 10 };

struct store_object {
    struct gwlua_store *store;
};

/* MARK: Arguments */

struct gwlua_store *gwlua_check_store(lua_State *L) {
    if (lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1)) {
        bool is_store = lua_rawequal(L, -1, lua_upvalueindex(1));
        lua_pop(L, 1);
        if (is_store) return ((struct store_object *)lua_touserdata(L, 1))->store;
    }
    luaL_argerror(L, 1, "a store expected; call the method with a colon");
    return NULL;
}

gwlua_store_call gwlua_check_store_call(lua_State *L, int index) {
    gwlua_store_call call = {.key_max = KEY_DEFAULT, .value_max = VALUE_DEFAULT};
    call.key = luaL_checklstring(L, index, &call.key_count);
    call.now = gwlua_clock_ns(L);
    struct gwlua_engine *engine = engine_of(L);
    if (engine && engine->limits.store_key_bytes) call.key_max = engine->limits.store_key_bytes;
    if (engine && engine->limits.store_value_bytes) call.value_max = engine->limits.store_value_bytes;
    return call;
}

int64_t gwlua_check_ttl(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) return 0;
    luaL_checktype(L, index, LUA_TNUMBER);
    double seconds = lua_tonumber(L, index);
    luaL_argcheck(L, seconds > 0, index, "seconds above 0 expected");
    if (seconds >= 1e9) return 0; /* thirty years: for ever */
    return seconds * 1e9 < 1 ? 1 : (int64_t)(seconds * 1e9);
}

const char *gwlua_read_store_value(lua_State *L, int index, gwlua_store_value *out) {
    memset(out, 0, sizeof *out);
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        out->type = GWLUA_STORE_STRING;
        out->bytes = lua_tolstring(L, index, &out->count);
        return NULL;
    case LUA_TNUMBER:
        out->type = lua_isinteger(L, index) ? GWLUA_STORE_INTEGER : GWLUA_STORE_FLOAT;
        out->integer = lua_tointeger(L, index);
        out->number = lua_tonumber(L, index);
        return NULL;
    case LUA_TBOOLEAN:
        out->type = GWLUA_STORE_BOOLEAN;
        out->integer = lua_toboolean(L, index);
        return NULL;
    case LUA_TTABLE:
        out->type = GWLUA_STORE_JSON;
        if (gwlua_json_encode_value(L, index) != 1)
            return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "cannot be written as JSON";
        out->bytes = lua_tolstring(L, -1, &out->count);
        return NULL;
    default: return lua_pushfstring(L, "a %s cannot be stored", luaL_typename(L, index));
    }
}

/* The same for an argument: what cannot be stored raises. */
static void check_value(lua_State *L, int index, gwlua_store_value *out) {
    luaL_argcheck(L, !lua_isnoneornil(L, index), index, "a value expected");
    const char *problem = gwlua_read_store_value(L, index, out);
    if (problem) luaL_argerror(L, index, problem);
}

static gwlua_store_value check_number(lua_State *L, int index, int fallback) {
    gwlua_store_value value = {.type = GWLUA_STORE_INTEGER, .integer = fallback};
    if (lua_isnoneornil(L, index)) return value;
    luaL_checktype(L, index, LUA_TNUMBER);
    gwlua_read_store_value(L, index, &value);
    luaL_argcheck(L, value.type == GWLUA_STORE_INTEGER || !isnan(value.number), index, "the number is not a number");
    return value;
}

/* MARK: Results */

const char *gwlua_store_word(int32_t answer) {
    switch (answer) {
    case GWLUA_STORE_MISSING: return "not_found";
    case GWLUA_STORE_EXISTS: return "exists";
    case GWLUA_STORE_NO_MEMORY: return "no_memory";
    case GWLUA_STORE_TOO_LARGE: return "too_large";
    case GWLUA_STORE_NOT_A_NUMBER: return "not_a_number";
    case GWLUA_STORE_DIFFERENT: return "different";
    case GWLUA_STORE_BUSY: return "busy";
    default: return "failed";
    }
}

static int fail(lua_State *L, int32_t answer) {
    lua_pushnil(L);
    lua_pushstring(L, gwlua_store_word(answer));
    return 2;
}

/* `true`, or `false` and why. */
static int outcome(lua_State *L, int32_t answer) {
    lua_pushboolean(L, answer == GWLUA_STORE_OK);
    if (answer == GWLUA_STORE_OK) return 1;
    lua_pushstring(L, gwlua_store_word(answer));
    return 2;
}

static void push_value(lua_State *L, const gwlua_store_value *value) {
    switch (value->type) {
    case GWLUA_STORE_INTEGER: lua_pushinteger(L, value->integer); return;
    case GWLUA_STORE_FLOAT: lua_pushnumber(L, value->number); return;
    case GWLUA_STORE_BOOLEAN: lua_pushboolean(L, value->integer != 0); return;
    default: break;
    }
    if (value->count > gwlua_string_max(L))
        luaL_error(L, "the stored value has %d bytes, more than a string of this script may have", (int)value->count);
    if (value->type == GWLUA_STORE_STRING) lua_pushlstring(L, value->bytes, value->count);
    else if (gwlua_json_decode_text(L, value->bytes, value->count, JSON_DEPTH) != 1)
        luaL_error(L, "the stored table cannot be read");
}

int32_t gwlua_push_stored(lua_State *L, struct gwlua_store *store, const gwlua_store_call *call, bool stale) {
    char small[STACK_BYTES];
    gwlua_store_value value;
    int32_t answer = gwlua_store_get(store, call, stale, small, sizeof small, &value);
    if (answer != GWLUA_STORE_OK) return answer;
    int top = lua_gettop(L);
    /* Memory is asked for outside of the store's locks, so that the value may have grown meanwhile. */
    while (value.count > 0 && !value.bytes) {
        gwlua_poll(L);
        lua_settop(L, top);
        size_t capacity = value.count;
        char *scratch = lua_newuserdatauv(L, capacity, 0);
        answer = gwlua_store_get(store, call, stale, scratch, capacity, &value);
        if (answer == GWLUA_STORE_OK) continue;
        lua_settop(L, top);
        return answer;
    }
    push_value(L, &value);
    lua_copy(L, -1, top + 1); /* the scratch may lie below */
    lua_settop(L, top + 1);
    return GWLUA_STORE_OK;
}

/* MARK: Methods */

static int store_get(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    int32_t answer = gwlua_push_stored(L, store, &call, false);
    if (answer == GWLUA_STORE_OK) return 1;
    if (answer != GWLUA_STORE_MISSING) return fail(L, answer);
    lua_pushnil(L);
    return 1;
}

static int store_set(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    int64_t ttl = gwlua_check_ttl(L, 4);
    int32_t answer;
    if (lua_isnoneornil(L, 3)) {
        answer = gwlua_store_delete(store, &call);
        if (answer == GWLUA_STORE_MISSING) answer = GWLUA_STORE_OK; /* as asked: there is nothing */
    } else {
        gwlua_store_value value;
        check_value(L, 3, &value);
        answer = gwlua_store_set(store, &call, &value, ttl, 0);
    }
    return outcome(L, answer);
}

static int store_add(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    int64_t ttl = gwlua_check_ttl(L, 4);
    gwlua_store_value value;
    check_value(L, 3, &value);
    return outcome(L, gwlua_store_add(store, &call, &value, ttl));
}

static int store_delete(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    lua_pushboolean(L, gwlua_store_delete(store, &call) == GWLUA_STORE_OK);
    return 1;
}

static int store_incr(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    gwlua_store_value delta = check_number(L, 3, 1), initial = check_number(L, 4, 0), result;
    int64_t ttl = gwlua_check_ttl(L, 5);
    int32_t answer = gwlua_store_incr(store, &call, &delta, &initial, ttl, &result);
    if (answer != GWLUA_STORE_OK) return fail(L, answer);
    push_value(L, &result);
    return 1;
}

static int store_cas(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    lua_settop(L, 5);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    int64_t ttl = gwlua_check_ttl(L, 5);
    gwlua_store_value expected, value, current;
    bool has_expected = !lua_isnil(L, 3), has_value = !lua_isnil(L, 4);
    if (has_expected) check_value(L, 3, &expected);
    if (has_value) check_value(L, 4, &value);
    char small[STACK_BYTES];
    int32_t answer = gwlua_store_cas(
        store, &call, has_expected ? &expected : NULL, has_value ? &value : NULL, ttl, small, sizeof small, &current);
    switch (answer) {
    case GWLUA_STORE_OK: lua_pushboolean(L, 1); return 1;
    case GWLUA_STORE_DIFFERENT:
        lua_pushboolean(L, 0);
        /* A long value is read once more: one that has changed since is as good, for the script will try again. */
        if (current.count > 0 && !current.bytes) {
            if (gwlua_push_stored(L, store, &call, false) != GWLUA_STORE_OK) lua_pushnil(L);
        } else {
            push_value(L, &current);
        }
        return 2;
    case GWLUA_STORE_MISSING:
        lua_pushboolean(L, 0);
        lua_pushnil(L);
        return 2;
    default: return fail(L, answer);
    }
}

static int store_ttl(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    int64_t left = 0;
    if (gwlua_store_ttl(store, &call, &left) != GWLUA_STORE_OK) lua_pushnil(L);
    else lua_pushnumber(L, left == 0 ? HUGE_VAL : (double)left / 1e9);
    return 1;
}

static int store_expire(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    return outcome(L, gwlua_store_expire(store, &call, gwlua_check_ttl(L, 3)));
}

static double check_amount(lua_State *L, int index, double least, const char *problem) {
    luaL_checktype(L, index, LUA_TNUMBER);
    double amount = lua_tonumber(L, index);
    luaL_argcheck(L, amount >= least && amount <= 1e15, index, problem);
    return amount;
}

static int store_take(lua_State *L) {
    struct gwlua_store *store = gwlua_check_store(L);
    gwlua_store_call call = gwlua_check_store_call(L, 2);
    double rate = check_amount(L, 3, 1e-9, "a rate a second expected, above 0");
    luaL_argcheck(L, rate <= 1e9, 3, "the rate is more than one a nanosecond");
    double burst = check_amount(L, 4, 1e-9, "a burst expected, above 0");
    luaL_argcheck(L, burst / rate <= 1e9, 4, "the burst takes longer than thirty years to refill");
    double cost = lua_isnoneornil(L, 5) ? 1 : check_amount(L, 5, 0, "a cost expected, not below 0");
    bool is_allowed = false;
    double wait = 0, left = 0;
    int32_t answer = gwlua_store_take(store, &call, rate, burst, cost, &is_allowed, &wait, &left);
    if (answer != GWLUA_STORE_OK) return fail(L, answer);
    lua_pushboolean(L, is_allowed);
    lua_pushnumber(L, wait);
    lua_pushinteger(L, (lua_Integer)left);
    return 3;
}

/* MARK: Opening */

static int open_store(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    size_t count = 0;
    const char *name = lua_tolstring(L, 1, &count);
    luaL_argcheck(L, strlen(name) == count, 1, "the name has a NUL byte");
    struct gwlua_store *store = gwlua_store_named(L, name);
    if (!store) return luaL_error(L, "there is no store \"%s\"", name);
    struct store_object *object = lua_newuserdatauv(L, sizeof *object, 0);
    object->store = store;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    return 1;
}

void gwlua_open_store(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"get", store_get},       {"set", store_set},   {"add", store_add},
        {"delete", store_delete}, {"incr", store_incr}, {"cas", store_cas},
        {"ttl", store_ttl},       {"take", store_take}, {"expire", store_expire},
        {"remember", gwlua_store_remember}, {NULL, NULL}};
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 3); /* the metatable */
    luaL_newlibtable(L, methods);
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "gw.store");
    lua_setfield(L, -2, "__name");
    lua_pushcclosure(L, open_store, 1);
}
