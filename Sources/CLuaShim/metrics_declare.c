/* Declarations of metrics: read from a script's arguments, and checked. */

#include "metrics_lua.h"

#include <math.h>
#include <string.h>

enum { FAMILIES_DEFAULT = 32, SERIES_DEFAULT = 1000 };

static const double buckets_default[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

static char families_key; /* in the registry: how many this VM has declared */

static void count_family(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    lua_Integer limit = engine && engine->limits.metrics ? (lua_Integer)engine->limits.metrics : FAMILIES_DEFAULT;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &families_key);
    lua_Integer count = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (count >= limit) luaL_error(L, "a filter may declare %d metrics", (int)limit);
    lua_pushinteger(L, count + 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &families_key);
}

static const char *check_text(lua_State *L, int index) {
    luaL_checktype(L, index, LUA_TSTRING);
    size_t count = 0;
    const char *text = lua_tolstring(L, index, &count);
    luaL_argcheck(L, strlen(text) == count, index, "the text has a NUL byte");
    return text;
}

static void read_names(lua_State *L, int index, const char **names, gwlua_declaration *out) {
    if (lua_isnoneornil(L, index)) return;
    luaL_checktype(L, index, LUA_TTABLE);
    size_t count = lua_rawlen(L, index);
    luaL_argcheck(L, count <= GWLUA_METRIC_LABELS_MAX, index, "more than 12 labels");
    for (size_t name = 0; name < count; name++) {
        lua_rawgeti(L, index, (lua_Integer)name + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "a list of names of labels expected");
        names[name] = check_text(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    size_t entries = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        luaL_argcheck(L, ++entries <= count, index, "a list of names of labels expected");
    out->label_count = (uint32_t)count;
}

static void read_automatic(lua_State *L, gwlua_declaration *out) {
    if (lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "labels_auto is a list of \"route\" and \"filter\"");
    int index = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        if (strcmp(name, "route") == 0) out->has_route = true;
        else if (strcmp(name, "filter") == 0) out->has_filter = true;
        else luaL_error(L, "labels_auto is a list of \"route\" and \"filter\"");
    }
}

static void read_buckets(lua_State *L, double *buckets, gwlua_declaration *out) {
    if (lua_type(L, -1) != LUA_TTABLE) luaL_error(L, "buckets is a list of numbers");
    size_t count = lua_rawlen(L, -1);
    if (count < 1 || count > GWLUA_METRIC_BUCKETS_MAX)
        luaL_error(L, "a histogram has from 1 to %d buckets", GWLUA_METRIC_BUCKETS_MAX);
    for (size_t bucket = 0; bucket < count; bucket++) {
        if (lua_rawgeti(L, -1, (lua_Integer)bucket + 1) != LUA_TNUMBER) luaL_error(L, "buckets is a list of numbers");
        buckets[bucket] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    out->buckets = buckets;
    out->bucket_count = (uint32_t)count;
}

static void read_options(lua_State *L, int index, double *buckets, gwlua_declaration *out) {
    if (lua_isnoneornil(L, index)) return;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        double number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
        if (strcmp(name, "max_series") == 0) {
            if (!(number >= 1 && number <= GWLUA_METRIC_SERIES_MAX))
                luaL_error(L, "max_series is from 1 to %d", GWLUA_METRIC_SERIES_MAX);
            out->max_series = (uint32_t)number;
        } else if (strcmp(name, "expire") == 0) {
            if (!(number >= 0 && number <= 1e9)) luaL_error(L, "expire is a number of seconds, not below 0");
            out->expire = number;
        } else if (strcmp(name, "labels_auto") == 0) {
            read_automatic(L, out);
        } else if (strcmp(name, "buckets") == 0 && out->kind == GWLUA_HISTOGRAM) {
            read_buckets(L, buckets, out);
        } else {
            const char *more = out->kind == GWLUA_HISTOGRAM ? ", buckets" : "";
            luaL_argerror(
                L, index, lua_pushfstring(L, "no option \"%s\"; known: max_series, expire, labels_auto%s", name, more));
        }
    }
}

int gwlua_declare_metric(lua_State *L, int kind) {
    if (!gwlua_is_loading(L)) return luaL_error(L, "metrics are declared at load, outside of functions");
    lua_settop(L, 4);
    const char *names[GWLUA_METRIC_LABELS_MAX];
    double buckets[GWLUA_METRIC_BUCKETS_MAX];
    gwlua_declaration declaration = {.kind = kind, .labels = names, .max_series = SERIES_DEFAULT};
    declaration.name = check_text(L, 1);
    declaration.help = check_text(L, 2);
    if (kind == GWLUA_HISTOGRAM) {
        declaration.buckets = buckets_default;
        declaration.bucket_count = sizeof buckets_default / sizeof *buckets_default;
    }
    read_names(L, 3, names, &declaration);
    read_options(L, 4, buckets, &declaration);
    count_family(L);
    struct gwlua_metrics *metrics = gwlua_metrics_here(L);
    if (!metrics) return luaL_error(L, "there are no metrics here");
    declaration.is_staged = gwlua_metrics_column(L) == gwlua_metrics_workers(metrics);
    struct metric *metric = gwlua_new_metric(L, kind, 0); /* owns the family at once, whatever is raised later */
    char problem[512];
    metric->family = gwlua_metrics_declare(metrics, &declaration, problem, sizeof problem);
    if (!metric->family) return luaL_error(L, "%s", problem);
    metric->label_count = declaration.label_count;
    metric->has_filter = declaration.has_filter;
    metric->has_route = declaration.has_route;
    if (gwlua_family_label_count(metric->family) == 0) metric->series = gwlua_family_single(metric->family);
    return 1;
}
