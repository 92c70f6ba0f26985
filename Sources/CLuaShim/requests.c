/* `req` and `res`. */

#include "engine.h"

#include <string.h>

/* MARK: Query parameters */

static int hexadecimal(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Pushes a parameter's name or value as it was meant; an escape that is none stays as it is. */
static void push_decoded(lua_State *L, const uint8_t *bytes, size_t count) {
    if (!memchr(bytes, '%', count) && !memchr(bytes, '+', count)) {
        lua_pushlstring(L, (const char *)bytes, count);
        return;
    }
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, count);
    size_t length = 0;
    for (size_t index = 0; index < count; index++) {
        uint8_t byte = bytes[index];
        if (byte == '+') byte = ' ';
        else if (byte == '%' && index + 2 < count && hexadecimal(bytes[index + 1]) >= 0
                 && hexadecimal(bytes[index + 2]) >= 0) {
            byte = (uint8_t)(hexadecimal(bytes[index + 1]) << 4 | hexadecimal(bytes[index + 2]));
            index += 2;
        }
        out[length++] = (char)byte;
    }
    luaL_pushresultsize(&buffer, length);
}

struct parameter {
    const uint8_t *name, *value;
    size_t name_count, value_count, end;
};

/* The parameter that starts at `offset`. */
static bool next_parameter(gwlua_text query, size_t offset, struct parameter *out) {
    while (offset < query.count && query.bytes[offset] == '&') offset++;
    if (offset >= query.count) return false;
    const uint8_t *start = query.bytes + offset;
    const uint8_t *end = memchr(start, '&', query.count - offset);
    if (!end) end = query.bytes + query.count;
    const uint8_t *equals = memchr(start, '=', (size_t)(end - start));
    out->name = start;
    out->name_count = (size_t)((equals ? equals : end) - start);
    out->value = equals ? equals + 1 : end;
    out->value_count = (size_t)(end - out->value);
    out->end = (size_t)(end - query.bytes);
    return true;
}

static gwlua_text query_of(lua_State *L, struct gwlua_run *run) {
    gwlua_text query = {NULL, 0};
    if (engine_of(L)->host->text(run->host, GWLUA_QUERY, &query) != GWLUA_OK) query.count = 0;
    return query;
}

/* Whether the undecoded `name` means the text at `index`. */
static bool is_named(lua_State *L, const struct parameter *parameter, gwlua_text wanted) {
    if (parameter->name_count == wanted.count && memcmp(parameter->name, wanted.bytes, wanted.count) == 0) return true;
    if (!memchr(parameter->name, '%', parameter->name_count) && !memchr(parameter->name, '+', parameter->name_count))
        return false;
    push_decoded(L, parameter->name, parameter->name_count);
    gwlua_text decoded = text_at(L, -1);
    bool is_it = decoded.count == wanted.count && memcmp(decoded.bytes, wanted.bytes, wanted.count) == 0;
    lua_pop(L, 1);
    return is_it;
}

static int request_arg(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checktype(L, 2, LUA_TSTRING);
    gwlua_text wanted = text_at(L, 2), query = query_of(L, run);
    struct parameter parameter;
    for (size_t offset = 0; next_parameter(query, offset, &parameter); offset = parameter.end) {
        if (!is_named(L, &parameter, wanted)) continue;
        push_decoded(L, parameter.value, parameter.value_count);
        return 1;
    }
    return 0;
}

static int request_args(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    gwlua_text query = query_of(L, run);
    struct parameter parameter;
    lua_newtable(L);
    int table = lua_gettop(L);
    for (size_t offset = 0; next_parameter(query, offset, &parameter); offset = parameter.end) {
        push_decoded(L, parameter.name, parameter.name_count);
        push_decoded(L, parameter.value, parameter.value_count);
        lua_pushvalue(L, -2);
        switch (lua_rawget(L, table)) {
        case LUA_TNIL:
            lua_pop(L, 1);
            lua_rawset(L, table);
            continue;
        case LUA_TTABLE:
            lua_pushvalue(L, -2);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
            break;
        default: /* a second value makes it a list */
            lua_createtable(L, 2, 0);
            lua_insert(L, -2);
            lua_rawseti(L, -2, 1);
            lua_pushvalue(L, -2);
            lua_rawseti(L, -2, 2);
            lua_pushvalue(L, -3);
            lua_pushvalue(L, -2);
            lua_rawset(L, table);
        }
        lua_settop(L, table);
    }
    return 1;
}

static void add_escaped(luaL_Buffer *buffer, gwlua_text text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t index = 0; index < text.count; index++) {
        uint8_t byte = text.bytes[index];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9')
                        || byte == '-' || byte == '.' || byte == '_' || byte == '~';
        if (is_plain) {
            luaL_addchar(buffer, (char)byte);
        } else {
            luaL_addchar(buffer, '%');
            luaL_addchar(buffer, digits[byte >> 4]);
            luaL_addchar(buffer, digits[byte & 15]);
        }
    }
}

/* Replaces the first parameter of that name and drops the others; adds it at the end where there is none. */
static int request_set_arg(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checktype(L, 2, LUA_TSTRING);
    bool removes = lua_isnoneornil(L, 3);
    if (!removes) luaL_checkstring(L, 3);
    lua_settop(L, 3);
    gwlua_text wanted = text_at(L, 2), query = query_of(L, run);
    gwlua_text value = {NULL, 0};
    if (!removes) value = text_at(L, 3);
    push_text(L, query); /* a copy: the host's text moves when it is set */
    query = text_at(L, -1);
    struct parameter parameter;
    bool is_done = removes;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    size_t written = 0;
    for (size_t offset = 0; next_parameter(query, offset, &parameter); offset = parameter.end) {
        /* Compared without decoding: the buffer owns the top of the stack. */
        bool is_it = parameter.name_count == wanted.count
                     && memcmp(parameter.name, wanted.bytes, wanted.count) == 0;
        if (is_it && is_done) continue;
        if (written++) luaL_addchar(&buffer, '&');
        if (is_it) {
            is_done = true;
            add_escaped(&buffer, wanted);
            luaL_addchar(&buffer, '=');
            add_escaped(&buffer, value);
        } else {
            size_t count = parameter.end - (size_t)(parameter.name - query.bytes);
            luaL_addlstring(&buffer, (const char *)parameter.name, count);
        }
    }
    if (!is_done) {
        if (written) luaL_addchar(&buffer, '&');
        add_escaped(&buffer, wanted);
        luaL_addchar(&buffer, '=');
        add_escaped(&buffer, value);
    }
    luaL_pushresult(&buffer);
    gwlua_set_host_text(L, run, GWLUA_QUERY, -1);
    return 0;
}

static int request_cookie(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checktype(L, 2, LUA_TSTRING);
    gwlua_text wanted = text_at(L, 2), cookies;
    if (engine_of(L)->host->header_get(run->host, GWLUA_REQUEST, text_of("cookie"), &cookies) != GWLUA_OK) {
        lua_pushnil(L);
        return 1;
    }
    size_t start = 0;
    while (start < cookies.count) {
        while (start < cookies.count && (cookies.bytes[start] == ' ' || cookies.bytes[start] == ';')) start++;
        const uint8_t *end = memchr(cookies.bytes + start, ';', cookies.count - start);
        size_t stop = end ? (size_t)(end - cookies.bytes) : cookies.count;
        if (stop - start > wanted.count && cookies.bytes[start + wanted.count] == '='
            && memcmp(cookies.bytes + start, wanted.bytes, wanted.count) == 0) {
            start += wanted.count + 1;
            if (stop - start >= 2 && cookies.bytes[start] == '"' && cookies.bytes[stop - 1] == '"') start++, stop--;
            lua_pushlstring(L, (const char *)cookies.bytes + start, stop - start);
            return 1;
        }
        start = stop + 1;
    }
    lua_pushnil(L);
    return 1;
}

/* MARK: Where the request goes */

static int request_set_upstream(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checktype(L, 2, LUA_TSTRING);
    gwlua_set_host_text(L, run, GWLUA_SET_UPSTREAM, 2);
    return 0;
}

static int request_set_endpoint(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checktype(L, 2, LUA_TSTRING);
    gwlua_set_host_text(L, run, lua_toboolean(L, 3) ? GWLUA_SET_ENDPOINT_STRICT : GWLUA_SET_ENDPOINT, 2);
    return 0;
}

static int request_hash_on(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    luaL_checkstring(L, 2);
    gwlua_set_host_text(L, run, GWLUA_SET_HASH_KEY, 2);
    return 0;
}

static void set_number(lua_State *L, struct gwlua_run *run, int what, double value) {
    if (engine_of(L)->host->set_number(run->host, what, value) < 0) gwlua_raise_fault(L);
}

static int request_set_timeout(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    double milliseconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, milliseconds >= 1 && milliseconds <= 86400000, 2, "milliseconds from 1 to a day expected");
    set_number(L, run, GWLUA_SET_TIMEOUT_MS, milliseconds);
    return 0;
}

static int request_no_retry(lua_State *L) {
    set_number(L, gwlua_check_handle(L, 1, HANDLE_REQUEST), GWLUA_SET_NO_RETRY, 1);
    return 0;
}

static int request_reroute(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    if (run->reroutes++ >= 2) return luaL_error(L, "a request is rerouted twice at most");
    int32_t outcome = engine_of(L)->host->set_number(run->host, GWLUA_REROUTE, 0);
    if (outcome < 0) gwlua_raise_fault(L);
    lua_pushboolean(L, outcome == 1);
    return 1;
}

static int request_body_size(lua_State *L) {
    gwlua_push_host_number(L, gwlua_check_handle(L, 1, HANDLE_REQUEST), GWLUA_REQUEST_BODY_SIZE);
    return 1;
}

/* MARK: Properties */

static const char *const request_properties[] = {"method",       "host",    "path", "query", "scheme",
                                                 "http_version", "headers", NULL};

static int request_index(lua_State *L) {
    gwlua_handle handle = gwlua_handle_at(L, 1);
    lua_settop(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_REQUEST));
    if (lua_type(L, -1) != LUA_TNUMBER) return 1;
    int number = (int)lua_tointeger(L, -1) - 1;
    struct gwlua_run *run = gwlua_live_run(L, handle);
    if (number == 6) gwlua_push_headers(L, SIDE_REQUEST);
    else gwlua_push_host_text(L, run, GWLUA_METHOD + number);
    return 1;
}

static int request_new_index(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_REQUEST);
    lua_pushvalue(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_REQUEST));
    lua_Integer number = lua_type(L, -1) == LUA_TNUMBER ? lua_tointeger(L, -1) - 1 : -1;
    if (number < 0 || number > 3) {
        const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
        return luaL_error(L, "req.%s cannot be set; method, host, path and query can, headers by req.headers", name);
    }
    gwlua_set_host_text(L, run, GWLUA_METHOD + (int)number, 3);
    return 0;
}

static const char *const response_properties[] = {"status", "headers", "upstream", "source", NULL};

static void push_upstream(lua_State *L, struct gwlua_run *run) {
    gwlua_push_host_text(L, run, GWLUA_UPSTREAM_NAME);
    if (lua_isnil(L, -1)) return; /* the gateway's own answer */
    lua_createtable(L, 0, 5);
    lua_insert(L, -2);
    lua_setfield(L, -2, "name");
    gwlua_push_host_text(L, run, GWLUA_UPSTREAM_ADDRESS);
    lua_setfield(L, -2, "addr");
    gwlua_push_host_number(L, run, GWLUA_UPSTREAM_LATENCY_MS);
    lua_setfield(L, -2, "latency_ms");
    gwlua_push_host_number(L, run, GWLUA_UPSTREAM_ATTEMPTS);
    lua_setfield(L, -2, "attempts");
    lua_pushboolean(L, engine_of(L)->host->number(run->host, GWLUA_UPSTREAM_REUSED) == 1);
    lua_setfield(L, -2, "reused");
}

static int response_index(lua_State *L) {
    gwlua_handle handle = gwlua_handle_at(L, 1);
    lua_settop(L, 2);
    lua_rawget(L, gwlua_fields(HANDLE_RESPONSE));
    if (lua_type(L, -1) != LUA_TNUMBER) return 1;
    struct gwlua_run *run = gwlua_live_run(L, handle);
    switch (lua_tointeger(L, -1)) {
    case 1: gwlua_push_host_number(L, run, GWLUA_STATUS); break;
    case 2: gwlua_push_headers(L, SIDE_RESPONSE); break;
    case 3: push_upstream(L, run); break;
    default: gwlua_push_host_text(L, run, GWLUA_SOURCE);
    }
    return 1;
}

static int response_new_index(lua_State *L) {
    struct gwlua_run *run = gwlua_check_handle(L, 1, HANDLE_RESPONSE);
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(name, "status") != 0) return luaL_error(L, "res.%s cannot be set; status can", name);
    int is_integer = 0;
    lua_Integer status = lua_type(L, 3) == LUA_TNUMBER ? lua_tointegerx(L, 3, &is_integer) : 0;
    if (!is_integer || status < 200 || status > 599) return luaL_error(L, "a status is an integer from 200 to 599");
    set_number(L, run, GWLUA_STATUS, (double)status);
    return 0;
}

void gwlua_open_request(lua_State *L) {
    static const luaL_Reg request_methods[] = {
        {"arg", request_arg}, {"args", request_args}, {"set_arg", request_set_arg}, {"cookie", request_cookie},
        {"body", gwlua_body_get}, {"set_body", gwlua_body_set}, {"body_size", request_body_size},
        {"json", gwlua_body_json}, {"body_chunks", gwlua_body_chunks}, {"set_upstream", request_set_upstream},
        {"set_endpoint", request_set_endpoint}, {"hash_on", request_hash_on}, {"set_timeout", request_set_timeout},
        {"no_retry", request_no_retry}, {"reroute", request_reroute}, {"respond", gwlua_respond}, {NULL, NULL}};
    static const luaL_Reg response_methods[] = {
        {"body", gwlua_body_get}, {"set_body", gwlua_body_set}, {"json", gwlua_body_json},
        {"body_chunks", gwlua_body_chunks}, {"replace", gwlua_respond}, {NULL, NULL}};
    gwlua_define_handle(L, HANDLE_REQUEST, request_methods, request_properties, request_index, request_new_index);
    gwlua_define_handle(L, HANDLE_RESPONSE, response_methods, response_properties, response_index, response_new_index);
}
