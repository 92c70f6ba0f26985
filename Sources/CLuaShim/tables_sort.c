/* table.sort: a merge sort of places. The table is not written before the order is known, so that a comparator that
 * lies only gets a strange order, and one that changes the table cannot make us read what is not there. It is stable,
 * and compares less often than the quicksort of stock Lua. */

#include "tables_sort.h"

#include <string.h>

enum {
    /* Runs of so many places are sorted by insertion before they are merged. */
    RUN = 6,
    /* So many values are put on the stack, where they are compared without being fetched. */
    ON_STACK_MAX = 1000,
};

struct sorting {
    lua_State *L;
    bool has_function, is_on_stack;
};

/* Stack: 1 the table, 2 the function, 3 the scratch; then the values in the order of the table, or just the two that
 * are compared. */
enum { LEFT = 4, RIGHT = 5, VALUES = 4 };

/* The slot of the value at a place. Values that are not on the stack all go through the one slot. */
static inline int load(struct sorting *sorting, int slot, uint32_t place) {
    if (sorting->is_on_stack) return VALUES + (int)place;
    lua_rawgeti(sorting->L, 1, (lua_Integer)place + 1);
    lua_replace(sorting->L, slot);
    return slot;
}

/* Whether the value in `slot` comes before that in `other`. */
static inline bool is_before(struct sorting *sorting, int slot, int other) {
    lua_State *L = sorting->L;
    gwlua_poll(L); /* each time: two long texts take long to compare */
    if (!sorting->has_function) return lua_compare(L, slot, other, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, slot);
    lua_pushvalue(L, other);
    lua_call(L, 2, 1);
    bool is_before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_before;
}

static void sort_run(struct sorting *sorting, uint32_t *places, size_t count) {
    for (size_t index = 1; index < count; index++) {
        uint32_t place = places[index];
        int slot = load(sorting, RIGHT, place);
        size_t hole = index;
        for (; hole > 0; hole--) {
            if (!is_before(sorting, slot, load(sorting, LEFT, places[hole - 1]))) break;
            places[hole] = places[hole - 1];
        }
        places[hole] = place;
    }
}

/* Merges two sorted neighbours of `from` into `to`. */
static void merge(struct sorting *sorting, const uint32_t *from, size_t middle, size_t count, uint32_t *to) {
    /* In order already, as in a table that was sorted before. */
    if (middle == count ||
        !is_before(sorting, load(sorting, RIGHT, from[middle]), load(sorting, LEFT, from[middle - 1]))) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    size_t left = 0, right = middle;
    int left_slot = load(sorting, LEFT, from[left]), right_slot = load(sorting, RIGHT, from[right]);
    for (;;) {
        if (is_before(sorting, right_slot, left_slot)) {
            *to++ = from[right++];
            if (right == count) break;
            right_slot = load(sorting, RIGHT, from[right]);
        } else {
            *to++ = from[left++];
            if (left == middle) break;
            left_slot = load(sorting, LEFT, from[left]);
        }
    }
    size_t rest = middle - left;
    memcpy(to, from + left, rest * sizeof *to);
    memcpy(to + rest, from + right, (count - right) * sizeof *to);
}

/* Moves each value to its place, along the cycles of the permutation. `places[i]` says where the i-th value lies. */
static void permute(lua_State *L, uint32_t *places, size_t count) {
    for (size_t first = 0; first < count; first++) {
        if (first % 1024 == 1023) gwlua_poll(L);
        if (places[first] == first) continue;
        lua_rawgeti(L, 1, (lua_Integer)first + 1);
        size_t target = first;
        for (unsigned steps = 1;; steps++) {
            if (steps % 1024 == 0) gwlua_poll(L);
            size_t source = places[target];
            places[target] = (uint32_t)target;
            if (source == first) break;
            lua_rawgeti(L, 1, (lua_Integer)source + 1);
            lua_rawseti(L, 1, (lua_Integer)target + 1);
            target = source;
        }
        lua_rawseti(L, 1, (lua_Integer)target + 1);
    }
}

int gwlua_table_sort(lua_State *L) {
    size_t count = lua_rawlen(L, 1);
    if (count < 2) return 0;
    /* A table with holes may claim a length that its memory does not have. */
    luaL_argcheck(L, count < INT32_MAX && count <= gwlua_of(L)->soft / 8, 1, "array too big");
    struct sorting sorting = {L, !lua_isnoneornil(L, 2), count <= ON_STACK_MAX};
    if (sorting.has_function) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    uint32_t *places = lua_newuserdatauv(L, count * 2 * sizeof *places, 0), *other = places + count;
    luaL_checkstack(L, (sorting.is_on_stack ? (int)count : 2) + 8, NULL);
    if (sorting.is_on_stack)
        for (size_t index = 1; index <= count; index++) lua_rawgeti(L, 1, (lua_Integer)index);
    else
        lua_settop(L, RIGHT);
    for (size_t index = 0; index < count; index++) places[index] = (uint32_t)index;
    for (size_t start = 0; start < count; start += RUN)
        sort_run(&sorting, places + start, count - start < RUN ? count - start : RUN);
    for (size_t width = RUN; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += width * 2) {
            size_t length = count - start < width * 2 ? count - start : width * 2;
            merge(&sorting, places + start, length < width ? length : width, length, other + start);
        }
        uint32_t *swapped = places;
        places = other;
        other = swapped;
    }
    if (!sorting.is_on_stack) {
        permute(L, places, count);
        return 0;
    }
    for (size_t index = 0; index < count; index++) {
        if (places[index] == index) continue;
        lua_pushvalue(L, VALUES + (int)places[index]);
        lua_rawseti(L, 1, (lua_Integer)index + 1);
    }
    return 0;
}
