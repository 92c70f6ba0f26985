/* `ctx`: what is known of the exchange beside its messages. */

#include "engine.h"

#include <math.h>
#include <string.h>

enum { KEEPS_STATE = 1, KEEPS_AUTH = 2, KEEPS_VARIABLES = 3 };

static const char *const properties[] = {"conf", "state", "vars", "route", "client", "auth", "request_id", "trace", NULL};

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

/* Pushes what lies under a user value of the handle; false, with nil on the stack, when there is nothing yet. */
static bool push_kept(lua_State *L, int slot) { return lua_getiuservalue(L, 1, slot) != LUA_TNIL; }

static void keep(lua_State *L, int slot) {
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, slot);
}

static int context_index(lua_State *L) {
    struct gwlua_handle *handle = lua_touserdata(L, 1);
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, -1) != LUA_TNUMBER) return 1;
    struct gwlua_run *run = gwlua_live_run(L, handle);
    struct gwlua_engine *engine = engine_of(L);
    switch (lua_tointeger(L, -1)) {
    case 1:
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine->conf_ref);
        lua_rawgeti(L, -1, run->instance + 1);
        return 1;
    case 2:
        if (push_kept(L, KEEPS_STATE)) return 1;
        lua_newtable(L);
        keep(L, KEEPS_STATE);
        return 1;
    case 3:
        if (push_kept(L, KEEPS_VARIABLES)) return 1;
        gwlua_new_handle(L, HANDLE_VARIABLES, SIDE_LOG, 0);
        keep(L, KEEPS_VARIABLES);
        return 1;
    case 4: push_route(L, run); return 1;
    case 5: push_client(L, run); return 1;
    case 6: {
        if (push_kept(L, KEEPS_AUTH)) return 1;
        gwlua_text auth = {NULL, 0};
        if (engine->host->text(run->host, GWLUA_AUTH, &auth) != GWLUA_OK || auth.count == 0) return 0;
        gwlua_push_json(L, auth);
        gwlua_freeze(L);
        keep(L, KEEPS_AUTH);
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
    struct gwlua_run *run = gwlua_live_run(L, lua_touserdata(L, 1));
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
    struct gwlua_run *run = gwlua_live_run(L, lua_touserdata(L, 1));
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
