/* The module `gw`, and what libraries ask about where they run. */

#include "engine.h"

#include <math.h>
#include <string.h>

int64_t gwlua_clock_ns(lua_State *L) { return engine_of(L)->host->clock(engine_of(L)->context, false); }
int64_t gwlua_wall_clock_ns(lua_State *L) { return engine_of(L)->host->clock(engine_of(L)->context, true); }
struct gwlua_metrics *gwlua_metrics_here(lua_State *L) { return engine_of(L)->metrics; }
unsigned gwlua_metrics_column(lua_State *L) { return engine_of(L)->host->column(engine_of(L)->context); }
bool gwlua_is_loading(lua_State *L) { return engine_of(L)->is_loading; }

struct gwlua_store *gwlua_store_named(lua_State *L, const char *name) {
    struct gwlua_store *store = engine_of(L)->host->store(engine_of(L)->context, text_of(name));
    if (!store)
        luaL_error(
            L, "the store \"%s\" is not among the filter's uses.store, or lua.policy.stores does not allow it", name);
    return store;
}

const char *gwlua_filter_name(lua_State *L, size_t *count) {
    struct gwlua_engine *engine = engine_of(L);
    const char *name = "";
    if (engine->run && engine->run->instance < engine->instance_count)
        name = engine->instance_names[engine->run->instance];
    *count = strlen(name);
    return name;
}

const char *gwlua_route_name(lua_State *L, size_t *count) {
    struct gwlua_engine *engine = engine_of(L);
    gwlua_text name = {NULL, 0};
    if (engine->run) engine->host->text(engine->run->host, GWLUA_ROUTE, &name);
    *count = name.count;
    return name.bytes ? (const char *)name.bytes : "";
}

/* MARK: Waiting */

void gwlua_check_suspendable(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    if (engine->no_await) luaL_error(L, "cannot await %s", engine->no_await);
    if (!engine->run) luaL_error(L, "cannot await here");
    if (!lua_isyieldable(L) || engine->blocked)
        luaL_error(L, "cannot await inside of a sort or gsub callback, or a metamethod of tostring");
}

double gwlua_check_awaitable(lua_State *L) {
    gwlua_check_suspendable(L);
    struct gwlua_engine *engine = engine_of(L);
    int64_t left = engine->limits.await_deadline - engine->run->awaited;
    if (left > 0) return (double)left / 1e6;
    if (engine->task->was_warned) gwlua_raise_reply(L); /* without a reply: its time is over */
    engine->task->was_warned = true;
    return 0;
}

static char await_mark; /* what a coroutine yields that awaits the host; scripts never see it */

bool gwlua_is_awaiting(lua_State *thread) {
    return lua_status(thread) == LUA_YIELD && lua_gettop(thread) > 0 && lua_touserdata(thread, -1) == &await_mark;
}

int gwlua_await(lua_State *L, lua_KContext context, lua_KFunction k) {
    lua_pushlightuserdata(L, &await_mark);
    return lua_yieldk(L, 1, context, k);
}

int gwlua_sleep_k(lua_State *L, double milliseconds, lua_KContext context, lua_KFunction k) {
    struct gwlua_engine *engine = engine_of(L);
    double left = gwlua_check_awaitable(L);
    if (milliseconds > left) milliseconds = left;
    if (engine->host->sleep(engine->run->host, milliseconds) < 0) gwlua_raise_fault(L);
    return gwlua_await(L, context, k);
}

static int slept(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    gwlua_poll(L);
    return 0;
}

int gwlua_sleep(lua_State *L) {
    double milliseconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, milliseconds >= 0 && milliseconds <= 5000, 1, "milliseconds from 0 to 5000 expected");
    return gwlua_sleep_k(L, milliseconds, 0, slept);
}

/* MARK: Times, secrets */

static int now(lua_State *L) {
    lua_pushinteger(L, gwlua_wall_clock_ns(L) / 1000000000);
    return 1;
}

static int now_ms(lua_State *L) {
    lua_pushinteger(L, gwlua_wall_clock_ns(L) / 1000000);
    return 1;
}

static int monotonic(lua_State *L) {
    lua_pushnumber(L, (double)gwlua_clock_ns(L) / 1e9);
    return 1;
}

static int secret(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checktype(L, 1, LUA_TSTRING);
    gwlua_text value;
    if (engine->host->secret(engine->context, text_at(L, 1), &value) != GWLUA_OK)
        return luaL_error(L, "the secret \"%s\" is not among the filter's uses.secrets", lua_tostring(L, 1));
    push_text(L, value);
    return 1;
}

static int environment(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checktype(L, 1, LUA_TSTRING);
    gwlua_text value;
    int32_t outcome = engine->host->environment(engine->context, text_at(L, 1), &value);
    if (outcome == GWLUA_NONE) return 0;
    if (outcome != GWLUA_OK)
        return luaL_error(L, "the variable \"%s\" is not among the filter's uses.env", lua_tostring(L, 1));
    push_text(L, value);
    return 1;
}

/* MARK: Log */

static int log_at(lua_State *L, int32_t level) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checkany(L, 1);
    lua_settop(L, 2); /* the message's copy must not be taken for the fields */
    if (lua_type(L, 1) != LUA_TSTRING) luaL_tolstring(L, 1, NULL);
    else lua_pushvalue(L, 1);
    gwlua_text message = text_at(L, -1), fields = text_of("");
    if (lua_type(L, 2) == LUA_TTABLE) {
        if (gwlua_json_encode_value(L, 2) == 2) return luaL_error(L, "log fields: %s", lua_tostring(L, -1));
        fields = text_at(L, -1);
    } else if (!lua_isnoneornil(L, 2)) {
        return luaL_argerror(L, 2, "a table of fields expected");
    }
    if (engine->run && engine->run->log_lines++ >= engine->limits.log_lines) return 0;
    if (message.count > engine->limits.log_line_bytes) message.count = engine->limits.log_line_bytes;
    if (fields.count > engine->limits.log_line_bytes) fields = text_of("{\"dropped\":\"too long\"}");
    engine->host->log(engine->context, engine->run ? engine->run->host : NULL, level, message, fields);
    return 0;
}

static int log_debug(lua_State *L) { return log_at(L, 0); }
static int log_info(lua_State *L) { return log_at(L, 1); }
static int log_warn(lua_State *L) { return log_at(L, 2); }
static int log_error(lua_State *L) { return log_at(L, 3); }

/* MARK: Timers */

/* `gw.timer.every(ms, fn, { scope = "gateway", jitter = 0.1 })` */
void gwlua_check_timers(lua_State *L) {
    if (!engine_of(L)->uses_timers) luaL_error(L, "a filter with timers says so: uses = { timers = true }");
}

static int timer_every(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    double period = luaL_checknumber(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!engine->is_loading) return luaL_error(L, "timers are declared at load, outside of phases");
    if (engine->is_described) gwlua_check_timers(L);
    luaL_argcheck(L, period >= 100 && period <= 86400000, 1, "milliseconds from 100 to a day expected");
    if (engine->timer_count >= engine->limits.timers || engine->timer_count == GWLUA_TIMERS_MAX)
        return luaL_error(L, "a filter has %d timers at most", (int)engine->limits.timers);
    struct gwlua_timer_entry entry = {period, 0.1, false, LUA_NOREF};
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        if (lua_getfield(L, 3, "scope") == LUA_TSTRING) {
            const char *scope = lua_tostring(L, -1);
            entry.is_gateway = strcmp(scope, "gateway") == 0;
            if (!entry.is_gateway && strcmp(scope, "worker") != 0)
                return luaL_error(L, "a timer's scope is \"gateway\" or \"worker\"");
        }
        if (lua_getfield(L, 3, "jitter") != LUA_TNIL) {
            entry.jitter = luaL_checknumber(L, -1);
            if (!(entry.jitter >= 0 && entry.jitter <= 1)) return luaL_error(L, "a jitter from 0 to 1 expected");
        }
    }
    lua_pushvalue(L, 2);
    entry.function_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    engine->timers[engine->timer_count++] = entry;
    return 0;
}

void gwlua_open_timer(lua_State *L) {
    static const luaL_Reg functions[] = {{"every", timer_every}, {NULL, NULL}};
    luaL_newlib(L, functions);
}

/* MARK: gw */

static const struct part {
    const char *name;
    void (*open)(lua_State *L);
} parts[] = {{"http", gwlua_open_http},       {"timer", gwlua_open_timer}, {"store", gwlua_open_store},
             {"metrics", gwlua_open_metrics}, {NULL, NULL}};

const char *gwlua_lazy_part(int index) { return parts[index].name; }

/* Opened when they are used first. */
static int part_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    for (const struct part *part = parts; part->name; part++) {
        if (strlen(part->name) != lua_rawlen(L, 2) || strcmp(part->name, lua_tostring(L, 2)) != 0) continue;
        part->open(L);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
        return 1;
    }
    return 0;
}

void gwlua_open_gateway(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"sleep", gwlua_sleep}, {"reply", gwlua_reply_value}, {"now", now}, {"now_ms", now_ms},
        {"monotonic", monotonic}, {"secret", secret}, {"env", environment}, {NULL, NULL}};
    static const luaL_Reg levels[] = {
        {"debug", log_debug}, {"info", log_info}, {"warn", log_warn}, {"error", log_error}, {NULL, NULL}};
    luaL_newlib(L, functions);
    luaL_newlib(L, levels);
    lua_setfield(L, -2, "log");
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, part_index);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
