/* What the test library of filters needs beneath it, and line coverage. */

#include "engine.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64 << 10 };

/* `__test.call(name, arguments) -> answer` */
static int test_call(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 2);
    if (!engine->test_call) return luaL_error(L, "there is no test to run in");
    if (lua_isnil(L, 2)) lua_newtable(L), lua_replace(L, 2);
    if (gwlua_json_encode_value(L, 2) == 2) return luaL_error(L, "%s", lua_tostring(L, -1));
    gwlua_text answer = {NULL, 0};
    lua_State *current = gwlua_of(L)->current;
    int32_t outcome = engine->test_call(engine->context, text_at(L, 1), text_at(L, -1), &answer);
    gwlua_of(L)->current = current;
    gwlua_poll(L);
    if (outcome < 0) gwlua_raise_fault(L);
    gwlua_push_json(L, answer);
    return 1;
}

/* `__test.register(function) -> number` */
static int test_register(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}

void gwlua_open_test(lua_State *L) {
    static const luaL_Reg functions[] = {{"call", test_call}, {"register", test_register}, {NULL, NULL}};
    luaL_newlib(L, functions);
}

void gwlua_set_test_call(gwlua_vm *vm, gwlua_test_call call) { vm->engine->test_call = call; }

struct back_call {
    int32_t number;
    gwlua_text argument;
    gwlua_text *answer;
};

static int call_back(lua_State *L) {
    const struct back_call *call = lua_touserdata(L, 1);
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, call->number) != LUA_TFUNCTION) return luaL_error(L, "no such function");
    gwlua_push_json(L, call->argument);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) lua_newtable(L), lua_replace(L, -2);
    if (gwlua_json_encode_value(L, -1) == 2) return luaL_error(L, "%s", lua_tostring(L, -1));
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "test answer");
    *call->answer = text_at(L, -1);
    return 0;
}

/* Called by the host from within `__test.call`, so that the test's Lua is running already. */
int32_t gwlua_call_back(gwlua_vm *vm, int32_t number, gwlua_text argument, gwlua_text *answer) {
    lua_State *L = vm->current;
    if (!L || vm->killed || !lua_checkstack(L, 10)) return GWLUA_REFUSED;
    struct back_call call = {number, argument, answer};
    int top = lua_gettop(L);
    lua_pushcfunction(L, call_back);
    lua_pushlightuserdata(L, &call);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) gwlua_note_error(vm, L);
    lua_settop(L, top);
    vm->current = L;
    return status == LUA_OK ? GWLUA_OK : GWLUA_REFUSED;
}

/* MARK: Coverage */

static void line_hook(lua_State *L, lua_Debug *activation) {
    struct gwlua_vm *vm = gwlua_of(L);
    if (vm->killed) gwlua_raise_kill(L);
    struct gwlua_engine *engine = vm->engine;
    if (activation->event != LUA_HOOKLINE || !lua_getinfo(L, "Sl", activation)) return;
    if (strcmp(activation->source + 1, engine->script) != 0) return;
    if (activation->currentline > 0 && activation->currentline < LINES_MAX)
        engine->lines_run[activation->currentline] = 1;
    if (!lua_getinfo(L, "L", activation) || lua_type(L, -1) != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        lua_Integer line = lua_tointeger(L, -2);
        if (line > 0 && line < LINES_MAX) engine->lines_active[line] = 1;
    }
    lua_pop(L, 1);
}

void gwlua_collect_coverage(gwlua_vm *vm) {
    struct gwlua_engine *engine = vm->engine;
    engine->lines_run = calloc(LINES_MAX, 1);
    engine->lines_active = calloc(LINES_MAX, 1);
    if (!engine->lines_run || !engine->lines_active) return;
    engine->has_coverage = true;
    lua_sethook(vm->main, line_hook, LUA_MASKLINE, 0); /* threads take it over when they are made */
}

static bool is_set(const uint8_t *lines, uint32_t line) { return lines && line < LINES_MAX && lines[line]; }

bool gwlua_line_ran(const gwlua_vm *vm, uint32_t line) { return is_set(vm->engine->lines_run, line); }
bool gwlua_line_is_active(const gwlua_vm *vm, uint32_t line) { return is_set(vm->engine->lines_active, line); }
