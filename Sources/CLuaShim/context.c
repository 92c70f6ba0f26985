/* `ctx`: what is known of the exchange beside its messages. */

#include "engine.h"

#include <math.h>
#include <string.h>

/* What a run keeps in the table of handles, at these places from the run's number on. */
enum { KEEPS_STATE, KEEPS_AUTH, KEPT_PLACES };

static const char *const properties[] = {"conf",   "state", "vars",       "route", "client",
                                         "auth",   "request_id", "trace", NULL};

static int remaining_ms(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_CONTEXT);
    double left = engine_of(L)->host->number(run->host, GWLUA_REMAINING_MS);
    lua_pushnumber(L, isnan(left) ? HUGE_VAL : left);
    return 1;
}

static void push_route(lua_State *L, struct gwlua_run *run) {
    lua_createtable(L, 0, 2);
    gwlua_push_host_text(L, run, GWLUA_ROUTE);
    lua_setfield(L, -2, "name");
    gwlua_push_host_text(L, run, GWLUA_ROUTE_PREFIX);
    lua_setfield(L, -2, "prefix");
}

static void push_client(lua_State *L, struct gwlua_run *run) {
    lua_createtable(L, 0, 3);
    gwlua_push_host_text(L, run, GWLUA_CLIENT_IP);
    lua_setfield(L, -2, "ip");
    gwlua_push_host_text(L, run, GWLUA_PEER_IP);
    lua_setfield(L, -2, "peer_ip");
    gwlua_push_host_number(L, run, GWLUA_CLIENT_PORT);
    lua_setfield(L, -2, "port");
    gwlua_text tls = {NULL, 0};
    if (engine_of(L)->host->text(run->host, GWLUA_CLIENT_TLS, &tls) != GWLUA_OK || tls.count == 0) return;
    gwlua_push_json(L, tls);
    lua_setfield(L, -2, "tls");
}

static void push_trace(lua_State *L, struct gwlua_run *run) {
    gwlua_push_host_text(L, run, GWLUA_TRACE_ID);
    if (lua_isnil(L, -1)) return;
    lua_createtable(L, 0, 2);
    lua_insert(L, -2);
    lua_setfield(L, -2, "trace_id");
    gwlua_push_host_text(L, run, GWLUA_SPAN_ID);
    lua_setfield(L, -2, "span_id");
}

static lua_Integer place_of(const struct gwlua_run *run, int slot) {
    return (lua_Integer)run->number * KEPT_PLACES + slot + 1;
}

/* Pushes what the run keeps there; false, with nothing pushed, when there is nothing yet. */
static bool push_kept(lua_State *L, struct gwlua_run *run, int slot) {
    if (!(run->kept & (1u << slot))) return false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->handles_ref);
    lua_rawgeti(L, -1, place_of(run, slot));
    return true;
}

static void keep(lua_State *L, struct gwlua_run *run, int slot) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->handles_ref);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, place_of(run, slot));
    lua_pop(L, 1);
    run->kept |= 1u << slot;
}

void gwlua_forget_kept(struct gwlua_run *run) {
    lua_State *L = run->vm->main;
    if (!run->kept || run->vm->killed) {
        run->kept = 0;
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->vm->engine->handles_ref);
    for (int slot = 0; slot < KEPT_PLACES; slot++) {
        if (!(run->kept & (1u << slot))) continue;
        lua_pushboolean(L, 0); /* not nil, so that the array keeps its size */
        lua_rawseti(L, -2, place_of(run, slot));
    }
    lua_pop(L, 1);
    run->kept = 0;
}

static int context_index(lua_State *L) {
    gwlua_handle handle = gwlua_handle_at(L, 1);
    lua_settop(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_CONTEXT));
    if (lua_type(L, -1) != LUA_TNUMBER) return 1;
    struct gwlua_run *run = gwlua_live_run(L, handle);
    struct gwlua_engine *engine = engine_of(L);
    switch (lua_tointeger(L, -1)) {
    case 1:
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine->conf_ref);
        lua_rawgeti(L, -1, run->instance + 1);
        return 1;
    case 2:
        if (push_kept(L, run, KEEPS_STATE)) return 1;
        lua_newtable(L);
        keep(L, run, KEEPS_STATE);
        return 1;
    case 3:
        gwlua_push_present(L, HANDLE_VARIABLES, SIDE_LOG);
        return 1;
    case 4: push_route(L, run); return 1;
    case 5: push_client(L, run); return 1;
    case 6: {
        if (push_kept(L, run, KEEPS_AUTH)) return 1;
        gwlua_text auth = {NULL, 0};
        if (engine->host->text(run->host, GWLUA_AUTH, &auth) != GWLUA_OK || auth.count == 0) return 0;
        gwlua_push_json(L, auth);
        gwlua_freeze(L);
        keep(L, run, KEEPS_AUTH);
        return 1;
    }
    case 7: gwlua_push_host_text(L, run, GWLUA_REQUEST_ID); return 1;
    default: push_trace(L, run); return 1;
    }
}

static int context_new_index(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "ctx.%s cannot be set; keep values in ctx.state or ctx.vars", name);
}

/* MARK: ctx.vars: shared by the filters of a request, the access log and the balancer */

static int variables_index(lua_State *L) {
    struct gwlua_run *run = gwlua_live_run(L, gwlua_handle_at(L, 1));
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    gwlua_text json = {NULL, 0};
    if (engine_of(L)->host->variable(run->host, text_at(L, 2), &json) != GWLUA_OK) return 0;
    gwlua_push_json(L, json);
    return 1;
}

static bool is_variable_name(gwlua_text name) {
    if (name.count == 0 || name.count > 64) return false;
    for (size_t index = 0; index < name.count; index++) {
        uint8_t byte = name.bytes[index];
        bool is_letter = (byte >= 'a' && byte <= 'z') || byte == '_';
        if (!is_letter && !(index > 0 && byte >= '0' && byte <= '9')) return false;
    }
    return true;
}

static int variables_new_index(lua_State *L) {
    struct gwlua_run *run = gwlua_live_run(L, gwlua_handle_at(L, 1));
    struct gwlua_engine *engine = engine_of(L);
    if (lua_type(L, 2) != LUA_TSTRING || !is_variable_name(text_at(L, 2)))
        return luaL_error(L, "a variable's name has the form [a-z_][a-z0-9_]*, at most 64 bytes");
    gwlua_text json = {NULL, 0};
    switch (lua_type(L, 3)) {
    case LUA_TNIL: break;
    case LUA_TBOOLEAN: case LUA_TNUMBER: case LUA_TSTRING:
        if (gwlua_json_encode_value(L, 3) == 2) return luaL_error(L, "ctx.vars: %s", lua_tostring(L, -1));
        json = text_at(L, -1);
        break;
    default: return luaL_error(L, "a variable is a string, number or boolean, not a %s", luaL_typename(L, 3));
    }
    if (engine->host->set_variable(run->host, text_at(L, 2), json) < 0) gwlua_raise_fault(L);
    return 0;
}

void gwlua_open_context(lua_State *L) {
    static const luaL_Reg methods[] = {{"remaining_ms", remaining_ms}, {NULL, NULL}};
    gwlua_define_handle(L, HANDLE_CONTEXT, methods, properties, context_index, context_new_index);
    gwlua_define_handle(L, HANDLE_VARIABLES, NULL, NULL, variables_index, variables_new_index);
}
