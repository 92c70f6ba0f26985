#ifndef GWLUA_H
#define GWLUA_H

/* Everything of Lua that Swift may call. No function here lets a longjmp cross a Swift frame. */

/// The release of the Lua library that this program was compiled against, such as "Lua 5.4.4".
/// A function, since LUA_RELEASE is a macro pasted from string literals, which Swift does not import.
const char *gwlua_release(void);

#endif
