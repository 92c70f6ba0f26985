/* Handles: what scripts hold of an exchange. Each knows the run and the time that it belongs to; used later, or by the
 * task of another request, it raises. */

#include "engine.h"

#include <math.h>

void gwlua_push_light(lua_State *L, int kind, int side, uint32_t generation) {
    struct gwlua_run *run = engine_of(L)->run;
    gwlua_handle handle = GWLUA_HANDLE_BIT | (uint64_t)kind << 58 | (uint64_t)side << 56
                          | (uint64_t)(run ? run->number : GWLUA_RUNS_MAX - 1) << 32 | generation;
    lua_pushlightuserdata(L, (void *)(uintptr_t)handle);
}

void gwlua_push_present(lua_State *L, int kind, int side) {
    struct gwlua_run *run = engine_of(L)->run;
    uint32_t generation = 0;
    if (run) generation = side == SIDE_LOG ? run->generation : run->side_generation[side];
    gwlua_push_light(L, kind, side, generation);
}

void gwlua_push_handle(lua_State *L, int kind) {
    switch (kind) {
    case HANDLE_REQUEST: gwlua_push_present(L, kind, SIDE_REQUEST); break;
    case HANDLE_RESPONSE: gwlua_push_present(L, kind, SIDE_RESPONSE); break;
    default: gwlua_push_present(L, kind, SIDE_LOG);
    }
}

void gwlua_drop_handles(struct gwlua_run *run, int side) {
    if (side < 2) run->side_generation[side]++;
    run->tasks[side].chunk_generation++;
}

bool gwlua_is_handle(lua_State *L, int index, int kind) {
    if (kind < HANDLE_LIGHT_KINDS) {
        if (lua_type(L, index) != LUA_TLIGHTUSERDATA) return false;
        gwlua_handle handle = gwlua_handle_at(L, index);
        return (handle & GWLUA_HANDLE_BIT) && handle_kind(handle) == kind;
    }
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
    bool is_it = lua_topointer(L, -1) == engine_of(L)->metatables[kind];
    lua_pop(L, 1);
    return is_it;
}

static _Noreturn void raise_stale(lua_State *L) {
    luaL_error(L, "handle used outside of its request");
    __builtin_unreachable();
}

struct gwlua_run *gwlua_live_run(lua_State *L, gwlua_handle handle) {
    struct gwlua_run *run = engine_of(L)->run;
    if (!run || handle_run(handle) != run->number) raise_stale(L);
    int side = handle_side(handle);
    if (handle_generation(handle) != (side == SIDE_LOG ? run->generation : run->side_generation[side])) raise_stale(L);
    return run;
}

struct gwlua_run *gwlua_check_handle(lua_State *L, int index, int kind) {
    static const char *const names[] = {"request", "response", "context",  "log record",
                                        "headers", "chunk",    "variables"};
    if (!gwlua_is_handle(L, index, kind)) luaL_typeerror(L, index, names[kind]);
    return gwlua_live_run(L, gwlua_handle_at(L, index));
}

/* A request or a response. */
struct gwlua_run *gwlua_check_side(lua_State *L, int index, int *side) {
    if (!gwlua_is_handle(L, index, HANDLE_REQUEST) && !gwlua_is_handle(L, index, HANDLE_RESPONSE))
        luaL_typeerror(L, index, "request or response");
    gwlua_handle handle = gwlua_handle_at(L, index);
    *side = handle_side(handle);
    return gwlua_live_run(L, handle);
}

/* MARK: Kinds */

static int refuse_field(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "\"%s\" cannot be set on this object", name);
}

/* Light userdata share one metatable; other ones than handles, such as json.null, have no fields. */
static int kind_of(lua_State *L) {
    gwlua_handle handle = gwlua_handle_at(L, 1);
    if (!(handle & GWLUA_HANDLE_BIT) || handle_kind(handle) >= HANDLE_LIGHT_KINDS)
        luaL_error(L, "attempt to index a null value");
    return handle_kind(handle);
}

static int light_index(lua_State *L) { return engine_of(L)->indexes[kind_of(L)](L); }
static int light_new_index(lua_State *L) { return engine_of(L)->new_indexes[kind_of(L)](L); }

static int light_length(lua_State *L) {
    if (kind_of(L) != HANDLE_CHUNK) return luaL_error(L, "this object has no length");
    return gwlua_chunk_length(L);
}

void gwlua_define_handle(
    lua_State *L, int kind, const luaL_Reg *methods, const char *const *properties, lua_CFunction index,
    lua_CFunction new_index) {
    struct gwlua_engine *engine = engine_of(L);
    lua_newtable(L);
    if (methods) luaL_setfuncs(L, methods, 0);
    for (int number = 0; properties && properties[number]; number++) {
        lua_pushinteger(L, number + 1);
        lua_setfield(L, -2, properties[number]);
    }
    lua_pushvalue(L, -1);
    engine->fields_refs[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
    if (kind < HANDLE_LIGHT_KINDS) {
        engine->indexes[kind] = index;
        engine->new_indexes[kind] = new_index ? new_index : refuse_field;
        lua_pop(L, 1);
        return;
    }
    lua_createtable(L, 0, 3);
    lua_insert(L, -2);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, new_index ? new_index : refuse_field);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    engine->metatables[kind] = lua_topointer(L, -1);
    engine->metatable_refs[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void push_with_fields(lua_State *L, lua_CFunction function) {
    for (int kind = 0; kind < HANDLE_LIGHT_KINDS; kind++)
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->fields_refs[kind]);
    lua_pushcclosure(L, function, HANDLE_LIGHT_KINDS);
}

static void define_light_userdata(lua_State *L) {
    lua_pushlightuserdata(L, NULL);
    lua_createtable(L, 0, 4);
    push_with_fields(L, light_index);
    lua_setfield(L, -2, "__index");
    push_with_fields(L, light_new_index);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, light_length);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* MARK: Values of the host */

void gwlua_push_json(lua_State *L, gwlua_text json) {
    if (json.count == 0) {
        lua_pushnil(L);
        return;
    }
    if (gwlua_json_decode_text(L, (const char *)json.bytes, json.count, 64) == 2) {
        lua_pop(L, 2);
        lua_pushnil(L);
    }
}

void gwlua_push_host_text(lua_State *L, struct gwlua_run *run, int what) {
    gwlua_text text;
    int32_t outcome = engine_of(L)->host->text(run->host, what, &text);
    if (outcome == GWLUA_OK) push_text(L, text);
    else lua_pushnil(L);
}

void gwlua_push_host_number(lua_State *L, struct gwlua_run *run, int what) {
    double value = engine_of(L)->host->number(run->host, what);
    if (isnan(value)) lua_pushnil(L);
    else if (value == floor(value) && fabs(value) < 9e15) lua_pushinteger(L, (lua_Integer)value);
    else lua_pushnumber(L, value);
}

void gwlua_set_host_text(lua_State *L, struct gwlua_run *run, int what, int index) {
    if (lua_type(L, index) != LUA_TSTRING) luaL_error(L, "expected a string, got %s", luaL_typename(L, index));
    if (engine_of(L)->host->set_text(run->host, what, text_at(L, index)) < 0) gwlua_raise_fault(L);
}

/* MARK: Log records */

static const char *const record_properties[] = {
    "method", "host", "path", "query", "route", "client_ip", "request_id", "upstream", "target", "end_reason",
    "status", "duration_ms", "bytes_in", "bytes_out", "attempts", "upstream_ms", NULL};
static const int record_sources[] = {
    GWLUA_METHOD, GWLUA_HOST, GWLUA_PATH, GWLUA_QUERY, GWLUA_ROUTE, GWLUA_CLIENT_IP, GWLUA_REQUEST_ID,
    GWLUA_UPSTREAM_NAME, GWLUA_UPSTREAM_ADDRESS, GWLUA_END_REASON,
    GWLUA_STATUS, GWLUA_DURATION_MS, GWLUA_BYTES_IN, GWLUA_BYTES_OUT, GWLUA_UPSTREAM_ATTEMPTS,
    GWLUA_UPSTREAM_LATENCY_MS};
enum { RECORD_TEXTS = 10 };

static int record_index(lua_State *L) {
    struct gwlua_run *run = gwlua_live_run(L, gwlua_handle_at(L, 1));
    lua_settop(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_LOG));
    if (lua_type(L, -1) != LUA_TNUMBER) return 1;
    int number = (int)lua_tointeger(L, -1) - 1;
    if (number < RECORD_TEXTS) gwlua_push_host_text(L, run, record_sources[number]);
    else gwlua_push_host_number(L, run, record_sources[number]);
    return 1;
}

void gwlua_open_handles(lua_State *L) {
    gwlua_define_handle(L, HANDLE_LOG, NULL, record_properties, record_index, NULL);
    gwlua_open_request(L);
    gwlua_open_context(L);
    gwlua_open_headers(L);
    gwlua_open_bodies(L);
    gwlua_open_replies(L);
    define_light_userdata(L);
}
