/* `gw.Headers`: the fields of a request or response as they will be sent, or a copy of those of an answer. */

#include "engine.h"

#include <string.h>
#include <strings.h>

/* A copy has its text behind the handle. */
struct header_copy {
    size_t count;
    char bytes[];
};

static const gwlua_text nothing = {NULL, 0};

void gwlua_push_headers(lua_State *L, int side) { gwlua_push_present(L, HANDLE_HEADERS, side); }

void gwlua_push_header_copy(lua_State *L, gwlua_text block) {
    struct gwlua_engine *engine = engine_of(L);
    struct header_copy *copy = lua_newuserdatauv(L, sizeof *copy + block.count, 0);
    memset(copy, 0, sizeof *copy);
    copy->count = block.count;
    if (block.count) memcpy(copy->bytes, block.bytes, block.count);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->metatable_refs[HANDLE_HEADER_COPY]);
    lua_setmetatable(L, -2);
}

/* What is read from: `run` for a live object, `copy` for the other kind. */
struct source {
    struct gwlua_run *run;
    const struct header_copy *copy;
    int side;
};

static struct source check(lua_State *L) {
    struct source source = {NULL, NULL, 0};
    if (gwlua_is_handle(L, 1, HANDLE_HEADERS)) {
        gwlua_handle handle = gwlua_handle_at(L, 1);
        source.run = gwlua_live_run(L, handle);
        source.side = handle_side(handle);
    } else if (gwlua_is_handle(L, 1, HANDLE_HEADER_COPY)) {
        source.copy = lua_touserdata(L, 1);
    } else {
        luaL_typeerror(L, 1, "headers");
    }
    return source;
}

/* Advances through all fields; false at the end. */
static bool next_field(
    struct gwlua_engine *engine, const struct source *source, int64_t *cursor, gwlua_text *name, gwlua_text *value) {
    if (source->run)
        return engine->host->header_next(source->run->host, source->side, cursor, name, value) == GWLUA_OK;
    const struct header_copy *copy = source->copy;
    while ((size_t)*cursor < copy->count) {
        const char *start = copy->bytes + *cursor;
        const char *end = memchr(start, '\n', copy->count - (size_t)*cursor);
        if (!end) end = copy->bytes + copy->count;
        *cursor = end - copy->bytes + 1;
        const char *colon = memchr(start, ':', (size_t)(end - start));
        if (!colon) continue;
        const char *first = colon + 1, *last = end;
        while (first < last && (*first == ' ' || *first == '\t')) first++;
        while (last > first && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == '\t')) last--;
        *name = (gwlua_text){(const uint8_t *)start, (size_t)(colon - start)};
        *value = (gwlua_text){(const uint8_t *)first, (size_t)(last - first)};
        return true;
    }
    return false;
}

static bool is_same(gwlua_text left, gwlua_text right) {
    return left.count == right.count
           && strncasecmp((const char *)left.bytes, (const char *)right.bytes, left.count) == 0;
}

static bool first_value(lua_State *L, const struct source *source, gwlua_text name, gwlua_text *value) {
    struct gwlua_engine *engine = engine_of(L);
    if (source->run) return engine->host->header_get(source->run->host, source->side, name, value) == GWLUA_OK;
    gwlua_text found;
    for (int64_t cursor = 0; next_field(engine, source, &cursor, &found, value);)
        if (is_same(found, name)) return true;
    return false;
}

static gwlua_text check_name(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TSTRING);
    return text_at(L, index);
}

/* MARK: Reading */

static int headers_get(lua_State *L) {
    struct source source = check(L);
    gwlua_text value;
    if (!first_value(L, &source, check_name(L, 2), &value)) {
        lua_pushnil(L);
        return 1;
    }
    push_text(L, value);
    return 1;
}

static int headers_has(lua_State *L) {
    struct source source = check(L);
    gwlua_text value;
    lua_pushboolean(L, first_value(L, &source, check_name(L, 2), &value));
    return 1;
}

static int headers_all(lua_State *L) {
    struct source source = check(L);
    gwlua_text wanted = check_name(L, 2), name, value;
    lua_newtable(L);
    lua_Integer count = 0;
    for (int64_t cursor = 0; next_field(engine_of(L), &source, &cursor, &name, &value);) {
        if (!is_same(name, wanted)) continue;
        push_text(L, value);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

static int headers_joined(lua_State *L) {
    headers_all(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    if (count == 0) return 0;
    luaL_Buffer buffer;
    int table = lua_gettop(L);
    luaL_buffinit(L, &buffer);
    for (lua_Integer index = 1; index <= count; index++) {
        if (index > 1) luaL_addlstring(&buffer, ", ", 2);
        lua_rawgeti(L, table, index);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int headers_count(lua_State *L) {
    struct source source = check(L);
    gwlua_text name, value;
    lua_Integer count = 0;
    for (int64_t cursor = 0; next_field(engine_of(L), &source, &cursor, &name, &value);) count++;
    lua_pushinteger(L, count);
    return 1;
}

static int next_pair(lua_State *L) {
    lua_Integer index = lua_tointeger(L, lua_upvalueindex(2));
    lua_rawgeti(L, lua_upvalueindex(1), index);
    lua_rawgeti(L, lua_upvalueindex(1), index + 1);
    lua_pushinteger(L, index + 2);
    lua_copy(L, -1, lua_upvalueindex(2));
    lua_pop(L, 1);
    return 2;
}

/* A snapshot, so that the fields may be changed meanwhile. */
static int headers_pairs(lua_State *L) {
    struct source source = check(L);
    gwlua_text name, value;
    lua_newtable(L);
    lua_Integer count = 0;
    for (int64_t cursor = 0; next_field(engine_of(L), &source, &cursor, &name, &value);) {
        push_text(L, name);
        lua_rawseti(L, -2, ++count);
        push_text(L, value);
        lua_rawseti(L, -2, ++count);
    }
    lua_pushinteger(L, 1);
    lua_pushcclosure(L, next_pair, 2);
    return 1;
}

/* MARK: Changing */

static void edit(lua_State *L, const struct source *source, int what, gwlua_text name, gwlua_text value) {
    struct gwlua_engine *engine = engine_of(L);
    if (!source->run) luaL_error(L, "these headers are a copy, and cannot be changed");
    if (what != GWLUA_HEADER_REMOVE) {
        struct gwlua_run *run = source->run;
        run->headers_added++;
        run->header_bytes_added += name.count + value.count;
        if (run->headers_added > engine->limits.headers_added)
            luaL_error(L, "a filter sets %d header fields at most", (int)engine->limits.headers_added);
        if (run->header_bytes_added > engine->limits.header_bytes_added)
            luaL_error(L, "a filter sets %d bytes of header fields at most", (int)engine->limits.header_bytes_added);
    }
    if (engine->host->header_edit(source->run->host, source->side, what, name, value) < 0) {
        const char *problem = gwlua_field_problem(name, value);
        if (problem) luaL_error(L, "%s", problem);
        gwlua_raise_fault(L);
    }
}

static gwlua_text check_value(lua_State *L, int index) {
    int type = lua_type(L, index);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "a header value is a string, not a %s", luaL_typename(L, index));
    return text_at(L, index);
}

static int set_values(lua_State *L, const struct source *source, gwlua_text name, int index) {
    if (lua_isnoneornil(L, index)) {
        edit(L, source, GWLUA_HEADER_REMOVE, name, nothing);
        return 0;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        edit(L, source, GWLUA_HEADER_SET, name, check_value(L, index));
        return 0;
    }
    edit(L, source, GWLUA_HEADER_REMOVE, name, nothing);
    gwlua_push_thawed(L, index);
    lua_replace(L, index);
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer item = 1; item <= count; item++) {
        lua_rawgeti(L, index, item);
        edit(L, source, GWLUA_HEADER_ADD, name, check_value(L, -1));
        lua_pop(L, 1);
    }
    return 0;
}

static int headers_set(lua_State *L) {
    struct source source = check(L);
    return set_values(L, &source, check_name(L, 2), 3);
}

static int headers_add(lua_State *L) {
    struct source source = check(L);
    edit(L, &source, GWLUA_HEADER_ADD, check_name(L, 2), check_value(L, 3));
    return 0;
}

static int headers_remove(lua_State *L) {
    struct source source = check(L);
    edit(L, &source, GWLUA_HEADER_REMOVE, check_name(L, 2), nothing);
    return 0;
}

/* `headers["x-id"]`: a method's name is never a field's here, since `get` finds it. */
static int look_up(lua_State *L, int fields) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, fields) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    struct source source = check(L);
    gwlua_text value;
    if (lua_type(L, 2) != LUA_TSTRING || !first_value(L, &source, text_at(L, 2), &value)) return 0;
    push_text(L, value);
    return 1;
}

static int headers_index(lua_State *L) { return look_up(L, gwlua_fields(HANDLE_HEADERS)); }
static int copy_index(lua_State *L) { return look_up(L, lua_upvalueindex(1)); }

static int headers_new_index(lua_State *L) {
    struct source source = check(L);
    return set_values(L, &source, check_name(L, 2), 3);
}

void gwlua_open_headers(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"get", headers_get}, {"has", headers_has}, {"all", headers_all}, {"joined", headers_joined},
        {"count", headers_count}, {"pairs", headers_pairs}, {"set", headers_set}, {"add", headers_add},
        {"remove", headers_remove}, {NULL, NULL}};
    gwlua_define_handle(L, HANDLE_HEADERS, methods, NULL, headers_index, headers_new_index);
    gwlua_define_handle(L, HANDLE_HEADER_COPY, methods, NULL, copy_index, headers_new_index);
}
