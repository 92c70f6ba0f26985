/* The module `jwt`: a look into a token. The signature is NOT verified here, anyone can write such a token; a filter
 * that believes it has to call crypto.verify first, or stand behind the authentication of the gateway. */

#include "base64.h"
#include "json.h"

enum { TOKEN_MAX = 16384, DEPTH_MAX = 32 };

static int refuse(lua_State *L, const char *why) {
    lua_settop(L, 0);
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* Pushes the object that a part of a token holds; else returns why not. */
static const char *push_part(lua_State *L, const char *part, size_t count, const char *const errors[2]) {
    if (!gwlua_push_base64url(L, part, count)) return errors[0];
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    size_t start = strspn(text, " \t\r\n");
    if (start == length || text[start] != '{' || gwlua_json_decode_text(L, text, length, DEPTH_MAX) != 1)
        return errors[1];
    lua_remove(L, -2);
    return NULL;
}

static int jwt_decode(lua_State *L) {
    static const char *const header_errors[] = {"the header is not base64url", "the header is not a json object"};
    static const char *const claims_errors[] = {"the claims are not base64url", "the claims are not a json object"};
    size_t count;
    const char *token = luaL_checklstring(L, 1, &count), *end = token + count;
    if (count > TOKEN_MAX) return refuse(L, "token longer than 16384 bytes");
    const char *claims = memchr(token, '.', count);
    const char *signature = claims ? memchr(claims + 1, '.', (size_t)(end - claims - 1)) : NULL;
    if (!signature || memchr(signature + 1, '.', (size_t)(end - signature - 1)))
        return refuse(L, "a token has three parts");
    /* The token stays at 1, or what is read here would be collected. */
    const char *error = push_part(L, token, (size_t)(claims - token), header_errors);
    if (!error) error = push_part(L, claims + 1, (size_t)(signature - claims - 1), claims_errors);
    if (!error && !gwlua_push_base64url(L, signature + 1, (size_t)(end - signature - 1)))
        error = "the signature is not base64url";
    if (error) return refuse(L, error);
    lua_pop(L, 1);
    return 2;
}

void gwlua_open_jwt(lua_State *L) {
    static const luaL_Reg functions[] = {{"decode", jwt_decode}, {NULL, NULL}};
    luaL_newlib(L, functions);
}
