/* pack, packsize and unpack of the string library: binary forms of values (§6.4.2 of the manual). */

#include "strings_bounds.h"

#include <limits.h>

enum {
    INTEGER_MAX = 16, /* bytes of the widest integer */
    NATIVE_ALIGNMENT = 8,
    /* Bytes of one "c" item: they are filled up one call at a time. */
    FIXED_MAX = 1 << 20,
    LUA_INTEGER_BYTES = sizeof(lua_Integer),
};

enum item_kind { SIGNED, UNSIGNED, FLOAT, DOUBLE, FIXED, COUNTED, TERMINATED, PADDING, ALIGNMENT, NOTHING };

struct format {
    lua_State *L;
    const char *p; /* ends with a NUL */
    bool is_little;
    size_t alignment; /* none is greater */
    int steps;
};

/* The next item: `size` bytes after `gap` ones that align it. */
struct item {
    enum item_kind kind;
    size_t size, gap;
};

static void begin(struct format *format, lua_State *L, const char *text) {
    *format = (struct format){L, text, true, 1, 0};
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Reads a number, which fits an int; digits beyond that are left for an error. */
static size_t read_number(struct format *format, size_t otherwise) {
    if (!is_digit(*format->p)) return otherwise;
    size_t number = 0;
    do number = number * 10 + (size_t)(*format->p++ - '0');
    while (is_digit(*format->p) && number <= (INT_MAX - 9) / 10);
    return number;
}

static size_t read_size(struct format *format, size_t otherwise) {
    size_t size = read_number(format, otherwise);
    if (size == 0 || size > INTEGER_MAX)
        luaL_error(format->L, "integral size (%d) out of limits [1,%d]", (int)size, INTEGER_MAX);
    return size;
}

static enum item_kind read_option(struct format *format, size_t *size) {
    char option = *format->p++;
    *size = 0;
    switch (option) {
        case 'b': *size = sizeof(char); return SIGNED;
        case 'B': *size = sizeof(char); return UNSIGNED;
        case 'h': *size = sizeof(short); return SIGNED;
        case 'H': *size = sizeof(short); return UNSIGNED;
        case 'i': *size = read_size(format, sizeof(int)); return SIGNED;
        case 'I': *size = read_size(format, sizeof(int)); return UNSIGNED;
        case 'l': *size = sizeof(long); return SIGNED;
        case 'L': *size = sizeof(long); return UNSIGNED;
        case 'j': *size = sizeof(lua_Integer); return SIGNED;
        case 'J': *size = sizeof(lua_Integer); return UNSIGNED;
        case 'T': *size = sizeof(size_t); return UNSIGNED;
        case 'f': *size = sizeof(float); return FLOAT;
        case 'd': *size = sizeof(double); return DOUBLE;
        case 'n': *size = sizeof(lua_Number); return DOUBLE;
        case 's': *size = read_size(format, sizeof(size_t)); return COUNTED;
        case 'c':
            *size = read_number(format, SIZE_MAX);
            if (*size == SIZE_MAX) luaL_error(format->L, "missing size for format option 'c'");
            if (*size > FIXED_MAX) luaL_error(format->L, "size of format option 'c' is over %d", FIXED_MAX);
            return FIXED;
        case 'z': return TERMINATED;
        case 'x': *size = 1; return PADDING;
        case 'X': return ALIGNMENT;
        case ' ': break;
        case '<': format->is_little = true; break;
        case '>': format->is_little = false; break;
        case '=': format->is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__; break;
        case '!': format->alignment = read_size(format, NATIVE_ALIGNMENT); break;
        default: luaL_error(format->L, "invalid format option '%c'", option);
    }
    return NOTHING;
}

/* Reads the next item, which follows `done` bytes. False at the format's end. */
static bool read_item(struct format *format, size_t done, struct item *item) {
    if (!*format->p) return false;
    if (++format->steps % 256 == 0) gwlua_poll(format->L);
    item->kind = read_option(format, &item->size);
    item->gap = 0;
    size_t alignment = item->size;
    if (item->kind == ALIGNMENT) {
        /* Aligned as the option after it is, which is not packed. */
        if (!*format->p || read_option(format, &alignment) == FIXED || alignment == 0)
            luaL_argerror(format->L, 1, "invalid next option for option 'X'");
    }
    bool is_aligned = item->kind <= DOUBLE || item->kind == COUNTED || item->kind == ALIGNMENT;
    if (is_aligned && alignment > 1) {
        if (alignment > format->alignment) alignment = format->alignment;
        if (alignment & (alignment - 1)) luaL_argerror(format->L, 1, "format asks for alignment not power of 2");
        item->gap = (alignment - (done & (alignment - 1))) & (alignment - 1);
    }
    return true;
}

/* MARK: pack */

static void add_filling(lua_State *L, luaL_Buffer *buffer, size_t count) {
    gwlua_check_room(L, luaL_bufflen(buffer), count);
    if (count == 0) return;
    memset(luaL_prepbuffsize(buffer, count), 0, count);
    luaL_addsize(buffer, count);
}

/* Adds the bytes of a value, whose first one is the least. Behind the eighth come those of its sign. */
static void add_bytes(struct format *format, luaL_Buffer *buffer, lua_Unsigned value, size_t size, bool is_negative) {
    char bytes[INTEGER_MAX];
    for (size_t index = 0; index < size; index++) {
        size_t place = format->is_little ? index : size - 1 - index;
        bytes[place] = index < LUA_INTEGER_BYTES ? (char)(value >> (index * 8)) : is_negative ? (char)0xff : 0;
    }
    gwlua_add_bounded(format->L, buffer, bytes, size);
}

static void add_integer(struct format *format, luaL_Buffer *buffer, const struct item *item, int argument) {
    lua_State *L = format->L;
    lua_Integer value = luaL_checkinteger(L, argument);
    if (item->size < LUA_INTEGER_BYTES) {
        if (item->kind == SIGNED) {
            lua_Integer limit = (lua_Integer)1 << (item->size * 8 - 1);
            luaL_argcheck(L, -limit <= value && value < limit, argument, "integer overflow");
        } else {
            luaL_argcheck(
                L, (lua_Unsigned)value < (lua_Unsigned)1 << (item->size * 8), argument, "unsigned overflow");
        }
    }
    add_bytes(format, buffer, (lua_Unsigned)value, item->size, item->kind == SIGNED && value < 0);
}

static void add_float(struct format *format, luaL_Buffer *buffer, const struct item *item, int argument) {
    lua_Number value = luaL_checknumber(format->L, argument);
    lua_Unsigned bits = 0;
    if (item->kind == FLOAT) {
        float narrow = (float)value;
        uint32_t narrow_bits;
        memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
        bits = narrow_bits;
    } else {
        memcpy(&bits, &value, sizeof bits);
    }
    add_bytes(format, buffer, bits, item->size, false);
}

int gwlua_string_pack(lua_State *L) {
    struct format format;
    struct item item;
    begin(&format, L, luaL_checkstring(L, 1));
    lua_pushnil(L); /* parts the arguments from the buffer */
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    size_t done = 0; /* as stock Lua counts it: the length in front of a text is not aligned apart */
    for (int argument = 1; read_item(&format, done, &item);) {
        size_t length;
        const char *text;
        add_filling(L, &buffer, item.gap);
        switch (item.kind) {
            case SIGNED:
            case UNSIGNED:
                add_integer(&format, &buffer, &item, ++argument);
                break;
            case FLOAT:
            case DOUBLE:
                add_float(&format, &buffer, &item, ++argument);
                break;
            case FIXED:
                text = luaL_checklstring(L, ++argument, &length);
                luaL_argcheck(L, length <= item.size, argument, "string longer than given size");
                gwlua_add_bounded(L, &buffer, text, length);
                add_filling(L, &buffer, item.size - length);
                break;
            case COUNTED:
                text = luaL_checklstring(L, ++argument, &length);
                luaL_argcheck(
                    L, item.size >= sizeof(size_t) || length < (size_t)1 << (item.size * 8), argument,
                    "string length does not fit in given size");
                add_bytes(&format, &buffer, (lua_Unsigned)length, item.size, false);
                gwlua_add_bounded(L, &buffer, text, length);
                break;
            case TERMINATED:
                text = luaL_checklstring(L, ++argument, &length);
                luaL_argcheck(L, memchr(text, 0, length) == NULL, argument, "string contains zeros");
                gwlua_add_bounded(L, &buffer, text, length + 1);
                break;
            case PADDING:
                add_filling(L, &buffer, 1);
                break;
            case ALIGNMENT:
            case NOTHING:
                break;
        }
        done = luaL_bufflen(&buffer);
    }
    gwlua_push_bounded(L, &buffer);
    return 1;
}

int gwlua_string_packsize(lua_State *L) {
    struct format format;
    struct item item;
    begin(&format, L, luaL_checkstring(L, 1));
    size_t total = 0;
    while (read_item(&format, total, &item)) {
        luaL_argcheck(L, item.kind != COUNTED && item.kind != TERMINATED, 1, "variable-length format");
        size_t size = item.size + item.gap;
        luaL_argcheck(L, total <= INT_MAX - size, 1, "format result too large");
        total += size;
    }
    lua_pushinteger(L, (lua_Integer)total);
    return 1;
}

/* MARK: unpack */

static lua_Integer read_integer(struct format *format, const char *text, size_t size, bool is_signed) {
    lua_Unsigned value = 0;
    for (size_t index = size < LUA_INTEGER_BYTES ? size : LUA_INTEGER_BYTES; index-- > 0;)
        value = value << 8 | (unsigned char)text[format->is_little ? index : size - 1 - index];
    if (size < LUA_INTEGER_BYTES) {
        lua_Unsigned sign = (lua_Unsigned)1 << (size * 8 - 1);
        if (is_signed) value = (value ^ sign) - sign;
    }
    unsigned filling = is_signed && (lua_Integer)value < 0 ? 0xff : 0;
    for (size_t index = LUA_INTEGER_BYTES; index < size; index++) {
        if ((unsigned char)text[format->is_little ? index : size - 1 - index] != filling)
            luaL_error(format->L, "%d-byte integer does not fit into Lua Integer", (int)size);
    }
    return (lua_Integer)value;
}

static lua_Number read_float(struct format *format, const char *text, const struct item *item) {
    lua_Integer bits = read_integer(format, text, item->size, false);
    if (item->kind == FLOAT) {
        uint32_t narrow_bits = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &narrow_bits, sizeof narrow);
        return narrow;
    }
    lua_Number value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

int gwlua_string_unpack(lua_State *L) {
    struct format format;
    struct item item;
    begin(&format, L, luaL_checkstring(L, 1));
    size_t length;
    const char *data = luaL_checklstring(L, 2, &length);
    size_t position = gwlua_first_position(luaL_optinteger(L, 3, 1), length) - 1;
    luaL_argcheck(L, position <= length, 3, "initial position out of string");
    int count = 0;
    while (read_item(&format, position, &item)) {
        luaL_argcheck(L, item.gap + item.size <= length - position, 2, "data string too short");
        position += item.gap;
        if (count >= GWLUA_RESULTS_MAX) return luaL_error(L, "too many results");
        luaL_checkstack(L, 2, "too many results");
        const char *text = data + position, *end;
        size_t bytes = item.size;
        count++;
        switch (item.kind) {
            case SIGNED:
            case UNSIGNED:
                lua_pushinteger(L, read_integer(&format, text, item.size, item.kind == SIGNED));
                break;
            case FLOAT:
            case DOUBLE:
                lua_pushnumber(L, read_float(&format, text, &item));
                break;
            case FIXED:
                lua_pushlstring(L, text, item.size);
                break;
            case COUNTED: {
                size_t text_length = (size_t)read_integer(&format, text, item.size, false);
                luaL_argcheck(
                    L, text_length <= length - position - item.size, 2, "data string too short");
                lua_pushlstring(L, text + item.size, text_length);
                bytes += text_length;
                break;
            }
            case TERMINATED:
                end = memchr(text, 0, length - position);
                luaL_argcheck(L, end != NULL, 2, "unfinished string for format 'z'");
                lua_pushlstring(L, text, (size_t)(end - text));
                bytes = (size_t)(end - text) + 1;
                break;
            default:
                count--; /* takes place, but is no value */
                break;
        }
        position += bytes;
    }
    lua_pushinteger(L, (lua_Integer)position + 1);
    return count + 1;
}
