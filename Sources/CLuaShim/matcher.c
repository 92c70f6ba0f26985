/* The matcher backtracks like Lua's own, and agrees with it in results, errors and the limit of depth. Errors of a
 * pattern are therefore found only when matching gets to them. Unlike Lua's it polls, and it looks ahead: a repetition
 * that is followed by a certain character is only tried where that character is. */

#include "strings_single.h"

#include <string.h>

typedef struct gwlua_matcher matcher;

/* Behind a "%" these have a meaning of their own. */
enum { HAS_MEANING = GWLUA_UPPER | GWLUA_LOWER | GWLUA_DIGIT };

static inline bool is_repetition(char c) { return c == '*' || c == '+' || c == '?' || c == '-'; }

/* MARK: Items of several characters */

static const char *match(matcher *m, const char *s, const char *p);

/* `p` is what follows "%b". */
static const char *match_balance(matcher *m, const char *s, const char *p) {
    if (m->pattern_end - p < 2) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s == m->subject_end || *s != *p) return NULL;
    char opening = p[0], closing = p[1];
    ptrdiff_t open = 1;
    while (++s < m->subject_end) {
        gwlua_charge(m, 1);
        if (*s == closing) {
            if (--open == 0) return s + 1;
        } else if (*s == opening) {
            open++;
        }
    }
    return NULL;
}

/* Whether the set at `p` begins between the characters before and at `s`; a NUL stands for the subject's borders. */
static bool is_frontier(matcher *m, const char *s, const char *p, const char **rest) {
    if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
    struct gwlua_single set;
    *rest = gwlua_read_single(m, p, &set);
    gwlua_charge(m, (*rest - p) / 8);
    unsigned before = s == m->subject ? 0 : gwlua_byte_at(s - 1);
    return !gwlua_single_has(&set, before) && gwlua_single_has(&set, s == m->subject_end ? 0 : gwlua_byte_at(s));
}

static const char *match_reference(matcher *m, const char *s, unsigned digit) {
    int index = (int)digit - '1';
    if (index < 0 || index >= m->count || m->captures[index].length == GWLUA_CAPTURE_OPEN)
        luaL_error(m->L, "invalid capture index %%%d", index + 1);
    ptrdiff_t length = m->captures[index].length;
    if (length < 0 || m->subject_end - s < length) return NULL; /* a position stands for no text */
    gwlua_charge(m, length / 32);
    return memcmp(m->captures[index].start, s, (size_t)length) == 0 ? s + length : NULL;
}

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t length) {
    if (m->count >= GWLUA_CAPTURES_MAX) luaL_error(m->L, "too many captures");
    m->captures[m->count++] = (struct gwlua_capture){s, length};
    const char *end = match(m, s, p);
    if (!end) m->count--;
    return end;
}

/* The innermost open capture, or -1. */
static int find_open(const matcher *m) {
    int index = m->count - 1;
    while (index >= 0 && m->captures[index].length != GWLUA_CAPTURE_OPEN) index--;
    return index;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
    int index = find_open(m);
    if (index < 0) luaL_error(m->L, "invalid pattern capture");
    m->captures[index].length = s - m->captures[index].start;
    const char *end = match(m, s, p);
    if (!end) m->captures[index].length = GWLUA_CAPTURE_OPEN;
    return end;
}

/* MARK: Repetitions */

/* The character without which nothing matches from `p` on, or -1 when that is not known. One end of a capture is
 * looked through, when it has a beginning: otherwise the error is to be found. */
static int required_character(const matcher *m, const char *p) {
    if (m->depth < 3) return -1; /* where matching is about to be too deep, it is to find out */
    if (p < m->pattern_end && *p == ')' && find_open(m) >= 0) p++;
    if (p == m->pattern_end) return -1;
    int c = (int)gwlua_byte_at(p);
    if (gwlua_byte_sets[c] & GWLUA_PUNCTUATION) {
        if (c == '%') {
            if (++p == m->pattern_end || gwlua_byte_sets[gwlua_byte_at(p)] & HAS_MEANING) return -1;
            c = (int)gwlua_byte_at(p);
        } else if (c == '.' || c == '[' || c == '(' || c == ')' || c == '$') {
            return -1;
        }
    }
    return is_repetition(p[1]) && p[1] != '+' ? -1 : c;
}

/* The longest repetition first. `p` is what follows it. */
static const char *match_longest(matcher *m, struct gwlua_single *single, const char *s, const char *p) {
    const char *longest = gwlua_pass_single(m, single, s, m->subject_end, true);
    if (m->depth > 0) {
        if (p == m->pattern_end) return longest;
        /* The end of the subject can only be where the longest one ends. */
        if (*p == '$' && p + 1 == m->pattern_end) return longest == m->subject_end ? longest : NULL;
        if (*p == ')' && p[1] == '$' && p + 2 == m->pattern_end && m->depth > 1 && find_open(m) >= 0)
            return longest == m->subject_end ? match(m, longest, p) : NULL;
    }
    int required = required_character(m, p);
    for (;;) {
        if (required >= 0) {
            if (longest == m->subject_end) longest--;
            while (longest >= s && gwlua_byte_at(longest) != (unsigned)required) {
                longest--;
                gwlua_charge(m, 1);
            }
        }
        if (longest < s) return NULL;
        const char *end = match(m, longest, p);
        if (end) return end;
        longest--;
    }
}

/* The shortest repetition first. */
static const char *match_shortest(matcher *m, struct gwlua_single *single, const char *s, const char *p) {
    int required = required_character(m, p);
    for (;;) {
        if (required >= 0) {
            if (single->kind == GWLUA_ANY) {
                const char *found = memchr(s, required, (size_t)(m->subject_end - s));
                gwlua_charge(m, ((found ? found : m->subject_end) - s) / 16);
                if (!found) return NULL;
                s = found;
            } else {
                for (;; s++) {
                    if (s == m->subject_end) return NULL;
                    if (gwlua_byte_at(s) == (unsigned)required) break;
                    gwlua_charge(m, single->kind == GWLUA_SET ? 1 + (single->set_end - single->set) / 16 : 1);
                    if (!gwlua_single_has(single, gwlua_byte_at(s))) return NULL;
                }
            }
        }
        const char *end = match(m, s, p);
        if (end) return end;
        if (s == m->subject_end || !gwlua_single_has(single, gwlua_byte_at(s))) return NULL;
        s++;
    }
}

/* MARK: Patterns */

/* Matches the rest `p` of the pattern at `s`; returns where the match ends, or NULL. */
static const char *match(matcher *m, const char *s, const char *p) {
    if (m->depth == 0) luaL_error(m->L, "pattern too complex");
    m->depth--;
    while (s && p < m->pattern_end) {
        gwlua_charge(m, 1);
        switch (*p) {
            case '(':
                s = p[1] == ')' ? open_capture(m, s, p + 2, GWLUA_CAPTURE_POSITION)
                                : open_capture(m, s, p + 1, GWLUA_CAPTURE_OPEN);
                goto done;
            case ')':
                s = close_capture(m, s, p + 1);
                goto done;
            case '$':
                if (p + 1 != m->pattern_end) break;
                if (s != m->subject_end) s = NULL;
                goto done;
            case '%':
                if (p[1] == 'b') {
                    s = match_balance(m, s, p + 2);
                    p += 4;
                    continue;
                }
                if (p[1] == 'f') {
                    if (!is_frontier(m, s, p + 2, &p)) s = NULL;
                    continue;
                }
                if (gwlua_byte_sets[gwlua_byte_at(p + 1)] & GWLUA_DIGIT) {
                    s = match_reference(m, s, gwlua_byte_at(p + 1));
                    p += 2;
                    continue;
                }
                break;
            default:
                if (gwlua_byte_sets[gwlua_byte_at(p)] & GWLUA_MAGIC || is_repetition(p[1])) break;
                s = s < m->subject_end && *s == *p ? s + 1 : NULL;
                p++;
                continue;
        }
        struct gwlua_single single;
        const char *rest = gwlua_read_single(m, p, &single);
        if (single.kind == GWLUA_SET) gwlua_charge(m, (rest - p) / 16);
        bool is_in = s < m->subject_end && gwlua_single_has(&single, gwlua_byte_at(s));
        switch (*rest) {
            case '?':
                if (is_in) {
                    const char *end = match(m, s + 1, rest + 1);
                    if (end) {
                        s = end;
                        goto done;
                    }
                }
                p = rest + 1;
                continue;
            case '+':
                s = is_in ? match_longest(m, &single, s + 1, rest + 1) : NULL;
                goto done;
            case '*':
            case '-':
                if (!is_in) {
                    p = rest + 1;
                    continue;
                }
                s = *rest == '*' ? match_longest(m, &single, s, rest + 1) : match_shortest(m, &single, s, rest + 1);
                goto done;
            default:
                s = is_in ? s + 1 : NULL;
                p = rest;
        }
    }
done:
    m->depth++;
    return s;
}

/* MARK: Searching */

void gwlua_matcher_begin(
    struct gwlua_matcher *m, lua_State *L, const char *subject, size_t subject_length, const char *pattern,
    size_t pattern_length) {
    if (pattern_length > GWLUA_PATTERN_MAX) luaL_error(L, "pattern too long");
    m->L = L;
    m->subject = subject;
    m->subject_end = subject + subject_length;
    m->pattern = pattern;
    m->pattern_end = pattern + pattern_length;
    m->steps = GWLUA_STEPS_PER_POLL;
    m->depth = GWLUA_MATCH_DEPTH;
    m->count = 0;
}

const char *gwlua_matcher_at(struct gwlua_matcher *m, const char *start) {
    m->count = 0;
    return match(m, start, m->pattern);
}

/* Reads the one character that every match begins with, if there is such an item. */
static bool read_lead(matcher *m, struct gwlua_single *lead) {
    const char *p = m->pattern;
    if (*p == '(' && p[1] != ')') p++;
    if (p >= m->pattern_end || *p == '(' || *p == ')' || *p == '$' || *p == '.') return false;
    if (*p == '%') {
        if (p[1] == 'b' && m->pattern_end - p >= 4) {
            lead->is_negated = false;
            gwlua_be_character(lead, gwlua_byte_at(p + 2));
            return true;
        }
        if (p[1] == 'b' || p[1] == 'f' || gwlua_byte_sets[gwlua_byte_at(p + 1)] & GWLUA_DIGIT) return false;
    }
    char repetition = *gwlua_read_single(m, p, lead);
    return !is_repetition(repetition) || repetition == '+';
}

const char *gwlua_matcher_next(struct gwlua_matcher *m, const char *s, const char *last, const char **match_end) {
    struct gwlua_single lead;
    bool has_lead = read_lead(m, &lead);
    for (;; s++) {
        if (has_lead) {
            if (lead.kind == GWLUA_CHARACTER && !lead.is_negated) {
                const char *found = memchr(s, lead.value, (size_t)(m->subject_end - s));
                gwlua_charge(m, ((found ? found : m->subject_end) - s) / 16);
                s = found ? found : m->subject_end;
            } else {
                s = gwlua_pass_single(m, &lead, s, m->subject_end, false);
            }
            if (s == m->subject_end) return NULL;
        }
        const char *end = gwlua_matcher_at(m, s);
        if (end && end != last) {
            *match_end = end;
            return s;
        }
        if (s == m->subject_end) return NULL;
    }
}

/* MARK: Captures */

ptrdiff_t gwlua_matcher_capture(
    struct gwlua_matcher *m, int index, const char *start, const char *end, const char **text) {
    if (index >= m->count) {
        if (index != 0) luaL_error(m->L, "invalid capture index %%%d", index + 1);
        *text = start;
        return end - start;
    }
    struct gwlua_capture *capture = &m->captures[index];
    if (capture->length == GWLUA_CAPTURE_OPEN) luaL_error(m->L, "unfinished capture");
    if (capture->length == GWLUA_CAPTURE_POSITION) lua_pushinteger(m->L, capture->start - m->subject + 1);
    *text = capture->start;
    return capture->length;
}

void gwlua_matcher_push_capture(struct gwlua_matcher *m, int index, const char *start, const char *end) {
    const char *text;
    ptrdiff_t length = gwlua_matcher_capture(m, index, start, end, &text);
    if (length != GWLUA_CAPTURE_POSITION) lua_pushlstring(m->L, text, (size_t)length);
}

int gwlua_matcher_push_captures(struct gwlua_matcher *m, const char *start, const char *end, bool whole) {
    int count = m->count == 0 && whole ? 1 : m->count;
    luaL_checkstack(m->L, count, "too many captures");
    for (int index = 0; index < count; index++) gwlua_matcher_push_capture(m, index, start, end);
    return count;
}
