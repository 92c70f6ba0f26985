/* The module `time`: dates of HTTP and RFC 3339, as seconds of Unix time. With own arithmetic: the C library's depends
 * on the locale and the zone of the process. */

#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char days[7][10] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
static const int64_t first_second = -62167219200, last_second = 253402300799;

struct date {
    int year, month, day, hour, minute, second, weekday;
};

/* MARK: The calendar. Years begin in March here, so that a leap day is the last one of its year. */

static int64_t days_since_epoch(int year, int month, int day) {
    int64_t shifted = (int64_t)year + 400 - (month <= 2); /* above zero, and 400 years have whole days */
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719468 - 146097;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static bool is_valid(const struct date *date) {
    static const char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date->month < 1 || date->month > 12 || date->day < 1) return false;
    int length = lengths[date->month - 1] + (date->month == 2 && is_leap(date->year));
    /* A leap second is read as the first one of the next minute. */
    return date->day <= length && date->hour <= 23 && date->minute <= 59 && date->second <= 60;
}

static int64_t seconds_of(const struct date *date) {
    int64_t day = days_since_epoch(date->year, date->month, date->day);
    return ((day * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

/* `seconds` must be within the years 0 to 9999. */
static struct date date_of(int64_t seconds) {
    int64_t since = seconds - first_second; /* not negative from here on */
    int64_t day = since / 86400;
    int rest = (int)(since % 86400);
    struct date date = {.hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60};
    date.weekday = (int)((day + 6) % 7); /* the year 0 began with a Saturday */
    int64_t shifted = day + 146097 - 60; /* since the 1st of March, 400 years before */
    int64_t era = shifted / 146097;
    int day_of_era = (int)(shifted % 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (5 * day_of_year + 2) / 153;
    date.day = day_of_year - (153 * month + 2) / 5 + 1;
    date.month = month < 10 ? month + 3 : month - 9;
    date.year = (int)(era * 400) + year_of_era - 400 + (date.month <= 2);
    return date;
}

/* MARK: Reading. Each function moves behind what it read, and returns false when it is not there. */

struct reader {
    const char *at, *end;
};

static bool literal(struct reader *r, const char *text) {
    size_t count = strlen(text);
    if ((size_t)(r->end - r->at) < count || memcmp(r->at, text, count) != 0) return false;
    r->at += count;
    return true;
}

static bool digits(struct reader *r, int count, int *number) {
    if (r->end - r->at < count) return false;
    *number = 0;
    for (int index = 0; index < count; index++) {
        if (r->at[index] < '0' || r->at[index] > '9') return false;
        *number = *number * 10 + (r->at[index] - '0');
    }
    r->at += count;
    return true;
}

static bool month_name(struct reader *r, int *month) {
    for (*month = 1; *month <= 12; ++*month)
        if (literal(r, months[*month - 1])) return true;
    return false;
}

static bool clock_time(struct reader *r, struct date *date) {
    return digits(r, 2, &date->hour) && literal(r, ":") && digits(r, 2, &date->minute) && literal(r, ":") &&
           digits(r, 2, &date->second);
}

/* Behind the day's name: "Sun, 06 Nov 1994 08:49:37 GMT". */
static bool imf_date(struct reader *r, struct date *date) {
    return literal(r, ", ") && digits(r, 2, &date->day) && literal(r, " ") && month_name(r, &date->month) &&
           literal(r, " ") && digits(r, 4, &date->year) && literal(r, " ") && clock_time(r, date) && literal(r, " GMT");
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool rfc850_date(lua_State *L, struct reader *r, struct date *date) {
    if (!(literal(r, ", ") && digits(r, 2, &date->day) && literal(r, "-") && month_name(r, &date->month) &&
          literal(r, "-") && digits(r, 2, &date->year) && literal(r, " ") && clock_time(r, date) &&
          literal(r, " GMT")))
        return false;
    /* RFC 9110: a year that appears to be more than 50 years in the future is the last one with these digits. */
    int64_t now = gwlua_wall_clock_ns(L) / 1000000000;
    if (now < first_second || now > last_second - 100 * (int64_t)31556952) return false;
    int this_year = date_of(now).year;
    date->year += this_year - this_year % 100;
    if (date->year > this_year + 50) date->year -= 100;
    else if (date->year <= this_year - 50) date->year += 100;
    return date->year >= 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_date(struct reader *r, struct date *date) {
    if (!(literal(r, " ") && month_name(r, &date->month) && literal(r, " "))) return false;
    if (!(literal(r, " ") ? digits(r, 1, &date->day) : digits(r, 2, &date->day))) return false;
    return literal(r, " ") && clock_time(r, date) && literal(r, " ") && digits(r, 4, &date->year);
}

static bool http_date(lua_State *L, struct reader *r, struct date *date) {
    for (int day = 0; day < 7; day++) {
        char name[4] = {days[day][0], days[day][1], days[day][2], 0};
        if (literal(r, days[day])) return rfc850_date(L, r, date);
        if (literal(r, name)) return r->at < r->end && *r->at == ',' ? imf_date(r, date) : asctime_date(r, date);
    }
    return false;
}

static int refuse_date(lua_State *L) {
    lua_pushnil(L);
    lua_pushliteral(L, "invalid date");
    return 2;
}

static int time_parse_http(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    struct reader reader = {text, text + count};
    struct date date = {0};
    if (!http_date(L, &reader, &date) || reader.at < reader.end || !is_valid(&date)) return refuse_date(L);
    int64_t seconds = seconds_of(&date);
    if (seconds > last_second) return refuse_date(L); /* its leap second */
    lua_pushinteger(L, seconds);
    return 1;
}

static int time_parse_iso(lua_State *L) {
    size_t count;
    const char *text = luaL_checklstring(L, 1, &count);
    if (count > 64) return refuse_date(L);
    struct reader r = {text, text + count};
    struct date date = {0};
    if (!(digits(&r, 4, &date.year) && literal(&r, "-") && digits(&r, 2, &date.month) && literal(&r, "-") &&
          digits(&r, 2, &date.day) && (literal(&r, "T") || literal(&r, "t") || literal(&r, " ")) &&
          clock_time(&r, &date) && is_valid(&date)))
        return refuse_date(L);
    double fraction = 0;
    bool has_fraction = literal(&r, ".");
    if (has_fraction) {
        double numerator = 0, denominator = 1;
        const char *start = r.at;
        for (; r.at < r.end && *r.at >= '0' && *r.at <= '9'; r.at++) {
            if (r.at - start >= 12) continue; /* less than a double can say of a date */
            numerator = numerator * 10 + (*r.at - '0');
            denominator *= 10;
        }
        if (r.at == start) return refuse_date(L);
        fraction = numerator / denominator;
    }
    int hours = 0, minutes = 0;
    bool is_west = false;
    if (!literal(&r, "Z") && !literal(&r, "z")) {
        is_west = literal(&r, "-");
        if (!is_west && !literal(&r, "+")) return refuse_date(L);
        if (!(digits(&r, 2, &hours) && literal(&r, ":") && digits(&r, 2, &minutes)) || hours > 23 || minutes > 59)
            return refuse_date(L);
    }
    int64_t offset = (hours * 60 + minutes) * 60, seconds = seconds_of(&date) + (is_west ? offset : -offset);
    if (r.at < r.end || seconds < first_second || seconds > last_second) return refuse_date(L);
    if (has_fraction) lua_pushnumber(L, (double)seconds + fraction);
    else lua_pushinteger(L, seconds);
    return 1;
}

/* MARK: Writing */

/* The whole seconds of argument 1, rounded down, and what is above them. */
static int64_t check_seconds(lua_State *L, double *fraction) {
    *fraction = 0;
    if (lua_isinteger(L, 1)) {
        lua_Integer seconds = lua_tointeger(L, 1);
        luaL_argcheck(L, seconds >= first_second && seconds <= last_second, 1, "not within the years 0 to 9999");
        return seconds;
    }
    double seconds = luaL_checknumber(L, 1), whole = floor(seconds);
    luaL_argcheck(
        L, whole >= (double)first_second && whole <= (double)last_second, 1, "not within the years 0 to 9999");
    *fraction = seconds - whole;
    return (int64_t)whole;
}

static int time_format_http(lua_State *L) {
    double fraction;
    struct date date = date_of(check_seconds(L, &fraction));
    char text[64];
    int count = snprintf(
        text, sizeof text, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", days[date.weekday], date.day,
        months[date.month - 1], date.year, date.hour, date.minute, date.second);
    lua_pushlstring(L, text, (size_t)count);
    return 1;
}

/* Without digits the fraction is cut off, since rounding up would name a second that has not come. With digits it is
 * rounded: the double nearest to .123 may lie below it. */
static int time_format_iso(lua_State *L) {
    double fraction;
    int64_t seconds = check_seconds(L, &fraction);
    lua_Integer count = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, count >= 0 && count <= 9, 2, "the number of digits must be from 0 to 9");
    int64_t scale = 1, scaled = 0;
    for (lua_Integer digit = 0; digit < count; digit++) scale *= 10;
    if (count > 0) scaled = (int64_t)nearbyint(fraction * (double)scale);
    if (count > 0 && scaled >= scale) {
        if (seconds < last_second) {
            scaled = 0;
            seconds++;
        } else {
            scaled = scale - 1;
        }
    }
    struct date date = date_of(seconds);
    char text[64], decimals[16] = "";
    if (count > 0) snprintf(decimals, sizeof decimals, ".%0*lld", (int)count, (long long)scaled);
    int written = snprintf(
        text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%.10sZ", date.year, date.month, date.day, date.hour,
        date.minute, date.second, decimals);
    lua_pushlstring(L, text, (size_t)written);
    return 1;
}

void gwlua_open_time(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"parse_http", time_parse_http}, {"format_http", time_format_http}, {"parse_iso", time_parse_iso},
        {"format_iso", time_format_iso}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
}
