/* From a script's text to a filter: its chunk, what it declares, its instances. */

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct phase_name {
    const char *name;
    int phase;
} phase_names[] = {
    {"on_request", GWLUA_ON_REQUEST},   {"on_request_body", GWLUA_ON_REQUEST_BODY},
    {"on_response", GWLUA_ON_RESPONSE}, {"on_response_body", GWLUA_ON_RESPONSE_BODY},
    {"on_log", GWLUA_ON_LOG},           {NULL, 0},
};

static int32_t fail(struct gwlua_vm *vm, const char *message) {
    gwlua_set_error(vm->engine, message);
    return GWLUA_FAILED;
}

/* Runs `function` with `argument` in a coroutine of its own, watched; results are for it to keep. */
static int32_t run_in_thread(struct gwlua_vm *vm, lua_CFunction function, void *argument, int64_t budget) {
    if (vm->killed) return fail(vm, "the VM has been killed");
    lua_State *thread = lua_newthread(vm->main);
    int reference = luaL_ref(vm->main, LUA_REGISTRYINDEX);
    lua_pushcfunction(thread, function);
    lua_pushlightuserdata(thread, argument);
    int32_t outcome = gwlua_run_protected(vm, thread, 1, budget);
    if (!vm->killed) luaL_unref(vm->main, LUA_REGISTRYINDEX, reference);
    return outcome;
}

/* MARK: Loading */

struct source {
    const char *name;
    gwlua_text text;
};

static int load_chunk(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    const struct source *source = lua_touserdata(L, 1);
    int line = gwlua_long_chain(source->text);
    if (line) return luaL_error(L, "%s:%d: a chain of more than 100 fields", source->name, line);
    lua_pushfstring(L, "@%s", source->name);
    if (luaL_loadbufferx(L, (const char *)source->text.bytes, source->text.count, lua_tostring(L, -1), "t") != LUA_OK)
        return lua_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->env_ref);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 1);
    engine->filter_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int32_t gwlua_load(gwlua_vm *vm, const char *name, gwlua_text text) {
    if (text.count > GWLUA_SOURCE_MAX) return fail(vm, "a script has 64 KiB at most");
    if (text.count > 0 && text.bytes[0] == 0x1b) return fail(vm, "a script is text, not bytecode");
    struct source source = {name, text};
    snprintf(vm->engine->script, sizeof vm->engine->script, "%s", name);
    return run_in_thread(vm, load_chunk, &source, vm->engine->limits.load);
}

/* MARK: What it declares */

static void keep_phase(lua_State *L, int filter, const struct phase_name *phase) {
    struct gwlua_engine *engine = engine_of(L);
    if (lua_getfield(L, filter, phase->name) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    lua_Debug information;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">u", &information);
    engine->phase_parameters[phase->phase] = information.isvararg ? 2 : information.nparams;
    engine->phase_refs[phase->phase] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int keep_function(lua_State *L, int filter, const char *name) {
    if (lua_getfield(L, filter, name) != LUA_TNIL) return luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return LUA_NOREF;
}

static void check_keys(lua_State *L, int filter) {
    static const char *const values[] = {"api", "version", "request_body", "response_body", "uses", "schema",
                                         "description", NULL};
    static const char *const functions[] = {"on_init", "on_unload", NULL};
    for (lua_pushnil(L); lua_next(L, filter); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "the filter's table has a key that is a %s", luaL_typename(L, -2));
        const char *name = lua_tostring(L, -2);
        bool is_known = false, is_function = false;
        for (int index = 0; values[index]; index++) is_known = is_known || strcmp(values[index], name) == 0;
        for (int index = 0; functions[index]; index++) is_function = is_function || strcmp(functions[index], name) == 0;
        for (int index = 0; phase_names[index].name; index++)
            is_function = is_function || strcmp(phase_names[index].name, name) == 0;
        if (!is_known && !is_function)
            luaL_error(L, "unknown key \"%s\" in the filter's table; phases are on_init, on_request, on_request_body, "
                       "on_response, on_response_body, on_log and on_unload", name);
        if (is_function && lua_type(L, -1) != LUA_TFUNCTION) luaL_error(L, "%s is not a function", name);
    }
}

static void copy_field(lua_State *L, int from, int to, const char *name) {
    lua_getfield(L, from, name);
    lua_setfield(L, to, name);
}

static int describe(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    char **out = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->filter_ref);
    int filter = lua_gettop(L);
    if (lua_type(L, filter) != LUA_TTABLE)
        return luaL_error(L, "a filter returns a table, this one returns %s",
                          lua_isnil(L, filter) ? "nothing" : luaL_typename(L, filter));
    lua_pushnil(L);
    lua_setmetatable(L, filter);
    check_keys(L, filter);
    if (lua_getfield(L, filter, "api") == LUA_TNIL)
        return luaL_error(L, "a filter says which API it is written for: api = 1");
    if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) != 1) return luaL_error(L, "this gateway has api = 1");
    engine->uses_timers = lua_getfield(L, filter, "uses") == LUA_TTABLE && lua_getfield(L, -1, "timers") == LUA_TBOOLEAN
                          && lua_toboolean(L, -1);
    engine->is_described = true;
    if (engine->timer_count > 0) gwlua_check_timers(L);
    lua_newtable(L);
    int description = lua_gettop(L);
    copy_field(L, filter, description, "version");
    copy_field(L, filter, description, "description");
    copy_field(L, filter, description, "request_body");
    copy_field(L, filter, description, "response_body");
    copy_field(L, filter, description, "uses");
    copy_field(L, filter, description, "schema");
    lua_newtable(L);
    lua_Integer count = 0;
    for (const struct phase_name *phase = phase_names; phase->name; phase++) {
        keep_phase(L, filter, phase);
        if (engine->phase_refs[phase->phase] == LUA_NOREF) continue;
        lua_pushstring(L, phase->name);
        lua_rawseti(L, -2, ++count);
    }
    /* A body phase is entered for every chunk. */
    engine->init_ref = keep_function(L, filter, "on_init");
    engine->unload_ref = keep_function(L, filter, "on_unload");
    if (engine->unload_ref != LUA_NOREF) {
        /* Listed with the phases: the host asks before a reload whether anything is carried over. */
        lua_pushliteral(L, "on_unload");
        lua_rawseti(L, -2, ++count);
    }
    if (count > 0) lua_setfield(L, description, "phases");
    lua_settop(L, description);
    if (gwlua_json_encode_value(L, description) == 2)
        return luaL_error(L, "what the filter declares cannot be read: %s", lua_tostring(L, -1));
    *out = strdup(lua_tostring(L, -1));
    return 0;
}

char *gwlua_describe(gwlua_vm *vm) {
    char *json = NULL;
    if (run_in_thread(vm, describe, &json, vm->engine->limits.load) == GWLUA_DONE) return json;
    free(json);
    return NULL;
}

/* MARK: Instances */

struct configuration {
    gwlua_text configuration, carried;
};

static int add_instance(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    const struct configuration *given = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->conf_ref);
    int all = lua_gettop(L);
    if (given->configuration.count == 0) {
        lua_newtable(L);
    } else if (gwlua_json_decode_text(
                   L, (const char *)given->configuration.bytes, given->configuration.count, 64) == 2) {
        return luaL_error(L, "the configuration cannot be read: %s", lua_tostring(L, -1));
    }
    gwlua_freeze(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, all, engine->instance_count + 1);
    if (engine->init_ref == LUA_NOREF) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->init_ref);
    lua_insert(L, -2);
    gwlua_push_json(L, given->carried);
    lua_call(L, 2, 0);
    return 0;
}

int32_t gwlua_add_instance(gwlua_vm *vm, const char *filter, gwlua_text configuration, gwlua_text carried) {
    struct gwlua_engine *engine = vm->engine;
    if (engine->instance_count == GWLUA_INSTANCES_MAX) return fail(vm, "too many instances of one script");
    char **names = realloc(engine->instance_names, (size_t)(engine->instance_count + 1) * sizeof *names);
    char *name = strdup(filter);
    if (names) engine->instance_names = names;
    if (!names || !name) {
        free(name);
        return fail(vm, "out of memory");
    }
    struct configuration given = {configuration, carried};
    int32_t outcome = run_in_thread(vm, add_instance, &given, engine->limits.init);
    if (outcome != GWLUA_DONE) {
        free(name);
        return outcome;
    }
    engine->instance_names[engine->instance_count++] = name;
    return GWLUA_DONE;
}

struct unloading {
    int32_t instance;
    char *json;
};

static int unload(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    struct unloading *unloading = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->unload_ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->conf_ref);
    lua_rawgeti(L, -1, unloading->instance + 1);
    lua_remove(L, -2);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) return 0;
    luaL_argexpected(L, lua_type(L, -1) == LUA_TTABLE, 1, "on_unload to return a table");
    if (gwlua_json_encode_value(L, -1) == 2) return luaL_error(L, "on_unload: %s", lua_tostring(L, -1));
    if (lua_rawlen(L, -1) > (64 << 10)) return luaL_error(L, "on_unload: what it carries over is longer than 64 KiB");
    unloading->json = strdup(lua_tostring(L, -1));
    return 0;
}

char *gwlua_unload(gwlua_vm *vm, int32_t instance) {
    struct unloading unloading = {instance, NULL};
    if (vm->engine->unload_ref == LUA_NOREF || instance >= vm->engine->instance_count) return NULL;
    if (run_in_thread(vm, unload, &unloading, vm->engine->limits.init) == GWLUA_DONE) return unloading.json;
    free(unloading.json);
    return NULL;
}
