#include "CLuaShim.h"
#include <lua.h>

const char *gwlua_release(void) { return LUA_RELEASE; }
