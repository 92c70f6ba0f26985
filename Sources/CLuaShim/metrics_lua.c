/* `gw.metrics`: what scripts count with, in any phase. metrics_declare.c reads their declarations. */

#include "keyed_hash.h"
#include "metrics_lua.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 40, ROUTE_MAX = GWLUA_METRIC_VALUE_MAX };

/* Values of labels, and where those are kept that are no strings. */
struct labels {
    gwlua_metric_text texts[GWLUA_METRIC_LABELS_MAX];
    char numbers[GWLUA_METRIC_LABELS_MAX][NUMBER_MAX];
};

/* MARK: Labels */

static gwlua_metric_text write_number(lua_State *L, int index, char out[NUMBER_MAX]) {
    int count;
    if (lua_isinteger(L, index)) {
        lua_Integer value = lua_tointeger(L, index);
        uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        char *first = out + NUMBER_MAX;
        do *--first = (char)('0' + left % 10);
        while ((left /= 10) > 0);
        if (value < 0) *--first = '-';
        return (gwlua_metric_text){first, (size_t)(out + NUMBER_MAX - first)};
    }
    /* 3.0 is written as 3: numbers from JSON and those of the script are the same series. */
    count = snprintf(out, NUMBER_MAX, "%.14g", lua_tonumber(L, index));
    return (gwlua_metric_text){out, (size_t)count};
}

/* Reads the value on top of the stack. A string is held by its table meanwhile. */
static inline void read_label(
    lua_State *L, const struct metric *metric, uint32_t label, int type, struct labels *out) {
    gwlua_metric_text *text = &out->texts[label];
    switch (type) {
    case LUA_TSTRING: text->bytes = lua_tolstring(L, -1, &text->count); return;
    case LUA_TNUMBER: *text = write_number(L, -1, out->numbers[label]); return;
    case LUA_TBOOLEAN:
        *text = lua_toboolean(L, -1) ? (gwlua_metric_text){"true", 4} : (gwlua_metric_text){"false", 5};
        return;
    case LUA_TNIL:
        luaL_error(L, "metric \"%s\": the label \"%s\" is missing", gwlua_family_name(metric->family),
                   gwlua_family_label(metric->family, label));
        return;
    default:
        luaL_error(L, "metric \"%s\": the label \"%s\" is a %s; a string, number or boolean expected",
                   gwlua_family_name(metric->family), gwlua_family_label(metric->family, label), luaL_typename(L, -1));
    }
}

static _Noreturn void raise_extra(lua_State *L, const struct metric *metric) {
    luaL_error(L, "metric \"%s\" has %d labels, more were given", gwlua_family_name(metric->family),
               (int)metric->label_count);
    __builtin_unreachable();
}

/* From `{"acme"}` or `{tenant = "acme"}`. This is on the path of every call, so that calls of Lua's API are few. */
static void read_labels(lua_State *L, const struct metric *metric, int index, struct labels *out) {
    uint32_t count = metric->label_count;
    int type = lua_type(L, index);
    if (type != LUA_TTABLE) {
        if (type > LUA_TNIL) luaL_checktype(L, index, LUA_TTABLE);
        if (count == 0) return;
        luaL_error(L, "metric \"%s\": the label \"%s\" is missing", gwlua_family_name(metric->family),
                   gwlua_family_label(metric->family, 0));
    }
    int top = lua_gettop(L);
    bool is_positional = true;
    for (uint32_t label = 0; label < count; label++) { /* they stay on the stack until all are read */
        int found = is_positional ? lua_rawgeti(L, index, (lua_Integer)label + 1) : LUA_TNIL;
        if (found == LUA_TNIL && label == 0) is_positional = false;
        if (!is_positional) {
            lua_pushstring(L, gwlua_family_label(metric->family, label));
            found = lua_rawget(L, index);
        }
        read_label(L, metric, label, found, out);
    }
    /* All labels were there: whatever is more than their number is too much. Behind the last of a list nothing should
     * follow, which saves going through it. */
    uint32_t found = 0;
    if (is_positional && count > 0) {
        lua_pushinteger(L, count);
        if (lua_next(L, index)) raise_extra(L, metric);
        lua_settop(L, top);
        return;
    }
    lua_settop(L, top);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        if (++found > count) raise_extra(L, metric);
}

/* Adds what is known without being asked for. Names are copied: those of the host do not last. */
static void add_automatic(
    lua_State *L, const struct metric *metric, struct labels *labels, char filter[ROUTE_MAX], char route[ROUTE_MAX]) {
    uint32_t label = metric->label_count;
    size_t count = 0;
    if (metric->has_filter) {
        const char *name = gwlua_filter_name(L, &count);
        if (count > ROUTE_MAX) count = ROUTE_MAX;
        if (count) memcpy(filter, name, count);
        labels->texts[label++] = (gwlua_metric_text){filter, count};
    }
    if (metric->has_route) {
        const char *name = gwlua_route_name(L, &count);
        if (count > ROUTE_MAX) count = ROUTE_MAX;
        if (count) memcpy(route, name, count);
        labels->texts[label] = (gwlua_metric_text){route, count};
    }
}

/* What a call means: a series that is known, or labels that tell. */
struct target {
    struct gwlua_family *family;
    struct gwlua_series *series;
    unsigned column;
    struct labels labels;
    char filter[ROUTE_MAX], route[ROUTE_MAX];
};

/* Reads the labels at `index`, and raises when they are wrong. */
static void aim(lua_State *L, const struct metric *metric, int index, struct target *target) {
    bool may_be_known = metric->is_child || metric->series;
    bool has_labels = may_be_known && !lua_isnoneornil(L, index);
    if (metric->is_child && has_labels)
        luaL_error(L, "metric \"%s\": this one has its labels already", gwlua_family_name(metric->family));
    target->family = metric->family;
    target->column = gwlua_metrics_column(L);
    target->series = has_labels ? NULL : metric->series;
    if (target->series) return;
    if (metric->is_child) {
        const char *at = metric->values;
        for (uint32_t label = 0; label < metric->label_count; at += metric->lengths[label++])
            target->labels.texts[label] = (gwlua_metric_text){at, metric->lengths[label]};
    } else {
        read_labels(L, metric, index, &target->labels);
    }
    if (metric->has_filter || metric->has_route)
        add_automatic(L, metric, &target->labels, target->filter, target->route);
}

/* Most calls need no more than this: their series is known. NULL otherwise. */
static inline struct gwlua_series *known(lua_State *L, const struct metric *metric) {
    return metric->series && (lua_gettop(L) < 3 || lua_isnil(L, 3)) ? metric->series : NULL;
}

/* Nothing between these two may raise. The series is NULL when there is no memory for it: nothing is counted then. */
static inline struct gwlua_series *enter(struct target *target) {
    if (target->series) return target->series;
    gwlua_family_enter(target->family, target->column);
    return gwlua_family_find(target->family, target->labels.texts);
}

static inline void leave(struct target *target) {
    if (!target->series) gwlua_family_leave(target->family, target->column);
}

/* MARK: Objects */

/* What the memory of a live metric begins with, beside its kind: a number that no script can know, so that no other
 * object can pass for one. Looking at it takes half the time of comparing metatables, in each call. */
static uint64_t cookie;
static pthread_once_t cookie_once = PTHREAD_ONCE_INIT;

static void make_cookie(void) {
    struct keyed_hash seed;
    keyed_hash_seed(&seed);
    cookie = seed.first;
}

static _Noreturn void raise_not_metric(lua_State *L) {
    luaL_argerror(L, 1, "a metric of this kind expected; call the method with a colon");
    __builtin_unreachable();
}

static inline struct metric *check_metric(lua_State *L, int kind) {
    struct metric *metric = lua_touserdata(L, 1);
    if (!metric || lua_rawlen(L, 1) < sizeof *metric || metric->cookie != cookie + (unsigned)kind) raise_not_metric(L);
    return metric;
}

static int metric_gc(lua_State *L) {
    struct metric *metric = lua_touserdata(L, 1);
    struct gwlua_family *family = metric->family;
    metric->family = NULL;
    metric->cookie = 0; /* a weak table of the script may show it once more */
    if (!family) return 0;
    if (metric->is_pinned) gwlua_family_unpin(family, metric->series);
    gwlua_family_release(family);
    return 0;
}

struct metric *gwlua_new_metric(lua_State *L, int kind, size_t bytes) {
    struct metric *metric = lua_newuserdatauv(L, sizeof *metric + bytes, 0);
    memset(metric, 0, sizeof *metric + bytes);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    metric->cookie = cookie + (unsigned)kind;
    return metric;
}

/* A child has the metatable of the running function, which is that of its kind. */
static int add_child(lua_State *L, int kind) {
    const struct metric *metric = check_metric(L, kind);
    if (metric->is_child)
        return luaL_error(L, "metric \"%s\": this one has its labels already", gwlua_family_name(metric->family));
    lua_settop(L, 2);
    struct labels labels;
    read_labels(L, metric, 2, &labels);
    bool is_automatic = metric->has_filter || metric->has_route;
    size_t bytes = 0;
    for (uint32_t label = 0; is_automatic && label < metric->label_count; label++) {
        /* One byte more than is kept, so that the family sees where to cut. */
        if (labels.texts[label].count > UINT8_MAX) labels.texts[label].count = UINT8_MAX;
        bytes += labels.texts[label].count;
    }
    struct metric *child = gwlua_new_metric(L, kind, bytes);
    child->family = gwlua_family_retain(metric->family);
    child->label_count = metric->label_count;
    child->has_filter = metric->has_filter;
    child->has_route = metric->has_route;
    child->is_child = true;
    if (!is_automatic) {
        child->series = gwlua_family_pin(child->family, labels.texts);
        child->is_pinned = true;
        return child->series ? 1 : luaL_error(L, "metric \"%s\": no memory", gwlua_family_name(child->family));
    }
    char *at = child->values;
    for (uint32_t label = 0; label < child->label_count; label++) {
        child->lengths[label] = (uint8_t)labels.texts[label].count;
        if (child->lengths[label]) memcpy(at, labels.texts[label].bytes, child->lengths[label]);
        at += child->lengths[label];
    }
    return 1;
}

static int counter_with(lua_State *L) { return add_child(L, GWLUA_COUNTER); }
static int gauge_with(lua_State *L) { return add_child(L, GWLUA_GAUGE); }
static int histogram_with(lua_State *L) { return add_child(L, GWLUA_HISTOGRAM); }

/* MARK: Counting */

static inline double amount_at(lua_State *L, int index) {
    int type = lua_type(L, index);
    if (type == LUA_TNUMBER) return lua_tonumber(L, index);
    if (type > LUA_TNIL) luaL_checktype(L, index, LUA_TNUMBER);
    return 1;
}

/* Apart, so that its large frame is no burden to calls without labels. */
static __attribute__((noinline)) void add_labelled(lua_State *L, const struct metric *metric, double amount) {
    struct target target;
    aim(L, metric, 3, &target);
    gwlua_series_add(target.family, enter(&target), target.column, amount);
    leave(&target);
}

static int counter_inc(lua_State *L) {
    struct metric *metric = check_metric(L, GWLUA_COUNTER);
    double amount = lua_gettop(L) < 2 ? 1 : amount_at(L, 2);
    if (!(amount >= 0 && amount < HUGE_VAL))
        return luaL_error(L, "metric \"%s\": a counter cannot go down, nor by what is no finite number",
                          gwlua_family_name(metric->family));
    struct gwlua_series *series = known(L, metric);
    if (series) gwlua_series_add(metric->family, series, gwlua_metrics_column(L), amount);
    else add_labelled(L, metric, amount);
    return 0;
}

static int gauge_set(lua_State *L) {
    struct metric *metric = check_metric(L, GWLUA_GAUGE);
    luaL_checktype(L, 2, LUA_TNUMBER);
    struct target target;
    aim(L, metric, 3, &target);
    gwlua_series_set(target.family, enter(&target), lua_tonumber(L, 2));
    leave(&target);
    return 0;
}

static int move_gauge(lua_State *L, double sign) {
    struct metric *metric = check_metric(L, GWLUA_GAUGE);
    double amount = amount_at(L, 2);
    if (!isfinite(amount)) /* it could never come back from there */
        return luaL_error(L, "metric \"%s\": a finite number expected", gwlua_family_name(metric->family));
    struct target target;
    aim(L, metric, 3, &target);
    gwlua_series_move(target.family, enter(&target), sign * amount);
    leave(&target);
    return 0;
}

static int gauge_inc(lua_State *L) { return move_gauge(L, 1); }
static int gauge_dec(lua_State *L) { return move_gauge(L, -1); }

static void observe(lua_State *L, const struct metric *metric, double value) {
    struct target target;
    aim(L, metric, 3, &target);
    gwlua_series_observe(target.family, enter(&target), target.column, value);
    leave(&target);
}

static int histogram_observe(lua_State *L) {
    struct metric *metric = check_metric(L, GWLUA_HISTOGRAM);
    luaL_checktype(L, 2, LUA_TNUMBER);
    double value = lua_tonumber(L, 2);
    if (!isfinite(value))
        return luaL_error(L, "metric \"%s\": a finite number expected", gwlua_family_name(metric->family));
    observe(L, metric, value);
    return 0;
}

/* The function that is timed has returned. */
static int timed(lua_State *L, int status, lua_KContext began) {
    (void)status;
    gwlua_poll(L);
    luaL_checkstack(L, LUA_MINSTACK, NULL); /* all there is may be taken by results */
    struct metric *metric = lua_touserdata(L, 1);
    double seconds = (double)(gwlua_clock_ns(L) - (int64_t)began) / 1e9;
    observe(L, metric, seconds > 0 ? seconds : 0);
    return lua_gettop(L) - 3;
}

static int histogram_time(lua_State *L) {
    struct metric *metric = check_metric(L, GWLUA_HISTOGRAM);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 3);
    struct target target;
    aim(L, metric, 3, &target); /* wrong labels are an error before anything has been done */
    lua_KContext began = (lua_KContext)gwlua_clock_ns(L);
    lua_pushvalue(L, 2);
    lua_callk(L, 0, LUA_MULTRET, began, timed);
    return timed(L, LUA_OK, began);
}

/* MARK: Opening */

static int declare_counter(lua_State *L) { return gwlua_declare_metric(L, GWLUA_COUNTER); }
static int declare_gauge(lua_State *L) { return gwlua_declare_metric(L, GWLUA_GAUGE); }
static int declare_histogram(lua_State *L) { return gwlua_declare_metric(L, GWLUA_HISTOGRAM); }

static void add_kind(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction declares) {
    lua_createtable(L, 0, 4); /* the metatable */
    lua_newtable(L);
    lua_pushvalue(L, -2);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, metric_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushfstring(L, "gw.metrics.%s", name);
    lua_setfield(L, -2, "__name");
    lua_pushcclosure(L, declares, 1);
    lua_setfield(L, -2, name);
}

void gwlua_open_metrics(lua_State *L) {
    static const luaL_Reg counter[] = {{"inc", counter_inc}, {"with", counter_with}, {NULL, NULL}};
    static const luaL_Reg gauge[] = {
        {"set", gauge_set}, {"inc", gauge_inc}, {"dec", gauge_dec}, {"with", gauge_with}, {NULL, NULL}};
    static const luaL_Reg histogram[] = {
        {"observe", histogram_observe}, {"time", histogram_time}, {"with", histogram_with}, {NULL, NULL}};
    pthread_once(&cookie_once, make_cookie);
    luaL_checkstack(L, 10, NULL);
    lua_createtable(L, 0, 3);
    add_kind(L, "counter", counter, declare_counter);
    add_kind(L, "gauge", gauge, declare_gauge);
    add_kind(L, "histogram", histogram, declare_histogram);
}
