#include "internal.h"
__attribute__((weak)) void gwlua_open_re(lua_State *L) { lua_newtable(L); }
__attribute__((weak)) const char *gwlua_definitions(void) { return ""; }
