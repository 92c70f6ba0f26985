/* Chains such as `a.b.c.d`: when one fails, this release of Lua recurses over all of it to word the error, searching
 * the function anew for each link. 30000 links, which fit in 64 KiB, overflow a stack of 2 MiB; shorter ones take
 * long. */

#include "engine.h"

#include <string.h>

enum { LINKS_MAX = 100, LEVELS_MAX = 250 };

/* Brackets: an index, a group whose value a chain may go on from, or something else. */
enum bracket_kind { INDEX, GROUP, CALL, OTHER };

struct level {
    enum bracket_kind kind;
    int links;
};

struct reader {
    const char *at, *end;
    int line;
    /* Links of the expression that has just been read, and whether the next token can add one. */
    int links;
    bool is_open;
    int depth;
    struct level levels[LEVELS_MAX];
};

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}
static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/* Moves past `[==[ … ]==]`; false when there is none here. */
static bool skip_long(struct reader *reader) {
    const char *at = reader->at + 1;
    while (at < reader->end && *at == '=') at++;
    if (at >= reader->end || *at != '[') return false;
    size_t marks = (size_t)(at - reader->at) - 1;
    for (at++; at < reader->end; at++) {
        if (*at == '\n') reader->line++;
        if (*at != ']' || (size_t)(reader->end - at) < marks + 2) continue;
        size_t equal = 0;
        while (equal < marks && at[1 + equal] == '=') equal++;
        if (equal == marks && at[1 + marks] == ']') {
            reader->at = at + marks + 2;
            return true;
        }
    }
    reader->at = reader->end;
    return true;
}

static void skip_quoted(struct reader *reader) {
    char quote = *reader->at++;
    while (reader->at < reader->end && *reader->at != quote) {
        if (*reader->at == '\n') reader->line++;
        reader->at += *reader->at == '\\' && reader->at + 1 < reader->end ? 2 : 1;
    }
    if (reader->at < reader->end) reader->at++;
}

static void skip_comment(struct reader *reader) {
    reader->at += 2;
    if (reader->at < reader->end && *reader->at == '[' && skip_long(reader)) return;
    while (reader->at < reader->end && *reader->at != '\n') reader->at++;
}

static bool is_keyword(const char *name, size_t count) {
    static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "false", "for", "function",
                                           "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return", "then",
                                           "true", "until", "while", NULL};
    for (const char *const *keyword = keywords; *keyword; keyword++)
        if (strlen(*keyword) == count && memcmp(*keyword, name, count) == 0) return true;
    return false;
}

static void end_expression(struct reader *reader, bool is_open) {
    reader->links = 0;
    reader->is_open = is_open;
}

static void read_name(struct reader *reader) {
    const char *start = reader->at;
    while (reader->at < reader->end && (is_letter(*reader->at) || is_digit(*reader->at))) reader->at++;
    end_expression(reader, !is_keyword(start, (size_t)(reader->at - start)));
}

/* Moves past spaces and comments; false at the end. */
static bool skip_space(struct reader *reader) {
    while (reader->at < reader->end) {
        char byte = *reader->at;
        if (byte == '-' && reader->at + 1 < reader->end && reader->at[1] == '-') {
            skip_comment(reader);
        } else if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            if (byte == '\n') reader->line++;
            reader->at++;
        } else {
            return true;
        }
    }
    return false;
}

/* A dot: a link, or an operator of two or three of them. */
static void read_dot(struct reader *reader) {
    reader->at++;
    if (reader->at < reader->end && *reader->at == '.') {
        while (reader->at < reader->end && *reader->at == '.') reader->at++;
        end_expression(reader, false);
        return;
    }
    int links = reader->is_open ? reader->links + 1 : 0;
    if (skip_space(reader) && is_letter(*reader->at)) read_name(reader);
    reader->links = links;
    reader->is_open = true;
}

static void open_bracket(struct reader *reader, char byte) {
    enum bracket_kind kind = OTHER;
    if (byte == '[') kind = reader->is_open ? INDEX : OTHER;
    else if (reader->is_open) kind = CALL;
    else if (byte == '(') kind = GROUP;
    reader->levels[reader->depth++] = (struct level){kind, reader->links};
    end_expression(reader, false);
    reader->at++;
}

static void close_bracket(struct reader *reader) {
    reader->at++;
    if (reader->depth == 0) return; /* the parser refuses it */
    struct level level = reader->levels[--reader->depth];
    switch (level.kind) {
    case INDEX: reader->links = level.links + 1, reader->is_open = true; break;
    case GROUP: reader->is_open = true; break;
    case CALL: end_expression(reader, true); break; /* a result has no name */
    case OTHER: end_expression(reader, false);
    }
}

int gwlua_long_chain(gwlua_text source) {
    struct reader reader;
    reader.at = (const char *)source.bytes;
    reader.end = reader.at + source.count;
    reader.line = 1;
    reader.depth = 0;
    end_expression(&reader, false);
    /* A first line that begins so is no Lua. */
    if (source.count > 0 && *reader.at == '#') while (reader.at < reader.end && *reader.at != '\n') reader.at++;
    while (skip_space(&reader)) {
        char byte = *reader.at;
        if (is_letter(byte)) {
            read_name(&reader);
        } else if (is_digit(byte)) {
            while (reader.at < reader.end
                   && (is_letter(*reader.at) || is_digit(*reader.at) || *reader.at == '.'))
                reader.at++;
            end_expression(&reader, false);
        } else if (byte == '"' || byte == '\'' ) {
            bool is_argument = reader.is_open;
            skip_quoted(&reader);
            end_expression(&reader, is_argument);
        } else if (byte == '.') {
            read_dot(&reader);
        } else if (byte == '[' && reader.at + 1 < reader.end && (reader.at[1] == '[' || reader.at[1] == '=')
                   && skip_long(&reader)) {
            end_expression(&reader, reader.is_open);
        } else if (byte == '(' || byte == '[' || byte == '{') {
            if (reader.depth == LEVELS_MAX) return 0; /* the parser refuses it: 200 are its limit */
            open_bracket(&reader, byte);
        } else if (byte == ')' || byte == ']' || byte == '}') {
            close_bracket(&reader);
        } else {
            reader.at++;
            end_expression(&reader, false);
        }
        if (reader.links > LINKS_MAX) return reader.line;
    }
    return 0;
}
