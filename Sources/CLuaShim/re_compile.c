/* From a pattern to a program, in one pass: code of an atom is moved and copied for what follows it. */

#include "re.h"

#include <string.h>

struct compiler {
    lua_State *L;
    const char *pattern;
    int length, at, depth;
    bool folds, dot_takes_newline, is_multiline;
    int count, set_count, group_count;
    struct re_instruction code[RE_PROGRAM_MAX];
    struct re_set sets[RE_SETS_MAX];
};

static void alternatives(struct compiler *c);

static void refuse(struct compiler *c, const char *what) {
    luaL_error(c->L, "re: %s at byte %d", what, c->at + 1);
}

static void emit(struct compiler *c, struct re_instruction instruction) {
    if (c->count >= RE_PROGRAM_MAX - 2) refuse(c, "the expression is too large");
    c->code[c->count++] = instruction;
}

static void emit_code(struct compiler *c, int code) { emit(c, (struct re_instruction){.code = (uint8_t)code}); }

static void emit_jump(struct compiler *c, int code, int first, int second, bool is_lazy) {
    emit(c, (struct re_instruction){.code = (uint8_t)code, .first = (int16_t)(is_lazy ? second : first),
                                    .second = (int16_t)(is_lazy ? first : second)});
}

/* Makes room for one instruction in front of `start`. */
static struct re_instruction *open_gap(struct compiler *c, int start) {
    emit_code(c, RE_JUMP);
    memmove(&c->code[start + 1], &c->code[start], (size_t)(c->count - 1 - start) * sizeof *c->code);
    return &c->code[start];
}

/* MARK: Sets */

static void emit_set(struct compiler *c, struct re_set set) {
    if (c->folds) re_fold(&set);
    int index = 0;
    while (index < c->set_count && memcmp(&c->sets[index], &set, sizeof set) != 0) index++;
    if (index == c->set_count) {
        if (c->set_count == RE_SETS_MAX) refuse(c, "the expression has too many classes");
        c->sets[c->set_count++] = set;
    }
    emit(c, (struct re_instruction){.code = RE_SET, .set = (uint16_t)index});
}

/* MARK: Atoms */

static int peek(const struct compiler *c) { return c->at < c->length ? (unsigned char)c->pattern[c->at] : -1; }

static int hex_value(int byte) { return re_is_digit(byte) ? byte - '0' : (byte | 32) - 'a' + 10; }

/* A byte that is written with a backslash, which is behind us. */
static int escaped_byte(struct compiler *c) {
    int letter = peek(c);
    if (letter < 0) refuse(c, "a backslash ends the expression");
    c->at++;
    switch (letter) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 'f': return '\f';
    case 'v': return '\v';
    case '0': return 0;
    case 'x': {
        if (c->at + 2 > c->length || !re_is_hex((unsigned char)c->pattern[c->at])
            || !re_is_hex((unsigned char)c->pattern[c->at + 1]))
            refuse(c, "\\x takes two hexadecimal digits");
        int value = hex_value((unsigned char)c->pattern[c->at]) * 16 + hex_value((unsigned char)c->pattern[c->at + 1]);
        c->at += 2;
        return value;
    }
    default:
        if (re_is_digit(letter)) refuse(c, "references to groups are not supported");
        if (re_is_alpha(letter)) refuse(c, "an unknown escape");
        return letter;
    }
}

static bool add_named_class(struct compiler *c, struct re_set *set) {
    static const struct {
        const char *name;
        bool (*has)(int);
    } classes[] = {{"alpha", re_is_alpha}, {"digit", re_is_digit}, {"alnum", re_is_alnum}, {"upper", re_is_upper},
                   {"lower", re_is_lower}, {"space", re_is_space}, {"punct", re_is_punct}, {"xdigit", re_is_hex},
                   {"word", re_is_word_byte},   {"blank", re_is_blank}, {"cntrl", re_is_cntrl}, {"print", re_is_print},
                   {"graph", re_is_graph}};
    if (c->at + 1 >= c->length || c->pattern[c->at + 1] != ':') return false;
    const char *name = c->pattern + c->at + 2;
    bool is_negated = c->at + 2 < c->length && *name == '^';
    if (is_negated) name++;
    for (size_t index = 0; index < sizeof classes / sizeof *classes; index++) {
        size_t count = strlen(classes[index].name);
        size_t left = (size_t)(c->pattern + c->length - name);
        if (left < count + 2 || memcmp(name, classes[index].name, count) != 0 || memcmp(name + count, ":]", 2) != 0)
            continue;
        re_add_all(set, classes[index].has, is_negated);
        c->at = (int)(name + count + 2 - c->pattern);
        return true;
    }
    refuse(c, "an unknown class");
    return false;
}

/* One end of a range; -1 where a whole class was added. */
static int class_member(struct compiler *c, struct re_set *set) {
    int byte = peek(c);
    if (byte < 0) refuse(c, "missing \"]\"");
    if (byte == '[' && add_named_class(c, set)) return -1;
    c->at++;
    if (byte != '\\') return byte;
    if (peek(c) == 'b') {
        c->at++;
        return '\b';
    }
    if (peek(c) >= 0 && re_add_escape(set, peek(c))) {
        c->at++;
        return -1;
    }
    return escaped_byte(c);
}

static void class(struct compiler *c) {
    struct re_set set = {{0}};
    bool is_negated = peek(c) == '^';
    if (is_negated) c->at++;
    for (bool is_first = true; is_first || peek(c) != ']'; is_first = false) {
        int low = class_member(c, &set);
        int high = low;
        if (low >= 0 && peek(c) == '-' && c->at + 1 < c->length && c->pattern[c->at + 1] != ']') {
            c->at++;
            high = class_member(c, &set);
            if (high < low) refuse(c, "a range that ends before it begins");
        }
        for (int byte = low; low >= 0 && byte <= high; byte++) re_add_byte(&set, byte);
    }
    c->at++;
    if (c->folds) re_fold(&set);
    if (is_negated) re_invert(&set);
    emit_set(c, set);
}

static void literal(struct compiler *c, int byte) {
    if (c->folds && re_is_alpha(byte)) {
        struct re_set set = {{0}};
        re_add_byte(&set, byte);
        emit_set(c, set);
        return;
    }
    emit(c, (struct re_instruction){.code = RE_BYTE, .byte = (uint8_t)byte});
}

static void escape(struct compiler *c) {
    int letter = peek(c);
    struct re_set set = {{0}};
    int edge = letter == 'b' ? RE_WORD_EDGE : letter == 'B' ? RE_NO_WORD_EDGE
               : letter == 'A' ? RE_START : letter == 'z' ? RE_END : -1;
    if (edge >= 0) {
        c->at++;
        emit_code(c, edge);
    } else if (letter >= 0 && re_add_escape(&set, letter)) {
        c->at++;
        emit_set(c, set);
    } else {
        literal(c, escaped_byte(c));
    }
}

static void group(struct compiler *c) {
    int number = 0;
    if (++c->depth > RE_DEPTH_MAX) refuse(c, "groups are nested too deep");
    if (peek(c) == '?') {
        if (c->at + 1 >= c->length || c->pattern[c->at + 1] != ':')
            refuse(c, "named groups, flags and look-around are not supported");
        c->at += 2;
    } else {
        number = ++c->group_count;
        if (number > RE_GROUPS_MAX) refuse(c, "too many groups");
        emit(c, (struct re_instruction){.code = RE_SAVE, .set = (uint16_t)(2 * number)});
    }
    alternatives(c);
    if (peek(c) != ')') refuse(c, "missing \")\"");
    c->at++;
    c->depth--;
    if (number > 0) emit(c, (struct re_instruction){.code = RE_SAVE, .set = (uint16_t)(2 * number + 1)});
}

static void atom(struct compiler *c) {
    int byte = peek(c);
    c->at++;
    switch (byte) {
    case '(': group(c); break;
    case '[': class(c); break;
    case '\\': escape(c); break;
    case '^': emit_code(c, c->is_multiline ? RE_LINE_START : RE_START); break;
    case '$': emit_code(c, c->is_multiline ? RE_LINE_END : RE_END); break;
    case '.':
        if (c->dot_takes_newline) {
            struct re_set all = {{0}};
            re_invert(&all);
            emit_set(c, all);
        } else {
            emit_code(c, RE_ANY);
        }
        break;
    case '*': case '+': case '?':
        c->at--;
        refuse(c, "nothing to repeat");
        break;
    default: literal(c, byte);
    }
}

/* MARK: Repeats */

/* `{n}`, `{n,}` or `{n,m}`, else false: then the brace is a literal. */
static bool counts(struct compiler *c, int *least, int *most) {
    int at = c->at + 1, values[2] = {0, -1};
    for (int index = 0; index < 2; index++) {
        int start = at, value = 0;
        while (at < c->length && re_is_digit((unsigned char)c->pattern[at])) {
            value = value * 10 + c->pattern[at++] - '0';
            if (value > RE_REPEAT_MAX) refuse(c, "a repeat of more than 1000");
        }
        if (at > start) values[index] = value;
        else if (index == 0) return false;
        if (index == 0 && at < c->length && c->pattern[at] == '}') {
            values[1] = value;
            break;
        }
        if (index == 0 && (at >= c->length || c->pattern[at++] != ',')) return false;
    }
    if (at >= c->length || c->pattern[at] != '}') return false;
    if (values[1] >= 0 && values[1] < values[0]) refuse(c, "a repeat whose end is before its start");
    c->at = at + 1;
    *least = values[0];
    *most = values[1];
    return true;
}

static void copy_atom(struct compiler *c, const int start, int length) {
    for (int index = 0; index < length; index++) emit(c, c->code[start + index]);
}

static void repeat(struct compiler *c, int start, int least, int most, bool is_lazy) {
    int length = c->count - start;
    if (length == 0) return;
    if (most == 0) {
        c->count = start;
        return;
    }
    if (least == 0) {
        /* All of it may be left out. */
        int rest = most < 0 ? length + 2 : length + 1;
        if (most > 1) rest = most * (length + 1);
        *open_gap(c, start) = (struct re_instruction){
            .code = RE_SPLIT, .first = (int16_t)(is_lazy ? rest : 1), .second = (int16_t)(is_lazy ? 1 : rest)};
        if (most < 0) emit_jump(c, RE_JUMP, -(length + 1), 0, false);
        for (int left = most - 1; left > 0; left--) {
            emit_jump(c, RE_SPLIT, 1, left * (length + 1), is_lazy);
            copy_atom(c, start + 1, length);
        }
        return;
    }
    for (int made = 1; made < least; made++) copy_atom(c, start, length);
    if (most < 0) emit_jump(c, RE_SPLIT, -length, 1, is_lazy);
    for (int left = most - least; left > 0; left--) {
        emit_jump(c, RE_SPLIT, 1, left * (length + 1), is_lazy);
        copy_atom(c, start, length);
    }
}

static void quantified(struct compiler *c) {
    int start = c->count;
    atom(c);
    for (int repeats = 0;; repeats++) {
        int least, most, byte = peek(c);
        if (byte == '*' || byte == '+' || byte == '?') {
            least = byte == '+';
            most = byte == '?' ? 1 : -1;
            if (repeats == 0) c->at++;
        } else if (byte != '{' || !counts(c, &least, &most)) {
            return;
        }
        if (repeats > 0) refuse(c, "a repeat of a repeat");
        bool is_lazy = peek(c) == '?';
        if (is_lazy) c->at++;
        else if (peek(c) == '+') refuse(c, "possessive repeats are not supported");
        repeat(c, start, least, most, is_lazy);
    }
}

static void alternatives(struct compiler *c) {
    int start = c->count;
    while (peek(c) >= 0 && peek(c) != '|' && peek(c) != ')') quantified(c);
    if (peek(c) != '|') return;
    c->at++;
    open_gap(c, start);
    int jump = c->count;
    emit_code(c, RE_JUMP);
    c->code[start] = (struct re_instruction){.code = RE_SPLIT, .first = 1, .second = (int16_t)(jump + 1 - start)};
    alternatives(c); /* as deep as a pattern of 1 KiB has bars */
    c->code[jump].first = (int16_t)(c->count - jump);
}

/* MARK: What a match can begin with */

static void find_starts(struct re_program *program) {
    uint8_t seen[RE_PROGRAM_MAX] = {0};
    uint16_t stack[2 * RE_PROGRAM_MAX];
    int depth = 0;
    stack[depth++] = 0;
    while (depth > 0) {
        int at = stack[--depth];
        if (seen[at]) continue;
        seen[at] = 1;
        const struct re_instruction *instruction = &program->instructions[at];
        switch (instruction->code) {
        case RE_BYTE: re_add_byte(&program->starts, instruction->byte); break;
        case RE_ANY: case RE_SET:
            for (int byte = 0; byte < 256; byte++)
                if (instruction->code == RE_ANY ? byte != '\n'
                                                : re_has(&re_sets(program)[instruction->set], (unsigned char)byte))
                    re_add_byte(&program->starts, byte);
            break;
        case RE_SPLIT:
            stack[depth++] = (uint16_t)(at + instruction->first);
            stack[depth++] = (uint16_t)(at + instruction->second);
            break;
        case RE_JUMP: stack[depth++] = (uint16_t)(at + instruction->first); break;
        case RE_MATCH: program->is_nullable = true; break;
        default: stack[depth++] = (uint16_t)(at + 1);
        }
    }
}

static void read_flags(struct compiler *c, const char *flags) {
    for (; *flags; flags++) {
        switch (*flags) {
        case 'i': c->folds = true; break;
        case 's': c->dot_takes_newline = true; break;
        case 'm': c->is_multiline = true; break;
        default: luaL_error(c->L, "re: unknown flag \"%c\"; flags are i, s and m", *flags);
        }
    }
}

struct re_program *re_compile(lua_State *L, const char *pattern, size_t count, const char *flags) {
    if (count > RE_PATTERN_MAX) luaL_error(L, "re: an expression has %d bytes at most", (int)RE_PATTERN_MAX);
    struct compiler *c = lua_newuserdatauv(L, sizeof *c, 0);
    memset(c, 0, offsetof(struct compiler, code));
    c->L = L;
    c->pattern = pattern;
    c->length = (int)count;
    read_flags(c, flags);
    emit(c, (struct re_instruction){.code = RE_SAVE, .set = 0});
    alternatives(c);
    if (peek(c) == ')') refuse(c, "\")\" without \"(\"");
    c->code[c->count++] = (struct re_instruction){.code = RE_SAVE, .set = 1};
    c->code[c->count++] = (struct re_instruction){.code = RE_MATCH};
    size_t code_bytes = (size_t)c->count * sizeof *c->code, set_bytes = (size_t)c->set_count * sizeof *c->sets;
    struct re_program *program = lua_newuserdatauv(L, sizeof *program + code_bytes + set_bytes, 0);
    memset(program, 0, sizeof *program);
    program->count = (uint16_t)c->count;
    program->set_count = (uint16_t)c->set_count;
    program->group_count = (uint16_t)c->group_count;
    program->is_anchored = c->code[1].code == RE_START;
    memcpy(program->instructions, c->code, code_bytes);
    memcpy(program->instructions + c->count, c->sets, set_bytes);
    find_starts(program);
    lua_remove(L, -2);
    return program;
}
