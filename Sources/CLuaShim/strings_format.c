/* string.format. Each conversion is checked here before the C library sees it. */

#include "strings_bounds.h"

#include <math.h>
#include <stdio.h>

enum {
    /* Longest conversion, with its "%" and its letter. */
    SPEC_MAX = 22,
    /* The widest number, of "%99.99f": 309 digits, 99 more, and what is around. */
    ITEM_MAX = 512,
    /* A text that is longer is not padded: the C library would read it all, and no width exceeds 99. */
    PADDED_MAX = 100,
};

/* One conversion: "%", flags, width and precision, letter. `modifiers` lie before the letter. */
struct spec {
    char text[SPEC_MAX + 8];
    size_t length;
    char letter;
};

static const char *skip_two_digits(const char *p) {
    for (int count = 0; count < 2 && *p >= '0' && *p <= '9'; count++) p++;
    return p;
}

/* Reads a conversion behind its "%"; returns what follows it. */
static const char *read_spec(lua_State *L, const char *p, struct spec *spec) {
    size_t modifiers = strspn(p, "-+ #0123456789.");
    if (modifiers + 1 >= SPEC_MAX) luaL_error(L, "invalid format (too long)");
    spec->text[0] = '%';
    memcpy(spec->text + 1, p, modifiers + 1);
    spec->text[modifiers + 2] = 0;
    spec->length = modifiers + 2;
    spec->letter = p[modifiers];
    return p + modifiers + 1;
}

/* Only those flags, a width and perhaps a precision of at most two digits may be there. */
static void check_spec(lua_State *L, const struct spec *spec, const char *flags, bool has_precision) {
    const char *p = spec->text + 1;
    p += strspn(p, flags);
    if (*p != '0') {
        p = skip_two_digits(p);
        if (*p == '.' && has_precision) p = skip_two_digits(p + 1);
    }
    if (p != spec->text + spec->length - 1) luaL_error(L, "invalid conversion specification: '%s'", spec->text);
}

/* Puts the length of an integer before the letter. */
static const char *lengthened(struct spec *spec) {
    size_t modifiers = spec->length - 1;
    memcpy(spec->text + modifiers, LUA_INTEGER_FRMLEN, sizeof LUA_INTEGER_FRMLEN);
    size_t end = modifiers + sizeof LUA_INTEGER_FRMLEN - 1;
    spec->text[end] = spec->letter;
    spec->text[end + 1] = 0;
    return spec->text;
}

/* MARK: Values as texts */

/* Pushes what "%s" shows of a value. */
static const char *push_text(lua_State *L, int index, size_t *count) {
    int field = luaL_getmetafield(L, index, "__tostring");
    if (field != LUA_TNIL) {
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        gwlua_poll(L);
        if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, count);
    }
    switch (lua_type(L, index)) {
        case LUA_TSTRING:
        case LUA_TNUMBER:
            lua_pushvalue(L, index); /* a copy: a number is changed to its text in its place */
            break;
        case LUA_TBOOLEAN:
            lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
            break;
        case LUA_TNIL:
            lua_pushliteral(L, "nil");
            break;
        default:
            field = luaL_getmetafield(L, index, "__name");
            const char *name = field == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, index);
            lua_pushfstring(L, "%s: %p", name, lua_topointer(L, index));
            if (field != LUA_TNIL) lua_remove(L, -2);
            break;
    }
    return lua_tolstring(L, -1, count);
}

static void add_text(lua_State *L, luaL_Buffer *buffer, struct spec *spec, int argument) {
    size_t count;
    const char *text = push_text(L, argument, &count);
    if (spec->length == 2) {
        gwlua_add_value_bounded(L, buffer);
        return;
    }
    luaL_argcheck(L, memchr(text, 0, count) == NULL, argument, "string contains zeros");
    check_spec(L, spec, "-", true);
    if (count >= PADDED_MAX && !strchr(spec->text, '.')) {
        gwlua_add_value_bounded(L, buffer);
        return;
    }
    char item[PADDED_MAX + 8];
    int length = snprintf(item, sizeof item, spec->text, text);
    lua_pop(L, 1);
    gwlua_add_bounded(L, buffer, item, (size_t)length);
}

/* MARK: Literals, as "%q" writes them */

static void add_quoted(lua_State *L, luaL_Buffer *buffer, const char *text, size_t count) {
    gwlua_add_bounded(L, buffer, "\"", 1);
    for (size_t index = 0; index < count; index++) {
        if (index % 256 == 0) gwlua_poll(L);
        unsigned char c = (unsigned char)text[index];
        char escape[8];
        int length = 1;
        if (c == '"' || c == '\\' || c == '\n') {
            escape[0] = '\\';
            escape[1] = (char)c;
            length = 2;
        } else if (c < 32 || c == 127) {
            /* Three digits where another one follows. */
            bool is_followed = text[index + 1] >= '0' && text[index + 1] <= '9';
            length = snprintf(escape, sizeof escape, is_followed ? "\\%03d" : "\\%d", c);
        } else {
            escape[0] = (char)c;
        }
        gwlua_add_bounded(L, buffer, escape, (size_t)length);
    }
    gwlua_add_bounded(L, buffer, "\"", 1);
}

static void add_literal(lua_State *L, luaL_Buffer *buffer, int argument) {
    char item[64];
    switch (lua_type(L, argument)) {
        case LUA_TSTRING: {
            size_t count;
            const char *text = lua_tolstring(L, argument, &count);
            add_quoted(L, buffer, text, count);
            return;
        }
        case LUA_TNUMBER: {
            lua_Number number = lua_tonumber(L, argument);
            if (lua_isinteger(L, argument)) {
                lua_Integer integer = lua_tointeger(L, argument);
                /* The smallest one cannot be written in decimal: its digits alone would be a float. */
                const char *format = integer == LUA_MININTEGER ? "0x%llx" : "%lld";
                snprintf(item, sizeof item, format, (long long)integer);
            } else if (isinf(number)) {
                strcpy(item, number > 0 ? "1e9999" : "-1e9999");
            } else if (isnan(number)) {
                strcpy(item, "(0/0)");
            } else {
                snprintf(item, sizeof item, "%a", number);
            }
            break;
        }
        case LUA_TBOOLEAN:
            strcpy(item, lua_toboolean(L, argument) ? "true" : "false");
            break;
        case LUA_TNIL:
            strcpy(item, "nil");
            break;
        default:
            luaL_argerror(L, argument, "value has no literal form");
    }
    gwlua_add_bounded(L, buffer, item, strlen(item));
}

/* MARK: format */

static void add_conversion(lua_State *L, luaL_Buffer *buffer, struct spec *spec, int argument) {
    char item[ITEM_MAX];
    int length = 0;
    switch (spec->letter) {
        case 'c':
            check_spec(L, spec, "-", false);
            length = snprintf(item, sizeof item, spec->text, (int)luaL_checkinteger(L, argument));
            break;
        case 'd':
        case 'i':
        case 'u':
        case 'o':
        case 'x':
        case 'X': {
            const char *flags = spec->letter == 'u' ? "-0" : strchr("di", spec->letter) ? "-+0 " : "-#0";
            lua_Integer value = luaL_checkinteger(L, argument);
            check_spec(L, spec, flags, true);
            length = snprintf(item, sizeof item, lengthened(spec), (LUAI_UACINT)value);
            break;
        }
        case 'a':
        case 'A':
            check_spec(L, spec, "-+ #0", true);
            length = snprintf(item, sizeof item, spec->text, luaL_checknumber(L, argument));
            break;
        case 'e':
        case 'E':
        case 'f':
        case 'g':
        case 'G': {
            lua_Number value = luaL_checknumber(L, argument);
            check_spec(L, spec, "-+ #0", true);
            length = snprintf(item, sizeof item, spec->text, value);
            break;
        }
        case 'p': {
            const void *pointer = lua_topointer(L, argument);
            check_spec(L, spec, "-", false);
            if (!pointer) spec->text[spec->length - 1] = 's';
            length = pointer ? snprintf(item, sizeof item, spec->text, pointer)
                             : snprintf(item, sizeof item, spec->text, "(null)");
            break;
        }
        case 'q':
            if (spec->length != 2) luaL_error(L, "specifier '%%q' cannot have modifiers");
            add_literal(L, buffer, argument);
            return;
        case 's':
            add_text(L, buffer, spec, argument);
            return;
        default:
            luaL_error(L, "invalid conversion '%s' to 'format'", spec->text);
    }
    gwlua_add_bounded(L, buffer, item, (size_t)length);
}

int gwlua_string_format(lua_State *L) {
    int top = lua_gettop(L), argument = 1;
    size_t length;
    const char *p = luaL_checklstring(L, 1, &length), *end = p + length, *percent;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while ((percent = memchr(p, '%', (size_t)(end - p)))) {
        gwlua_poll(L);
        gwlua_add_bounded(L, &buffer, p, (size_t)(percent - p));
        p = percent + 1;
        if (*p == '%' && p < end) {
            gwlua_add_bounded(L, &buffer, "%", 1);
            p++;
            continue;
        }
        if (++argument > top) return luaL_argerror(L, argument, "no value");
        struct spec spec;
        /* The letter may be the NUL behind the format: that is no conversion, and raises before `p` is used. */
        p = read_spec(L, p, &spec);
        add_conversion(L, &buffer, &spec, argument);
    }
    gwlua_add_bounded(L, &buffer, p, (size_t)(end - p));
    gwlua_push_bounded(L, &buffer);
    return 1;
}
