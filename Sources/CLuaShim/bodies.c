/* Bodies: whole ones, chunks as they pass, and the iterator over chunks. */

#include "engine.h"

#include <string.h>

/* MARK: Whole bodies */

static int finish_body(lua_State *L, int status, lua_KContext is_json);

/* Pushes the body, or nil and why not; suspends the task until it is there. */
static int take_body(lua_State *L, int side, bool is_json) {
    struct gwlua_engine *engine = engine_of(L);
    gwlua_text body = {NULL, 0};
    int32_t outcome = engine->host->body(engine->run->host, side, &body);
    switch (outcome) {
    case GWLUA_PENDING:
        if (gwlua_check_awaitable(L) == 0) {
            lua_pushnil(L);
            lua_pushliteral(L, "timeout");
            return 2;
        }
        engine->task->awaits_chunk = false;
        return gwlua_await(L, (lua_KContext)(side | (is_json ? 2 : 0)), finish_body);
    case GWLUA_OK: break;
    case GWLUA_TOO_LARGE:
        lua_pushnil(L);
        lua_pushliteral(L, "too_large");
        return 2;
    case GWLUA_ABORTED:
        lua_pushnil(L);
        lua_pushliteral(L, "aborted");
        return 2;
    default: gwlua_raise_fault(L);
    }
    if (!is_json) {
        push_text(L, body);
        return 1;
    }
    int depth = lua_type(L, 2) == LUA_TNUMBER ? (int)luaL_checkinteger(L, 2) : 64;
    if (depth < 1 || depth > 128) return luaL_error(L, "a depth from 1 to 128 expected");
    return gwlua_json_decode_text(L, (const char *)body.bytes, body.count, depth);
}

static int finish_body(lua_State *L, int status, lua_KContext context) {
    (void)status;
    gwlua_poll(L);
    return take_body(L, (int)context & 1, (context & 2) != 0);
}

int gwlua_body_get(lua_State *L) {
    int side = 0;
    gwlua_check_side(L, 1, &side);
    return take_body(L, side, false);
}

int gwlua_body_json(lua_State *L) {
    int side = 0;
    gwlua_check_side(L, 1, &side);
    return take_body(L, side, true);
}

int gwlua_body_set(lua_State *L) {
    int side = 0;
    struct gwlua_run *run = gwlua_check_side(L, 1, &side);
    struct gwlua_engine *engine = engine_of(L);
    if (lua_type(L, 2) == LUA_TTABLE) {
        if (gwlua_json_encode_value(L, 2) == 2) return luaL_error(L, "set_body: %s", lua_tostring(L, -1));
    } else {
        luaL_checkstring(L, 2);
        lua_pushvalue(L, 2);
    }
    gwlua_text body = text_at(L, -1);
    if (body.count > engine->limits.body_bytes)
        return luaL_error(L, "a body of %d bytes is longer than the filter's limit of %d", (int)body.count,
                          (int)engine->limits.body_bytes);
    if (engine->host->set_body(run->host, side, body) < 0) gwlua_raise_fault(L);
    return 0;
}

/* MARK: Chunks */

void gwlua_push_chunk(lua_State *L, int side) {
    gwlua_push_light(L, HANDLE_CHUNK, side, engine_of(L)->run->tasks[side].chunk_generation);
}

/* A chunk is gone when the next one is there, or its phase ends. */
static struct gwlua_task *check_chunk(lua_State *L) {
    if (!gwlua_is_handle(L, 1, HANDLE_CHUNK)) luaL_typeerror(L, 1, "chunk");
    gwlua_handle handle = gwlua_handle_at(L, 1);
    struct gwlua_run *run = engine_of(L)->run;
    if (!run || handle_run(handle) != run->number
        || handle_generation(handle) != run->tasks[handle_side(handle)].chunk_generation)
        luaL_error(L, "handle used outside of its request");
    return &run->tasks[handle_side(handle)];
}

/* What the chunk holds now: an earlier replacement counts. */
static gwlua_text present(const struct gwlua_task *task) {
    return task->chunk_is_replaced ? task->chunk_result : task->chunk;
}

static int chunk_bytes(lua_State *L) {
    gwlua_text bytes = present(check_chunk(L));
    lua_Integer count = (lua_Integer)bytes.count;
    lua_Integer first = luaL_optinteger(L, 2, 1), last = luaL_optinteger(L, 3, -1);
    if (first < 0) first = first < -count ? 1 : count + first + 1;
    else if (first == 0) first = 1;
    if (last < 0) last = last < -count ? 0 : count + last + 1;
    if (last > count) last = count;
    if (first > last) lua_pushliteral(L, "");
    else lua_pushlstring(L, (const char *)bytes.bytes + first - 1, (size_t)(last - first + 1));
    return 1;
}

static int chunk_find(lua_State *L) {
    gwlua_text bytes = present(check_chunk(L));
    luaL_checktype(L, 2, LUA_TSTRING);
    gwlua_text wanted = text_at(L, 2);
    lua_Integer start = luaL_optinteger(L, 3, 1);
    if (start < 1) start = 1;
    if ((size_t)start - 1 > bytes.count || (bytes.count == 0 && wanted.count > 0)) return 0;
    if (wanted.count == 0) {
        lua_pushinteger(L, start);
        lua_pushinteger(L, start - 1);
        return 2;
    }
    const uint8_t *found =
        memmem(bytes.bytes + start - 1, bytes.count - (size_t)(start - 1), wanted.bytes, wanted.count);
    if (!found) return 0;
    lua_pushinteger(L, found - bytes.bytes + 1);
    lua_pushinteger(L, found - bytes.bytes + (lua_Integer)wanted.count);
    return 2;
}

/* Keeps the text at the top of the stack as the result, until the host has taken it. */
static void keep_result(lua_State *L, struct gwlua_task *task) {
    task->chunk_result = text_at(L, -1);
    if (task->chunk_result.count > gwlua_string_max(L)) luaL_error(L, "a chunk is too long");
    task->chunk_is_replaced = true;
    engine_of(L)->run->has_anchors = true;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
}

static int chunk_replace(lua_State *L) {
    struct gwlua_task *task = check_chunk(L);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    keep_result(L, task);
    return 0;
}

static int chunk_drop(lua_State *L) {
    struct gwlua_task *task = check_chunk(L);
    lua_pushliteral(L, "");
    keep_result(L, task);
    return 0;
}

int gwlua_chunk_length(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)present(check_chunk(L)).count);
    return 1;
}

static int chunk_index(lua_State *L) {
    struct gwlua_task *task = check_chunk(L);
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "last") == 0) {
        lua_pushboolean(L, task->chunk_is_last);
        return 1;
    }
    lua_settop(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_CHUNK));
    return 1;
}

/* What a body phase returned: nothing, or a text in place of the chunk. */
int gwlua_take_chunk_result(lua_State *L, int index) {
    struct gwlua_engine *engine = engine_of(L);
    if (lua_isnoneornil(L, index)) return 0;
    if (lua_type(L, index) != LUA_TSTRING)
        return luaL_error(L, "a body phase returns a string or nothing, not a %s", luaL_typename(L, index));
    lua_pushvalue(L, index);
    keep_result(L, engine->task);
    lua_pop(L, 1);
    return 0;
}

void gwlua_set_chunk(gwlua_run *run, int32_t side, gwlua_text bytes, bool is_last) {
    struct gwlua_task *task = &run->tasks[side];
    task->chunk_generation++;
    task->chunk = bytes;
    task->chunk_is_last = is_last;
    task->chunk_is_replaced = false;
}

int32_t gwlua_chunk_result(gwlua_run *run, int32_t side, gwlua_text *out) {
    struct gwlua_task *task = &run->tasks[side];
    if (!task->chunk_is_replaced) return GWLUA_NONE;
    *out = task->chunk_result;
    return GWLUA_OK;
}

/* MARK: for chunk in req:body_chunks() */

static int chunk_came(lua_State *L, int status, lua_KContext side) {
    (void)status;
    gwlua_poll(L);
    struct gwlua_engine *engine = engine_of(L);
    engine->task->awaits_chunk = false;
    if (engine->task->chunk.bytes == NULL && engine->task->chunk_is_last) return 0;
    gwlua_push_chunk(L, (int)side);
    return 1;
}

static int next_chunk(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    gwlua_handle handle = gwlua_handle_at(L, lua_upvalueindex(1));
    gwlua_live_run(L, handle);
    int side = handle_side(handle);
    gwlua_check_suspendable(L); /* the time that a sender takes is not the script's */
    int32_t outcome = engine->host->next_chunk(engine->run->host, side);
    if (outcome == GWLUA_NONE) return 0;
    if (outcome < 0) gwlua_raise_fault(L);
    engine->task->awaits_chunk = true;
    return gwlua_await(L, side, chunk_came);
}

int gwlua_body_chunks(lua_State *L) {
    int side = 0;
    gwlua_check_side(L, 1, &side);
    lua_settop(L, 1);
    lua_pushcclosure(L, next_chunk, 1);
    return 1;
}

void gwlua_open_bodies(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"bytes", chunk_bytes}, {"find", chunk_find}, {"replace", chunk_replace}, {"drop", chunk_drop}, {NULL, NULL}};
    gwlua_define_handle(L, HANDLE_CHUNK, methods, NULL, chunk_index, NULL);
}
