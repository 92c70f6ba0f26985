/* `gw.http`: requests of scripts to named upstreams, one or several at once. */

#include "engine.h"

#include <string.h>

enum { ALL_MAX = 16 };

/* What the call at `index` asks for; texts stay on the stack. */
static void read_request(lua_State *L, int index, gwlua_http_request *out, double left, bool is_detached) {
    struct gwlua_engine *engine = engine_of(L);
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    luaL_checkstack(L, 20, NULL);
    memset(out, 0, sizeof *out);
    static const char *const known[] = {"upstream", "method", "path", "query", "headers", "body", "timeout_ms",
                                        "max_body", "retries", NULL};
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        bool is_known = false;
        for (int number = 0; known[number] && lua_type(L, -2) == LUA_TSTRING; number++)
            is_known = is_known || strcmp(known[number], lua_tostring(L, -2)) == 0;
        if (!is_known && lua_type(L, -2) == LUA_TSTRING)
            luaL_error(
                L, "a request has no key \"%s\"; known: upstream, method, path, query, headers, body, timeout_ms, "
                   "max_body, retries", lua_tostring(L, -2));
    }
    lua_getfield(L, index, "upstream");
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "a request needs the name of an upstream");
    out->upstream = text_at(L, -1);
    if (lua_getfield(L, index, "method") == LUA_TNIL) lua_pushliteral(L, "GET");
    luaL_argexpected(L, lua_type(L, -1) == LUA_TSTRING, index, "a method that is a string");
    out->method = text_at(L, -1);
    bool is_method = out->method.count > 0 && out->method.count <= 20;
    for (size_t at = 0; is_method && at < out->method.count; at++)
        is_method = out->method.bytes[at] >= 'A' && out->method.bytes[at] <= 'Z';
    if (!is_method) luaL_error(L, "the method of a request consists of capital letters");
    if (lua_getfield(L, index, "path") == LUA_TNIL) lua_pushliteral(L, "/");
    luaL_argexpected(L, lua_type(L, -1) == LUA_TSTRING, index, "a path that is a string");
    if (lua_getfield(L, index, "query") == LUA_TTABLE) {
        /* By the url module, so that both write a query the same way. */
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine->env_ref);
        lua_getfield(L, -1, "url");
        lua_getfield(L, -1, "encode_query");
        lua_pushvalue(L, -4);
        lua_call(L, 1, 1);
        lua_replace(L, -4);
        lua_pop(L, 2);
    }
    if (lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > 0) {
        lua_pushliteral(L, "?");
        lua_insert(L, -2);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
    }
    out->path = text_at(L, -1);
    for (size_t at = 0; at < out->path.count; at++)
        if (out->path.bytes[at] <= 0x20 || out->path.bytes[at] >= 0x7f)
            luaL_error(L, "the path of a request has characters that must be escaped; see url.escape");
    if (out->path.count == 0 || out->path.bytes[0] != '/' || out->path.count > (8 << 10))
        luaL_error(L, "the path of a request begins with a slash and has 8 KiB at most");
    lua_getfield(L, index, "headers");
    gwlua_push_field_lines(L, -1, true);
    int headers = lua_gettop(L);
    if (lua_getfield(L, index, "body") == LUA_TTABLE) {
        if (gwlua_json_encode_value(L, -1) == 2) luaL_error(L, "the body of a request: %s", lua_tostring(L, -1));
        out->body = text_at(L, -1);
        lua_pushvalue(L, headers);
        lua_pushliteral(L, "content-type: application/json\r\n");
        lua_concat(L, 2);
        headers = lua_gettop(L);
    } else if (!lua_isnil(L, -1)) {
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "the body of a request is a string or a table");
        out->body = text_at(L, -1);
    }
    out->headers = text_at(L, headers);
    out->timeout_ms = 1000;
    if (lua_getfield(L, index, "timeout_ms") != LUA_TNIL) out->timeout_ms = luaL_checknumber(L, -1);
    if (!(out->timeout_ms >= 1 && out->timeout_ms <= 3600000)) luaL_error(L, "timeout_ms is from 1 to an hour");
    if (out->timeout_ms > left) out->timeout_ms = left;
    out->max_body = engine->limits.http_body_bytes;
    if (lua_getfield(L, index, "max_body") != LUA_TNIL) {
        lua_Integer bytes = luaL_checkinteger(L, -1);
        if (bytes < 0 || (uint64_t)bytes > engine->limits.http_body_bytes)
            luaL_error(L, "max_body is at most %d", (int)engine->limits.http_body_bytes);
        out->max_body = (size_t)bytes;
    }
    if (lua_getfield(L, index, "retries") != LUA_TNIL) {
        lua_Integer retries = luaL_checkinteger(L, -1);
        if (retries < 0 || retries > 5) luaL_error(L, "retries is from 0 to 5");
        out->retries = (uint32_t)retries;
    }
    out->is_detached = is_detached;
}

/* Starts a request; -1 with an error word on the stack when it cannot be. */
static int32_t start(lua_State *L, int index, double left, bool is_detached) {
    struct gwlua_engine *engine = engine_of(L);
    struct gwlua_run *run = engine->run;
    gwlua_http_request request;
    int top = lua_gettop(L);
    read_request(L, index, &request, left, is_detached);
    if (run->http_calls >= engine->limits.http_calls
        || (!is_detached && run->http_running >= engine->limits.http_parallel)) {
        lua_settop(L, top);
        lua_pushliteral(L, "limit");
        return -1;
    }
    int32_t number = engine->host->http_start(run->host, &request);
    lua_settop(L, top);
    if (number == GWLUA_TOO_LARGE) {
        lua_pushliteral(L, "limit");
        return -1;
    }
    if (number < 0) gwlua_raise_fault(L);
    run->http_calls++;
    if (!is_detached) run->http_running++;
    return number;
}

/* Pushes the answer of request `number`, or nil and an error; ends it. */
static int push_answer(lua_State *L, int32_t number, const gwlua_http_answer *answer) {
    struct gwlua_engine *engine = engine_of(L);
    int results = 1;
    if (answer->status == 0) {
        lua_pushnil(L);
        push_text(L, answer->error);
        results = 2;
    } else {
        lua_createtable(L, 0, 3);
        lua_pushinteger(L, answer->status);
        lua_setfield(L, -2, "status");
        push_text(L, answer->body);
        lua_setfield(L, -2, "body");
        gwlua_push_header_copy(L, answer->headers);
        lua_setfield(L, -2, "headers");
    }
    engine->host->http_end(engine->run->host, number);
    engine->run->http_running--;
    return results;
}

static int call_ended(lua_State *L, int status, lua_KContext context) {
    (void)status;
    gwlua_poll(L);
    struct gwlua_engine *engine = engine_of(L);
    gwlua_http_answer answer;
    if (engine->host->http_answer(engine->run->host, (int32_t)context, &answer) == GWLUA_PENDING)
        return gwlua_await(L, context, call_ended); /* something else woke the task */
    return push_answer(L, (int32_t)context, &answer);
}

static int http_call(lua_State *L) {
    double left = gwlua_check_awaitable(L);
    if (left == 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "timeout");
        return 2;
    }
    int32_t number = start(L, 1, left, false);
    if (number < 0) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    return call_ended(L, LUA_OK, number);
}

static int http_send(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    if (!engine->run) return luaL_error(L, "requests cannot be sent while a script is loaded");
    int32_t number = start(L, 1, 60000, true);
    if (number < 0) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* MARK: Several at once */

struct batch {
    uint32_t count, pending;
    bool fails_fast;
    int32_t numbers[ALL_MAX];
};

/* Slot 1: the requests, slot 2: the batch, slot 3: the answers. */
static int all_ended(lua_State *L, int status, lua_KContext context) {
    (void)status;
    gwlua_poll(L);
    struct gwlua_engine *engine = engine_of(L);
    struct batch *batch = lua_touserdata(L, 2);
    bool has_failed = false;
    for (uint32_t index = 0; index < batch->count; index++) {
        if (batch->numbers[index] < 0) continue;
        gwlua_http_answer answer;
        if (engine->host->http_answer(engine->run->host, batch->numbers[index], &answer) == GWLUA_PENDING) continue;
        has_failed = has_failed || answer.status == 0;
        lua_createtable(L, 2, 0);
        int results = push_answer(L, batch->numbers[index], &answer);
        if (results == 2) lua_rawseti(L, -3, 2), lua_pop(L, 1), lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 1);
        lua_rawseti(L, 3, (lua_Integer)index + 1);
        batch->numbers[index] = -1;
        batch->pending--;
    }
    if (batch->pending > 0 && !(batch->fails_fast && has_failed)) return gwlua_await(L, context, all_ended);
    for (uint32_t index = 0; index < batch->count; index++) {
        if (batch->numbers[index] < 0) continue;
        engine->host->http_end(engine->run->host, batch->numbers[index]);
        engine->run->http_running--;
        lua_createtable(L, 2, 0);
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 1);
        lua_pushliteral(L, "cancelled");
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, 3, (lua_Integer)index + 1);
    }
    lua_pushvalue(L, 3);
    return 1;
}

static int http_all(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    bool fails_fast = false;
    if (lua_type(L, 2) == LUA_TTABLE) {
        lua_getfield(L, 2, "fail_fast");
        fails_fast = lua_toboolean(L, -1);
    }
    lua_settop(L, 1);
    size_t count = lua_rawlen(L, 1);
    struct gwlua_engine *engine = engine_of(L);
    if (count > ALL_MAX || count > engine->limits.http_parallel)
        return luaL_error(L, "%d requests at once are more than the limit of %d", (int)count,
                          (int)engine->limits.http_parallel);
    double left = gwlua_check_awaitable(L);
    struct batch *batch = lua_newuserdatauv(L, sizeof *batch, 0);
    memset(batch, 0, sizeof *batch);
    batch->count = (uint32_t)count;
    batch->fails_fast = fails_fast;
    lua_createtable(L, (int)count, 0);
    for (size_t index = 0; index < count; index++) batch->numbers[index] = -1;
    for (size_t index = 0; index < count; index++) {
        lua_rawgeti(L, 1, (lua_Integer)index + 1);
        int32_t number = -1;
        if (left == 0) lua_pushliteral(L, "timeout");
        else number = start(L, 4, left, false);
        if (number < 0) {
            lua_createtable(L, 2, 0);
            lua_pushboolean(L, 0);
            lua_rawseti(L, -2, 1);
            lua_pushvalue(L, 5);
            lua_rawseti(L, -2, 2);
            lua_rawseti(L, 3, (lua_Integer)index + 1);
        } else {
            batch->numbers[index] = number;
            batch->pending++;
        }
        lua_settop(L, 3);
    }
    return all_ended(L, LUA_OK, 0);
}

void gwlua_open_http(lua_State *L) {
    static const luaL_Reg functions[] = {{"call", http_call}, {"all", http_all}, {"send", http_send}, {NULL, NULL}};
    luaL_newlib(L, functions);
}
