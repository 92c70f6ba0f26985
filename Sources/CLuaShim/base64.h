#ifndef GWLUA_BASE64_H
#define GWLUA_BASE64_H

#include "internal.h"

/* Pushes the bytes that `text` stands for in the alphabet of URLs, without padding or with it; false, and nothing
 * pushed, when it is not base64. */
bool gwlua_push_base64url(lua_State *L, const char *text, size_t count);

#endif
