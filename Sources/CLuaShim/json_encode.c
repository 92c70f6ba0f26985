/* Values of Lua written as JSON, and the module `json`.
 *
 * Tables are read raw: a metatable of a script could run for ever or answer differently each time. Keys are sorted, so
 * that one value always gives one text, which caches and signatures need.
 */

#include "engine.h"
#include "json.h"

enum {
    STEPS_PER_POLL = 256,
    /* Values of an object that wait on the stack while its keys are sorted; of more than these only the keys are kept
     * and the values looked up. */
    KEPT_MAX = 64,
    SMALL_TEXT = 4096,
    SMALL_KEYS = 64,
};

struct encoder {
    lua_State *L;
    /* The text so far: in `small`, or in a scratch that lies at `text_slot`. */
    char *text;
    size_t count, room, max;
    struct gwlua_scratch *text_scratch;
    int text_slot;
    /* Keys of all objects that are open, in `small_keys` or in a scratch at `key_slot`. */
    struct gwlua_key *keys;
    size_t key_count, key_room;
    struct gwlua_scratch *key_scratch;
    int key_slot;
    bool is_pretty, is_array_by_default;
    int depth;
    unsigned steps;
    const char *error, *type_name;
    const void *open_tables[GWLUA_JSON_DEPTH_MAX];
    struct gwlua_key small_keys[SMALL_KEYS];
    char small[SMALL_TEXT];
};

static bool value(struct encoder *e, int index);

static bool fail(struct encoder *e, const char *error) {
    e->error = error;
    return false;
}

/* MARK: Text */

static bool grow(struct encoder *e, size_t more) {
    if (more > e->max - e->count) return fail(e, "the text would be too long");
    size_t room = 2 * (e->count + more);
    if (room > e->max) room = e->max;
    if (!e->text_scratch) {
        e->text_scratch = gwlua_push_scratch(e->L);
        lua_replace(e->L, e->text_slot);
        gwlua_resize_scratch(e->L, e->text_scratch, room);
        memcpy(e->text_scratch->bytes, e->small, e->count);
    } else {
        gwlua_resize_scratch(e->L, e->text_scratch, room);
    }
    e->text = e->text_scratch->bytes;
    e->room = room;
    return true;
}

static inline bool put(struct encoder *e, const void *bytes, size_t count) {
    if (count > e->room - e->count && !grow(e, count)) return false;
    memcpy(e->text + e->count, bytes, count);
    e->count += count;
    return true;
}

static inline bool put_byte(struct encoder *e, char byte) {
    if (e->count == e->room && !grow(e, 1)) return false;
    e->text[e->count++] = byte;
    return true;
}

static bool put_line(struct encoder *e) {
    size_t count = 1 + 2 * (size_t)e->depth;
    if (count > e->room - e->count && !grow(e, count)) return false;
    e->text[e->count] = '\n';
    memset(e->text + e->count + 1, ' ', count - 1);
    e->count += count;
    return true;
}

/* A byte that cannot stand for itself. Such bytes come from clients: where they are no UTF-8 they are replaced, as in
 * browsers, since an error would let anyone make a filter fail that logs a header. */
static bool put_special(struct encoder *e, const unsigned char **at, const unsigned char *end) {
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = **at;
    if (byte >= 0x80) {
        size_t count = gwlua_utf8_sequence(*at, end);
        const unsigned char *sequence = *at;
        *at += count ? count : 1;
        return count ? put(e, sequence, count) : put(e, "\xef\xbf\xbd", 3);
    }
    ++*at;
    char escape[6] = {'\\', (char)byte, '0', '0', digits[byte >> 4], digits[byte & 15]};
    switch (byte) {
        case '"': case '\\': break;
        case '\b': escape[1] = 'b'; break;
        case '\f': escape[1] = 'f'; break;
        case '\n': escape[1] = 'n'; break;
        case '\r': escape[1] = 'r'; break;
        case '\t': escape[1] = 't'; break;
        default:
            escape[1] = 'u';
            return put(e, escape, 6);
    }
    return put(e, escape, 2);
}

static bool string(struct encoder *e, const char *text, size_t count) {
    const unsigned char *at = (const unsigned char *)text, *end = at + count;
    if (count <= 128 && count + 2 <= e->room - e->count && gwlua_json_plain_end(at, end) == end) {
        char *out = e->text + e->count; /* as almost all strings are */
        out[0] = '"';
        memcpy(out + 1, text, count);
        out[count + 1] = '"';
        e->count += count + 2;
        return true;
    }
    if (count > e->max) return fail(e, "the text would be too long");
    if (!put_byte(e, '"')) return false;
    while (at < end) {
        const unsigned char *stop = end - at > 8192 ? at + 8192 : end;
        const unsigned char *plain = gwlua_json_plain_end(at, stop);
        if (!put(e, at, (size_t)(plain - at))) return false;
        at = plain;
        if (at < stop && !put_special(e, &at, end)) return false;
        if (at < end && ++e->steps % STEPS_PER_POLL == 0) gwlua_poll(e->L);
    }
    return put_byte(e, '"');
}

/* MARK: Tables */

static bool array(struct encoder *e, int index, lua_Integer count) {
    lua_State *L = e->L;
    if (!put_byte(e, '[')) return false;
    e->depth++;
    for (lua_Integer item = 1; item <= count; item++) {
        if (item > 1 && !put_byte(e, ',')) return false;
        if (e->is_pretty && !put_line(e)) return false;
        lua_rawgeti(L, index, item);
        if (!value(e, lua_gettop(L))) return false;
        lua_pop(L, 1);
    }
    e->depth--;
    if (e->is_pretty && count > 0 && !put_line(e)) return false;
    return put_byte(e, ']');
}

/* Whether the keys are 1…count and nothing else. */
static bool check_items(struct encoder *e, int index, lua_Integer count) {
    lua_State *L = e->L;
    lua_Integer found = 0;
    bool is_sparse = false;
    for (lua_pushnil(L); lua_next(L, index);) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1)) return fail(e, "mixed keys: a table is either an array or an object");
        lua_Integer key = lua_tointeger(L, -1);
        if (key < 1 || key > count) is_sparse = true;
        if (++found % STEPS_PER_POLL == 0) gwlua_poll(L);
    }
    return is_sparse || found != count ? fail(e, "sparse array") : true;
}

static void add_key(struct encoder *e, int index, int slot) {
    if (e->key_count == e->key_room) {
        bool is_first = !e->key_scratch;
        if (is_first) {
            e->key_scratch = gwlua_push_scratch(e->L);
            lua_replace(e->L, e->key_slot);
        }
        gwlua_resize_scratch(e->L, e->key_scratch, 2 * e->key_room * sizeof *e->keys);
        if (is_first) memcpy(e->key_scratch->bytes, e->small_keys, sizeof e->small_keys);
        e->keys = e->key_scratch->bytes;
        e->key_room *= 2;
    }
    e->keys[e->key_count++] = gwlua_key_at(e->L, index, slot);
}

/* Adds the keys of an object, and leaves values that are kept on the stack. */
static bool collect_keys(struct encoder *e, int index) {
    lua_State *L = e->L;
    int kept = 0;
    for (lua_pushnil(L); lua_next(L, index);) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            bool is_index = lua_isinteger(L, -2);
            return fail(e, is_index ? "sparse array or mixed keys" : "a key is neither a string nor an index");
        }
        int key = lua_gettop(L) - 1;
        if (kept < KEPT_MAX) {
            lua_insert(L, -2);
            add_key(e, key + 1, key);
            kept++;
        } else {
            lua_pop(L, 1);
            add_key(e, key, 0);
        }
        if (++e->steps % STEPS_PER_POLL == 0) gwlua_poll(L);
    }
    return true;
}

static bool object(struct encoder *e, int index) {
    lua_State *L = e->L;
    size_t first = e->key_count;
    if (!collect_keys(e, index)) return false;
    size_t end = e->key_count;
    if (first == end) return e->is_array_by_default ? put(e, "[]", 2) : put(e, "{}", 2);
    if (end - first > 1) gwlua_sort_keys(L, e->keys + first, end - first);
    if (!put_byte(e, '{')) return false;
    e->depth++;
    for (size_t field = first; field < end; field++) {
        struct gwlua_key key = e->keys[field]; /* a copy: the keys of children may move them all */
        if (field > first && !put_byte(e, ',')) return false;
        if (e->is_pretty && !put_line(e)) return false;
        if (!string(e, key.text, key.count) || !put(e, ": ", e->is_pretty ? 2 : 1)) return false;
        if (key.slot == 0) {
            lua_pushlstring(L, key.text, key.count);
            lua_rawget(L, index);
            if (!value(e, lua_gettop(L))) return false;
            lua_pop(L, 1);
        } else if (!value(e, key.slot)) {
            return false;
        }
    }
    e->depth--;
    e->key_count = first;
    if (e->is_pretty && !put_line(e)) return false;
    return put_byte(e, '}');
}

static bool table(struct encoder *e, int index) {
    lua_State *L = e->L;
    gwlua_poll(L); /* at each: an empty table may have a million slots to look through */
    if (e->depth == GWLUA_JSON_DEPTH_MAX) return fail(e, "nesting too deep");
    luaL_checkstack(L, KEPT_MAX + 8, "a table is nested too deep");
    int top = lua_gettop(L);
    bool is_marked = false;
    if (lua_getmetatable(L, index)) {
        /* What the host has frozen is an empty table in front of the real one. */
        gwlua_push_thawed(L, index);
        index = lua_gettop(L);
        gwlua_push_array_mark(L);
        if (lua_getmetatable(L, index)) {
            is_marked = lua_rawequal(L, -1, -2);
            /* A collection could take its fields away while their keys lie here. */
            lua_pushliteral(L, "__mode");
            if (lua_rawget(L, -2) != LUA_TNIL) return fail(e, "unsupported type: weak table");
        }
        lua_settop(L, index);
    }
    const void *identity = lua_topointer(L, index);
    for (int level = 0; level < e->depth; level++)
        if (e->open_tables[level] == identity) return fail(e, "cycle: a table contains itself");
    e->open_tables[e->depth] = identity;
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    bool is_good = is_marked || count > 0 ? check_items(e, index, count) && array(e, index, count) : object(e, index);
    lua_settop(L, top);
    return is_good;
}

static bool value(struct encoder *e, int index) {
    lua_State *L = e->L;
    if (++e->steps % STEPS_PER_POLL == 0) gwlua_poll(L);
    switch (lua_type(L, index)) {
        case LUA_TSTRING: {
            size_t count;
            const char *text = lua_tolstring(L, index, &count);
            return string(e, text, count);
        }
        case LUA_TNUMBER: {
            if (GWLUA_JSON_NUMBER_MAX > e->room - e->count && !grow(e, GWLUA_JSON_NUMBER_MAX)) return false;
            char *out = e->text + e->count;
            if (lua_isinteger(L, index)) {
                e->count += gwlua_json_write_integer(out, lua_tointeger(L, index));
                return true;
            }
            double number = lua_tonumber(L, index);
            if (number - number != 0) return fail(e, "a number is nan or infinite");
            e->count += gwlua_json_write_float(out, number);
            return true;
        }
        case LUA_TBOOLEAN: return lua_toboolean(L, index) ? put(e, "true", 4) : put(e, "false", 5);
        case LUA_TNIL: return put(e, "null", 4); /* only as the value itself: tables hold none */
        case LUA_TTABLE: return table(e, index);
        case LUA_TLIGHTUSERDATA:
            if (lua_touserdata(L, index) == &gwlua_json_null) return put(e, "null", 4);
            break;
    }
    e->type_name = luaL_typename(L, index);
    return fail(e, "unsupported type");
}

static int encode(lua_State *L, int index, bool is_pretty, bool is_array_by_default) {
    struct encoder e; /* the small buffers are left as they are */
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, "no room to encode json");
    lua_settop(L, top + 2);
    e.L = L;
    e.text = e.small;
    e.count = 0;
    e.max = gwlua_string_max(L);
    e.room = e.max < SMALL_TEXT ? e.max : SMALL_TEXT;
    e.text_scratch = e.key_scratch = NULL;
    e.text_slot = top + 1;
    e.key_slot = top + 2;
    e.keys = e.small_keys;
    e.key_count = 0;
    e.key_room = SMALL_KEYS;
    e.is_pretty = is_pretty;
    e.is_array_by_default = is_array_by_default;
    e.depth = 0;
    e.steps = 0;
    e.error = e.type_name = NULL;
    bool is_good = value(&e, index);
    lua_settop(L, top + 2);
    if (is_good) lua_pushlstring(L, e.text, e.count);
    if (e.text_scratch) gwlua_resize_scratch(L, e.text_scratch, 0);
    if (e.key_scratch) gwlua_resize_scratch(L, e.key_scratch, 0);
    if (is_good) {
        lua_replace(L, top + 1);
        lua_settop(L, top + 1);
        return 1;
    }
    lua_settop(L, top);
    lua_pushnil(L);
    if (e.type_name) lua_pushfstring(L, "%s: %s", e.error, e.type_name);
    else lua_pushstring(L, e.error);
    return 2;
}

int gwlua_json_encode_value(lua_State *L, int index) { return encode(L, index, false, false); }

/* MARK: The module */

static bool option(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    lua_rawget(L, 2);
    bool is_set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_set;
}

static int json_encode(lua_State *L) {
    luaL_checkany(L, 1);
    bool has_options = !lua_isnoneornil(L, 2);
    if (has_options) luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    return encode(L, 1, has_options && option(L, "pretty"), has_options && option(L, "empty_array"));
}

/* Marks a table as an array, so that it is written as `[]` when it is empty; without an argument a new one. */
static int json_array(lua_State *L) {
    if (lua_gettop(L) == 0) lua_newtable(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    gwlua_push_array_mark(L);
    if (lua_getmetatable(L, 1) && !lua_rawequal(L, -1, 2)) return luaL_argerror(L, 1, "the table has a metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

void gwlua_open_json(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"array", json_array}, {"decode", gwlua_json_decode}, {"encode", json_encode}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, &gwlua_json_null);
    lua_setfield(L, -2, "null");
}
