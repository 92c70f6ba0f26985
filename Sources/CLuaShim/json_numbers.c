/* Numbers of JSON. Whatever the locale of the process is: a point is a point. */

#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* No number is longer, so that no loop here needs a poll. */
enum { DIGITS_MAX = 1024 };

/* Powers of ten that are exact as doubles. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { POWER_MAX = 22 };
static const double exact_max = 9007199254740992.0; /* 2^53 */

/* MARK: Reading */

struct digits {
    uint64_t mantissa;
    bool is_exact;
};

static const unsigned char *read_digits(const unsigned char *p, const unsigned char *end, struct digits *digits) {
    for (; p < end && (unsigned)(*p - '0') < 10; p++) {
        if (digits->mantissa > (UINT64_MAX - 9) / 10) digits->is_exact = false;
        else digits->mantissa = digits->mantissa * 10 + (uint64_t)(*p - '0');
    }
    return p;
}

/* For numbers of many digits. Written without a point, since what strtod takes for one is up to the locale. */
static double nearest_double(const unsigned char *start, const unsigned char *end, long exponent) {
    char digits[DIGITS_MAX + 32];
    size_t count = 0;
    for (const unsigned char *p = start; p < end && (*p | 0x20) != 'e'; p++)
        if (*p != '.') digits[count++] = (char)*p;
    snprintf(digits + count, sizeof digits - count, "e%ld", exponent);
    return strtod(digits, NULL);
}

const char *gwlua_json_read_number(lua_State *L, const unsigned char **at, const unsigned char *end) {
    const unsigned char *start = *at, *p = start;
    bool is_cut = end - start > DIGITS_MAX;
    if (is_cut) end = start + DIGITS_MAX;
    bool is_negative = *p == '-', is_integer = true;
    p += is_negative;
    struct digits digits = {0, true};
    const unsigned char *first = p;
    long exponent = 0;
    p = read_digits(p, end, &digits);
    if (p == first) goto invalid;
    if (*first == '0' && p - first > 1) {
        p = first + 1;
        goto invalid;
    }
    if (p < end && *p == '.') {
        is_integer = false;
        first = ++p;
        p = read_digits(p, end, &digits);
        if (p == first) goto invalid;
        exponent = -(long)(p - first);
    }
    if (p < end && (*p | 0x20) == 'e') {
        is_integer = false;
        p++;
        bool is_small = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) p++;
        long given = 0;
        for (first = p; p < end && (unsigned)(*p - '0') < 10; p++)
            if (given < 100000) given = given * 10 + (*p - '0');
        if (p == first) goto invalid;
        exponent += is_small ? -given : given;
    }
    if (is_cut && p == end) return "number too long";
    if (is_integer && digits.is_exact && digits.mantissa <= (uint64_t)INT64_MAX + is_negative) {
        lua_pushinteger(L, (lua_Integer)(is_negative ? 0 - digits.mantissa : digits.mantissa));
    } else if (digits.is_exact && digits.mantissa <= (uint64_t)exact_max && labs(exponent) <= POWER_MAX) {
        /* Both are exact, so that the one operation rounds correctly. */
        double number = (double)digits.mantissa;
        number = exponent < 0 ? number / powers[-exponent] : number * powers[exponent];
        lua_pushnumber(L, is_negative ? -number : number);
    } else {
        double number = nearest_double(start, p, exponent);
        if (!isfinite(number)) return "number out of range";
        lua_pushnumber(L, number);
    }
    *at = p;
    return NULL;
invalid:
    if (is_cut && p == end) return "number too long";
    *at = p;
    return "invalid number";
}

/* MARK: Writing */

size_t gwlua_json_write_integer(char *out, lua_Integer number) {
    char digits[24];
    size_t first = sizeof digits, count = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do digits[--first] = (char)('0' + rest % 10); while (rest /= 10);
    if (number < 0) out[count++] = '-';
    memcpy(out + count, digits + first, sizeof digits - first);
    return count + sizeof digits - first;
}

/* Numbers with a few decimals, as most are: the fewest that are read as the same number again. */
static size_t write_decimals(char *out, double number) {
    double size = fabs(number);
    for (int decimals = 1; decimals <= 9; decimals++) {
        double scaled = size * powers[decimals] + 0.5;
        if (scaled >= exact_max) return 0;
        scaled = (double)(lua_Integer)scaled;
        if (scaled / powers[decimals] != size) continue;
        char digits[24];
        size_t count = gwlua_json_write_integer(digits, (lua_Integer)scaled), written = 0, fraction = (size_t)decimals;
        if (number < 0) out[written++] = '-';
        size_t whole = count > fraction ? count - fraction : 0;
        if (whole == 0) out[written++] = '0';
        memcpy(out + written, digits, whole);
        written += whole;
        out[written++] = '.';
        for (size_t zeros = fraction - (count - whole); zeros > 0; zeros--) out[written++] = '0';
        memcpy(out + written, digits + whole, count - whole);
        return written + count - whole;
    }
    return 0;
}

size_t gwlua_json_write_float(char *out, double number) {
    /* A whole number gets no point: `n / 2` is a float in Lua, and readers of typed fields refuse 5.0 where they want
     * 5. Minus zero would lose its sign. */
    if (number == 0 && signbit(number)) {
        memcpy(out, "-0.0", 4);
        return 4;
    }
    if (fabs(number) < exact_max) {
        lua_Integer whole = (lua_Integer)number;
        if ((double)whole == number) return gwlua_json_write_integer(out, whole);
        size_t written = write_decimals(out, number);
        if (written > 0) return written;
    }
    int count = 0;
    for (int precision = 15; precision <= 17; precision++) {
        count = snprintf(out, GWLUA_JSON_NUMBER_MAX, "%.*g", precision, number);
        if (strtod(out, NULL) == number) break;
    }
    for (int index = 0; index < count; index++) {
        bool is_known = (out[index] >= '0' && out[index] <= '9') || strchr("+-e", out[index]);
        if (!is_known) out[index] = '.'; /* what the locale has in its place, one byte in all of Debian's but a few */
    }
    return (size_t)count;
}
