#ifndef GWLUA_TABLES_SORT_H
#define GWLUA_TABLES_SORT_H

#include "internal.h"

/* Sorts the table at 1, by the function at 2 if there is one. */
int gwlua_table_sort(lua_State *L);

#endif
