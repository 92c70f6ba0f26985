/* The table library. It reads and writes raw, since a metatable could lie about lengths for ever; but what the host
 * has frozen is seen through, and refuses to be changed. */

#include "engine.h"
#include "strings_bounds.h"
#include "tables_sort.h"

enum { STEPS_PER_POLL = 1024 };

/* Whether it has no metatable, as almost all: then Lua's quicker access is raw as well. */
static bool is_bare(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TTABLE);
    if (!lua_getmetatable(L, index)) return true;
    lua_pop(L, 1);
    return false;
}

/* Puts what a frozen table shows in the place of it. Returns whether that one is bare. */
static bool check_readable(lua_State *L, int index) {
    if (is_bare(L, index)) return true;
    gwlua_push_thawed(L, index);
    lua_replace(L, index);
    return is_bare(L, index);
}

static bool check_writable(lua_State *L, int index) {
    if (is_bare(L, index)) return true;
    if (gwlua_is_frozen(L, index)) luaL_error(L, "this table cannot be changed");
    return false;
}

static inline void get_at(lua_State *L, bool is_bare, int table, lua_Integer index) {
    if (is_bare) lua_geti(L, table, index);
    else lua_rawgeti(L, table, index);
}

static inline void set_at(lua_State *L, bool is_bare, int table, lua_Integer index) {
    if (is_bare) lua_seti(L, table, index);
    else lua_rawseti(L, table, index);
}

static lua_Integer length_of(lua_State *L, int index) { return (lua_Integer)lua_rawlen(L, index); }

/* MARK: insert, remove, move */

static int table_insert(lua_State *L) {
    bool is_bare = check_writable(L, 1);
    lua_Integer length = length_of(L, 1);
    lua_Integer end = (lua_Integer)((lua_Unsigned)length + 1); /* wraps around as in stock Lua */
    switch (lua_gettop(L)) {
        case 2:
            set_at(L, is_bare, 1, end);
            return 0;
        case 3: {
            lua_Integer position = luaL_checkinteger(L, 2);
            luaL_argcheck(
                L, (lua_Unsigned)position - 1 < (lua_Unsigned)end, 2, "position out of bounds");
            for (lua_Integer index = end; index > position; index--) {
                if (index % STEPS_PER_POLL == 0) gwlua_poll(L);
                get_at(L, is_bare, 1, index - 1);
                set_at(L, is_bare, 1, index);
            }
            set_at(L, is_bare, 1, position);
            return 0;
        }
        default:
            return luaL_error(L, "wrong number of arguments to 'insert'");
    }
}

static int table_remove(lua_State *L) {
    bool is_bare = check_writable(L, 1);
    lua_Integer length = length_of(L, 1);
    lua_Integer position = luaL_optinteger(L, 2, length);
    if (position != length) /* stock Lua, too, puts the blame on the first argument */
        luaL_argcheck(L, (lua_Unsigned)position - 1 <= (lua_Unsigned)length, 1, "position out of bounds");
    get_at(L, is_bare, 1, position);
    for (; position < length; position++) {
        if (position % STEPS_PER_POLL == 0) gwlua_poll(L);
        get_at(L, is_bare, 1, position + 1);
        set_at(L, is_bare, 1, position);
    }
    lua_pushnil(L);
    set_at(L, is_bare, 1, position);
    return 1;
}

static int table_move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2);
    lua_Integer last = luaL_checkinteger(L, 3);
    lua_Integer target = luaL_checkinteger(L, 4);
    int to = lua_isnoneornil(L, 5) ? 1 : 5;
    bool is_target_bare = check_writable(L, to);
    lua_pushvalue(L, to); /* the result: a source that is frozen is about to be replaced */
    bool is_source_bare = check_readable(L, 1);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer count = last - first + 1;
        luaL_argcheck(L, target <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        /* From the end when the places overlap such that the beginning would be overwritten. */
        bool is_forward = target > last || target <= first || (to != 1 && !lua_rawequal(L, 1, to));
        for (lua_Integer step = 0; step < count; step++) {
            if (step % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
            lua_Integer offset = is_forward ? step : count - 1 - step;
            get_at(L, is_source_bare, 1, first + offset);
            set_at(L, is_target_bare, to, target + offset);
        }
    }
    return 1;
}

/* MARK: concat, pack, unpack */

static void add_element(lua_State *L, bool is_bare, luaL_Buffer *buffer, lua_Integer index) {
    get_at(L, is_bare, 1, index);
    if (!lua_isstring(L, -1))
        luaL_error(
            L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1), (LUAI_UACINT)index);
    gwlua_add_value_bounded(L, buffer);
}

static int table_concat(lua_State *L) {
    size_t separator_length;
    bool is_bare = check_readable(L, 1);
    lua_Integer length = length_of(L, 1);
    const char *separator = luaL_optlstring(L, 2, "", &separator_length);
    lua_Integer index = luaL_optinteger(L, 3, 1);
    lua_Integer last = luaL_optinteger(L, 4, length);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (; index < last; index++) {
        if (index % STEPS_PER_POLL == 0) gwlua_poll(L);
        add_element(L, is_bare, &buffer, index);
        if (separator_length) gwlua_add_bounded(L, &buffer, separator, separator_length);
    }
    if (index == last) add_element(L, is_bare, &buffer, index);
    gwlua_push_bounded(L, &buffer);
    return 1;
}

static int table_pack(lua_State *L) {
    int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int index = count; index >= 1; index--) {
        if (index % STEPS_PER_POLL == 0) gwlua_poll(L);
        lua_rawseti(L, 1, index);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L) {
    bool is_bare = check_readable(L, 1);
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? length_of(L, 1) : luaL_checkinteger(L, 3);
    if (first > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first; /* one less; any difference fits */
    if (count >= GWLUA_RESULTS_MAX || !lua_checkstack(L, (int)++count))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned index = 0; index < count; index++) {
        if (index % STEPS_PER_POLL == STEPS_PER_POLL - 1) gwlua_poll(L);
        get_at(L, is_bare, 1, (lua_Integer)((lua_Unsigned)first + index));
    }
    return (int)count;
}

static int table_sort(lua_State *L) {
    check_writable(L, 1);
    return gwlua_table_sort(L);
}

void gwlua_open_table(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"concat", table_concat}, {"insert", table_insert}, {"move", table_move}, {"pack", table_pack},
        {"remove", table_remove}, {"sort", table_sort}, {"unpack", table_unpack}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
