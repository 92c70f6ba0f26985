/* Answers of scripts: the forms in which a phase may return one, and the call that ends the phase with one. */

#include "engine.h"

#include <string.h>
#include <strings.h>

static char reply_raise; /* the error that carries a reply, or the end of the time to await, through every `pcall` */

struct reply_value {
    int32_t status;
    bool has_json;
};

enum { REPLY_HEADERS = 1, REPLY_BODY = 2 };

bool gwlua_is_reply_raise(lua_State *L, int index) {
    return lua_gettop(L) > 0 && lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == &reply_raise;
}

_Noreturn void gwlua_raise_reply(lua_State *L) {
    lua_pushlightuserdata(L, &reply_raise);
    lua_error(L);
    __builtin_unreachable();
}

/* MARK: Fields */

static bool is_token(gwlua_text name) {
    if (name.count == 0 || name.count > 256) return false;
    for (size_t index = 0; index < name.count; index++) {
        uint8_t byte = name.bytes[index];
        bool is_alphanumeric =
            (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!is_alphanumeric && (byte < 0x21 || byte > 0x7e || !strchr("!#$%&'*+-.^_`|~", byte))) return false;
    }
    return true;
}

static bool is_one_of(gwlua_text name, const char *const *names) {
    for (; *names; names++)
        if (strlen(*names) == name.count && strncasecmp(*names, (const char *)name.bytes, name.count) == 0) return true;
    return false;
}

const char *gwlua_field_problem(gwlua_text name, gwlua_text value) {
    static const char *const framing[] = {"content-length", "transfer-encoding", NULL};
    static const char *const hop_by_hop[] = {"connection", "keep-alive", "proxy-connection", "te", "trailer",
                                             "upgrade", "proxy-authenticate", "proxy-authorization", NULL};
    static const char *const host[] = {"host", NULL};
    if (name.count && name.bytes[0] == ':')
        return "pseudo-header fields are no headers; set req.method, req.host or req.path";
    if (!is_token(name)) return "a header name consists of letters, digits and !#$%&'*+-.^_`|~";
    if (is_one_of(name, framing)) return "the length of a body is the gateway's to say; use set_body";
    if (is_one_of(name, hop_by_hop)) return "fields of one connection cannot be set";
    if (is_one_of(name, host)) return "set req.host in place of the host field";
    for (size_t index = 0; index < value.count; index++) {
        uint8_t byte = value.bytes[index];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return "a header value has no control characters or line ends";
    }
    return NULL;
}

static void add_line(lua_State *L, luaL_Buffer *buffer, gwlua_text name, gwlua_text value) {
    const char *problem = gwlua_field_problem(name, value);
    if (problem) luaL_error(L, "%s", problem);
    luaL_addlstring(buffer, (const char *)name.bytes, name.count);
    luaL_addlstring(buffer, ": ", 2);
    luaL_addlstring(buffer, (const char *)value.bytes, value.count);
    luaL_addlstring(buffer, "\r\n", 2);
}

/* `lines`: a string on the stack below the buffer's, replaced by itself and the new line. */
static void append_field(lua_State *L, int lines, gwlua_text name, int value) {
    int type = lua_type(L, value);
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "a header value is a string, not a %s", luaL_typename(L, value));
    gwlua_text text = text_at(L, value);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    add_line(L, &buffer, name, text);
    luaL_pushresult(&buffer);
    lua_pushvalue(L, lines);
    lua_insert(L, -2);
    lua_concat(L, 2);
    if (lua_rawlen(L, -1) > (64 << 10)) luaL_error(L, "the headers are longer than 64 KiB");
    lua_replace(L, lines);
}

void gwlua_push_field_lines(lua_State *L, int index, bool is_request) {
    (void)is_request;
    if (lua_isnoneornil(L, index)) {
        lua_pushliteral(L, "");
        return;
    }
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    gwlua_push_thawed(L, index);
    int table = lua_gettop(L);
    lua_pushliteral(L, "");
    int lines = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table);) {
        if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "a header name is a string, not a %s", luaL_typename(L, -2));
        gwlua_text name = text_at(L, -2);
        int value = lua_gettop(L);
        if (lua_type(L, value) == LUA_TTABLE) {
            gwlua_push_thawed(L, value);
            lua_replace(L, value);
            lua_Integer count = (lua_Integer)lua_rawlen(L, value);
            for (lua_Integer item = 1; item <= count; item++) {
                gwlua_poll(L);
                lua_rawgeti(L, value, item);
                append_field(L, lines, name, value + 1);
                lua_settop(L, value);
            }
        } else {
            append_field(L, lines, name, value);
        }
        lua_settop(L, value - 1);
    }
    lua_settop(L, lines);
    lua_remove(L, table);
}

/* MARK: Values */

static int32_t check_status(lua_State *L, int index) {
    int is_integer = 0;
    lua_Integer status = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &is_integer) : 0;
    if (!is_integer || status < 200 || status > 599) luaL_error(L, "a status is an integer from 200 to 599");
    return (int32_t)status;
}

/* Pushes a reply of the values at these places. */
static void push_reply(lua_State *L, int status, int headers, int body) {
    struct gwlua_engine *engine = engine_of(L);
    int32_t number = check_status(L, status);
    struct reply_value *reply = lua_newuserdatauv(L, sizeof *reply, 2);
    int place = lua_gettop(L);
    reply->status = number;
    reply->has_json = false;
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->metatable_refs[HANDLE_REPLY]);
    lua_setmetatable(L, place);
    gwlua_push_field_lines(L, headers, false);
    lua_setiuservalue(L, place, REPLY_HEADERS);
    switch (lua_type(L, body)) {
    case LUA_TNONE: case LUA_TNIL: lua_pushliteral(L, ""); break;
    case LUA_TSTRING: case LUA_TNUMBER:
        lua_pushvalue(L, body);
        lua_tostring(L, -1);
        break;
    case LUA_TTABLE:
        if (gwlua_json_encode_value(L, body) == 2) luaL_error(L, "the body of a reply: %s", lua_tostring(L, -1));
        reply->has_json = true;
        break;
    default: luaL_error(L, "the body of a reply is a string or a table, not a %s", luaL_typename(L, body));
    }
    lua_setiuservalue(L, place, REPLY_BODY);
    lua_settop(L, place);
}

/* `gw.reply(status, headers?, body?)` */
int gwlua_reply_value(lua_State *L) {
    lua_settop(L, 3);
    push_reply(L, 1, 2, 3);
    return 1;
}

/* Makes the reply at `index` that of the run; its texts live as long as it does. */
static void use_reply(lua_State *L, int index) {
    struct gwlua_run *run = engine_of(L)->run;
    const struct reply_value *value = lua_touserdata(L, index);
    index = lua_absindex(L, index);
    run->reply.status = value->status;
    run->reply.has_json = value->has_json;
    lua_getiuservalue(L, index, REPLY_HEADERS);
    run->reply.headers = text_at(L, -1);
    lua_getiuservalue(L, index, REPLY_BODY);
    run->reply.body = text_at(L, -1);
    lua_pop(L, 2);
    lua_pushvalue(L, index);
    lua_rawsetp(L, LUA_REGISTRYINDEX, run);
    run->has_anchors = true;
    run->has_replied = true;
}

bool gwlua_read_reply(lua_State *L, int first, int count) {
    if (count == 0 || lua_isnil(L, first)) return false;
    if (gwlua_is_handle(L, first, HANDLE_REPLY)) {
        use_reply(L, first);
        return true;
    }
    if (lua_type(L, first) != LUA_TNUMBER)
        luaL_error(L, "a phase returns nothing, a status or gw.reply(…), not a %s", luaL_typename(L, first));
    lua_settop(L, first + 2);
    push_reply(L, first, first + 2, first + 1);
    use_reply(L, -1);
    return true;
}

/* `req:respond(status, headers?, body?)` and `res:replace`: do not return. */
int gwlua_respond(lua_State *L) {
    int side = 0;
    gwlua_check_side(L, 1, &side);
    if (engine_of(L)->no_await) return luaL_error(L, "a reply is not possible %s", engine_of(L)->no_await);
    lua_settop(L, 4);
    push_reply(L, 2, 3, 4);
    use_reply(L, -1);
    gwlua_raise_reply(L);
}

static int reply_index(lua_State *L) {
    if (!gwlua_is_handle(L, 1, HANDLE_REPLY) || lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *name = lua_tostring(L, 2);
    if (strcmp(name, "status") == 0) {
        lua_pushinteger(L, ((const struct reply_value *)lua_touserdata(L, 1))->status);
        return 1;
    }
    if (strcmp(name, "body") == 0) return lua_getiuservalue(L, 1, REPLY_BODY), 1;
    return 0;
}

void gwlua_open_replies(lua_State *L) { gwlua_define_handle(L, HANDLE_REPLY, NULL, NULL, reply_index, NULL); }
