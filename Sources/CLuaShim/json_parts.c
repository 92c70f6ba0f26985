/* What reading and writing of JSON share: memory that grows, keys in order, and the mark of arrays. */

#include "json.h"

char gwlua_json_null;

static char array_mark, scratch_mark; /* where their metatables lie in the registry */

void gwlua_push_array_mark(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mark);
}

/* MARK: Scratch memory */

static int free_scratch(lua_State *L) {
    gwlua_resize_scratch(L, lua_touserdata(L, 1), 0);
    return 0;
}

struct gwlua_scratch *gwlua_push_scratch(lua_State *L) {
    struct gwlua_scratch *scratch = lua_newuserdatauv(L, sizeof *scratch, 0);
    *scratch = (struct gwlua_scratch){NULL, 0};
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &scratch_mark) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, free_scratch);
        lua_setfield(L, -2, "__gc");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &scratch_mark);
    }
    lua_setmetatable(L, -2);
    return scratch;
}

void gwlua_resize_scratch(lua_State *L, struct gwlua_scratch *scratch, size_t room) {
    void *context;
    lua_Alloc allocate = lua_getallocf(L, &context);
    void *moved = allocate(context, scratch->bytes, scratch->room, room);
    if (!moved && room > 0) luaL_error(L, "not enough memory");
    scratch->bytes = moved;
    scratch->room = room;
}

/* MARK: Keys */

struct gwlua_key gwlua_key_at(lua_State *L, int index, int slot) {
    struct gwlua_key key = {.slot = slot};
    key.text = lua_tolstring(L, index, &key.count);
    size_t count = key.count < 8 ? key.count : 8;
    for (size_t byte = 0; byte < count; byte++) key.head = key.head << 8 | (unsigned char)key.text[byte];
    if (count > 0) key.head <<= 8 * (8 - count);
    return key;
}

static inline bool comes_before(const struct gwlua_key *left, const struct gwlua_key *right) {
    if (left->head != right->head) return left->head < right->head;
    size_t count = left->count < right->count ? left->count : right->count;
    int order = memcmp(left->text, right->text, count);
    return order ? order < 0 : left->count < right->count;
}

static void insertion_sort(struct gwlua_key *keys, size_t count) {
    for (size_t index = 1; index < count; index++) {
        struct gwlua_key key = keys[index];
        size_t to = index;
        for (; to > 0 && comes_before(&key, &keys[to - 1]); to--) keys[to] = keys[to - 1];
        keys[to] = key;
    }
}

/* Moves the key at `root` down until both of its children come before it. */
static void sift_down(struct gwlua_key *keys, size_t root, size_t count) {
    struct gwlua_key key = keys[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && comes_before(&keys[child], &keys[child + 1])) child++;
        if (!comes_before(&key, &keys[child])) break;
        keys[root] = keys[child];
    }
    keys[root] = key;
}

/* A heap for many keys: no order of them makes it slow. */
void gwlua_sort_keys(lua_State *L, struct gwlua_key *keys, size_t count) {
    if (count <= 16) {
        insertion_sort(keys, count);
        return;
    }
    for (size_t root = count / 2; root > 0; root--) {
        if (root % 64 == 0) gwlua_poll(L);
        sift_down(keys, root - 1, count);
    }
    for (size_t end = count - 1; end > 0; end--) {
        if (end % 64 == 0) gwlua_poll(L);
        struct gwlua_key greatest = keys[0];
        keys[0] = keys[end];
        keys[end] = greatest;
        sift_down(keys, 0, end);
    }
}
