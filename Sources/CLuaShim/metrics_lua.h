#ifndef GWLUA_METRICS_LUA_H
#define GWLUA_METRICS_LUA_H

/* Metrics as objects of scripts. */

#include "engine.h"
#include "gwlua_metrics.h"

/* A metric, or a child of it that has its labels. */
struct metric {
    uint64_t cookie; /* see metrics_lua.c */
    struct gwlua_family *family;
    /* The only series there is: without labels, or pinned by a child. NULL where labels decide at each call. */
    struct gwlua_series *series;
    uint32_t label_count; /* without `filter` and `route` */
    bool has_filter, has_route;
    bool is_child, is_pinned;
    /* Of a child with automatic labels: those that it was given. */
    uint8_t lengths[GWLUA_METRIC_LABELS_MAX];
    char values[];
};

/* Pushes an object with the metatable that is the running function's first upvalue, and `bytes` for values. */
struct metric *gwlua_new_metric(lua_State *L, int kind, size_t bytes);
/* metrics_declare.c: the function that declares a metric of that kind. */
int gwlua_declare_metric(lua_State *L, int kind);

#endif
