#ifndef GWLUA_JSON_H
#define GWLUA_JSON_H

/* What the JSON files share, and what other modules borrow of them. */

#include "internal.h"

#include <string.h>

enum { GWLUA_JSON_DEPTH_MAX = 128, GWLUA_JSON_DEPTH = 64 };

/* Its address is `json.null`: a light userdata, so that it is one value in the whole process and not false. */
extern char gwlua_json_null;

/* Pushes the metatable that tells an empty array from an empty object. Protected: a script that could reach it would
 * add a finalizer to it. */
void gwlua_push_array_mark(lua_State *L);

/* Memory of a call that grows in place. It belongs to a userdata, so that an error frees it. */
struct gwlua_scratch {
    void *bytes;
    size_t room;
};
struct gwlua_scratch *gwlua_push_scratch(lua_State *L);
/* Raises when there is no memory; a size of 0 never does. */
void gwlua_resize_scratch(lua_State *L, struct gwlua_scratch *scratch, size_t room);

/* A key of a table, where it lies in Lua's memory. `head` is its first eight bytes as a number: most comparisons end
 * there. `slot` is where its value lies on the stack, 0 when it has to be looked up. */
struct gwlua_key {
    uint64_t head;
    const char *text;
    size_t count;
    int slot;
};
/* The string at `index`, which must be one already. */
struct gwlua_key gwlua_key_at(lua_State *L, int index, int slot);
/* By their bytes. */
void gwlua_sort_keys(lua_State *L, struct gwlua_key *keys, size_t count);

/* The bytes of `text` before the first one that is a quote, a backslash, a control character or not ASCII. */
static inline const unsigned char *gwlua_json_plain_end(const unsigned char *text, const unsigned char *end) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = 0x0101010101010101u;
    while (end - text >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        /* The top bit of a byte gets set by a borrow when the byte is what is looked for. Borrows only disturb the
         * bytes behind such a one, and the first one is what counts. */
        uint64_t found = (word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones)) &
                         ones * 0x80;
        if (found) return text + __builtin_ctzll(found) / 8;
        text += 8;
    }
#endif
    while (text < end && *text >= 0x20 && *text < 0x80 && *text != '"' && *text != '\\') text++;
    return text;
}

/* The length of the UTF-8 sequence that starts here with a byte above 0x7f; 0 when it is not a valid one. */
static inline size_t gwlua_utf8_sequence(const unsigned char *text, const unsigned char *end) {
    size_t room = (size_t)(end - text);
    unsigned char lead = text[0];
    if (lead < 0xc2 || lead > 0xf4 || room < 2) return 0;
    if (lead < 0xe0) return (text[1] & 0xc0) == 0x80 ? 2 : 0;
    /* The second byte also excludes overlong forms, surrogates and what is behind U+10FFFF. */
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < low || text[1] > high || room < 3 || (text[2] & 0xc0) != 0x80) return 0;
    if (lead < 0xf0) return 3;
    return room >= 4 && (text[3] & 0xc0) == 0x80 ? 4 : 0;
}

/* json_numbers.c */

/* Pushes the number that starts at `*at` and moves behind it; returns what is wrong with it, or NULL. */
const char *gwlua_json_read_number(lua_State *L, const unsigned char **at, const unsigned char *end);
enum { GWLUA_JSON_NUMBER_MAX = 40 };
/* Writes at most GWLUA_JSON_NUMBER_MAX bytes and returns how many; the float must be finite. */
size_t gwlua_json_write_integer(char *out, lua_Integer number);
size_t gwlua_json_write_float(char *out, double number);

/* json_decode.c */
int gwlua_json_decode(lua_State *L);

#endif
