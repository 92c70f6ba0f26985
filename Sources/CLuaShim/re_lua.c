/* The module `re`: what scripts see of regular expressions. */

#include "re.h"

#include <string.h>

static const char type_name[] = "regular expression";

enum { SLOTS_MAX = 2 * (RE_GROUPS_MAX + 1) };

static int compile(lua_State *L) {
    size_t count;
    const char *pattern = luaL_checklstring(L, 1, &count);
    re_compile(L, pattern, count, luaL_optstring(L, 2, ""));
    luaL_setmetatable(L, type_name);
    return 1;
}

struct subject {
    const struct re_program *program;
    const char *text;
    size_t count, from;
    uint32_t slots[SLOTS_MAX];
};

/* Expression, text and where to begin, from the arguments; false where that is behind the end. */
static bool read_subject(lua_State *L, struct subject *subject) {
    subject->program = luaL_checkudata(L, 1, type_name);
    subject->text = luaL_checklstring(L, 2, &subject->count);
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init < 0) init = init < -(lua_Integer)subject->count ? 1 : (lua_Integer)subject->count + init + 1;
    if (init == 0) init = 1;
    subject->from = (size_t)init - 1;
    return subject->from <= subject->count;
}

static bool search(lua_State *L, struct subject *subject, void *workspace) {
    return re_search(
        L, subject->program, workspace, subject->text, subject->count, subject->from, subject->slots);
}

/* A group that took no part is `false`, so that those behind it keep their places. */
static void push_group(lua_State *L, const struct subject *subject, int group) {
    uint32_t start = subject->slots[2 * group], end = subject->slots[2 * group + 1];
    if (start == UINT32_MAX || end == UINT32_MAX) lua_pushboolean(L, 0);
    else lua_pushlstring(L, subject->text + start, end - start);
}

static int push_groups(lua_State *L, const struct subject *subject, bool takes_whole) {
    int groups = subject->program->group_count;
    luaL_checkstack(L, groups + 4, "too many groups");
    if (groups == 0 && takes_whole) push_group(L, subject, 0);
    for (int group = 1; group <= groups; group++) push_group(L, subject, group);
    return groups == 0 && takes_whole ? 1 : groups;
}

static int none(lua_State *L) {
    lua_pushnil(L);
    return 1;
}

static int match(lua_State *L) {
    struct subject subject;
    if (!read_subject(L, &subject) || !search(L, &subject, re_push_workspace(L, subject.program))) return none(L);
    return push_groups(L, &subject, true);
}

static int find(lua_State *L) {
    struct subject subject;
    if (!read_subject(L, &subject) || !search(L, &subject, re_push_workspace(L, subject.program))) return none(L);
    lua_pushinteger(L, (lua_Integer)subject.slots[0] + 1);
    lua_pushinteger(L, subject.slots[1]);
    return 2 + push_groups(L, &subject, false);
}

static int test(lua_State *L) {
    struct subject subject;
    lua_pushboolean(
        L, read_subject(L, &subject) && search(L, &subject, re_push_workspace(L, subject.program)));
    return 1;
}

/* The next match that is not the empty one where the last ended. */
static bool next_match(lua_State *L, struct subject *subject, void *workspace, lua_Integer last_end) {
    if (subject->from > subject->count || !search(L, subject, workspace)) return false;
    if (subject->slots[0] != subject->slots[1] || (lua_Integer)subject->slots[1] != last_end) return true;
    if (subject->from >= subject->count) return false;
    subject->from++;
    return search(L, subject, workspace);
}

static int next_of_all(lua_State *L) {
    struct subject subject;
    subject.program = lua_touserdata(L, lua_upvalueindex(1));
    subject.text = lua_tolstring(L, lua_upvalueindex(2), &subject.count);
    subject.from = (size_t)lua_tointeger(L, lua_upvalueindex(4));
    if (!next_match(L, &subject, lua_touserdata(L, lua_upvalueindex(3)), lua_tointeger(L, lua_upvalueindex(5))))
        return 0;
    lua_pushinteger(L, subject.slots[1]);
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(4));
    lua_replace(L, lua_upvalueindex(5));
    return push_groups(L, &subject, true);
}

static int all_matches(lua_State *L) {
    const struct re_program *program = luaL_checkudata(L, 1, type_name);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    re_push_workspace(L, program);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_of_all, 5);
    return 1;
}

static void add_template(lua_State *L, luaL_Buffer *out, const struct subject *subject) {
    size_t count;
    const char *text = lua_tolstring(L, 3, &count);
    for (size_t index = 0; index < count; index++) {
        if (text[index] != '%') {
            luaL_addchar(out, text[index]);
            continue;
        }
        int letter = ++index < count ? (unsigned char)text[index] : 0;
        if (letter == '%') {
            luaL_addchar(out, '%');
        } else if (letter >= '0' && letter <= '9' && letter - '0' <= subject->program->group_count) {
            uint32_t start = subject->slots[2 * (letter - '0')], end = subject->slots[2 * (letter - '0') + 1];
            if (start != UINT32_MAX && end != UINT32_MAX) luaL_addlstring(out, subject->text + start, end - start);
        } else {
            luaL_error(L, "re: \"%%\" in a replacement is followed by the number of a group, or \"%%\"");
        }
    }
}

static void add_replacement(lua_State *L, luaL_Buffer *out, const struct subject *subject) {
    int type = lua_type(L, 3);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        add_template(L, out, subject);
        return;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_groups(L, subject, true), 1);
    } else {
        push_group(L, subject, subject->program->group_count > 0 ? 1 : 0);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, subject->text + subject->slots[0], subject->slots[1] - subject->slots[0]);
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(out);
    } else {
        luaL_error(L, "re: a replacement is a string, not a %s", luaL_typename(L, -1));
    }
}

static int substitute(lua_State *L) {
    struct subject subject;
    subject.program = luaL_checkudata(L, 1, type_name);
    subject.text = luaL_checklstring(L, 2, &subject.count);
    subject.from = 0;
    int type = lua_type(L, 3);
    luaL_argexpected(L, type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                     "string, function or table");
    lua_Integer most = luaL_optinteger(L, 4, LUA_MAXINTEGER), made = 0, last_end = -1;
    lua_settop(L, 3);
    void *workspace = re_push_workspace(L, subject.program);
    luaL_checkstack(L, RE_GROUPS_MAX + 8, "too many groups");
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    size_t copied = 0;
    while (made < most && next_match(L, &subject, workspace, last_end)) {
        gwlua_poll(L);
        luaL_addlstring(&out, subject.text + copied, subject.slots[0] - copied);
        add_replacement(L, &out, &subject);
        copied = subject.from = subject.slots[1];
        last_end = (lua_Integer)subject.slots[1];
        made++;
    }
    luaL_addlstring(&out, subject.text + copied, subject.count - copied);
    luaL_pushresult(&out);
    lua_pushinteger(L, made);
    return 2;
}

void gwlua_open_re(lua_State *L) {
    static const luaL_Reg functions[] = {{"compile", compile}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"match", match}, {"find", find}, {"test", test},
                                       {"gmatch", all_matches}, {"gsub", substitute}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
}
