/* Pike's machine: all threads of a program go through the subject together, in the order of their preference. */

#include "re.h"

#include <string.h>

struct pending {
    uint16_t at;
    uint16_t slot; /* to set back before `at` is looked at, or NO_SLOT */
    uint32_t value;
};

enum { NO_SLOT = UINT16_MAX };

struct threads {
    uint16_t count;
    uint16_t *at;
    uint32_t *slots;
};

struct machine {
    lua_State *L;
    const struct re_program *program;
    const unsigned char *text;
    size_t count;
    size_t slot_count;
    /* The step in which an instruction was reached last. */
    uint32_t *seen;
    uint32_t step;
    struct pending *pending;
    uint32_t *current;
    unsigned until_poll;
};

static size_t aligned(size_t bytes) { return (bytes + 7) & ~(size_t)7; }

void *re_push_workspace(lua_State *L, const struct re_program *program) {
    size_t slots = 2u * (program->group_count + 1u), count = program->count;
    size_t bytes = 2 * (aligned(count * sizeof(uint16_t)) + aligned(count * slots * sizeof(uint32_t)))
                   + aligned(count * sizeof(uint32_t)) + aligned((3 * count + 8) * sizeof(struct pending))
                   + aligned(slots * sizeof(uint32_t));
    return lua_newuserdatauv(L, bytes, 0);
}

static bool holds(const struct machine *machine, int code, size_t position) {
    const unsigned char *text = machine->text;
    bool before = position > 0 && re_is_word(text[position - 1]);
    bool after = position < machine->count && re_is_word(text[position]);
    switch (code) {
    case RE_START: return position == 0;
    case RE_END: return position == machine->count;
    case RE_LINE_START: return position == 0 || text[position - 1] == '\n';
    case RE_LINE_END: return position == machine->count || text[position] == '\n';
    case RE_WORD_EDGE: return before != after;
    default: return before == after;
    }
}

static void poll_after(struct machine *machine, unsigned steps) {
    if (machine->until_poll > steps) {
        machine->until_poll -= steps;
        return;
    }
    machine->until_poll = 1024;
    gwlua_poll(machine->L);
}

/* Adds what is reached from an instruction without a byte, in order of preference. */
static void follow(struct machine *machine, struct threads *threads, int start, size_t position) {
    struct pending *pending = machine->pending;
    size_t depth = 0;
    pending[depth++] = (struct pending){(uint16_t)start, NO_SLOT, 0};
    while (depth > 0) {
        struct pending next = pending[--depth];
        poll_after(machine, 1);
        if (next.slot != NO_SLOT) {
            machine->current[next.slot] = next.value;
            continue;
        }
        int at = next.at;
        if (machine->seen[at] == machine->step) continue;
        machine->seen[at] = machine->step;
        const struct re_instruction *instruction = &machine->program->instructions[at];
        switch (instruction->code) {
        case RE_JUMP:
            pending[depth++] = (struct pending){(uint16_t)(at + instruction->first), NO_SLOT, 0};
            break;
        case RE_SPLIT:
            pending[depth++] = (struct pending){(uint16_t)(at + instruction->second), NO_SLOT, 0};
            pending[depth++] = (struct pending){(uint16_t)(at + instruction->first), NO_SLOT, 0};
            break;
        case RE_SAVE:
            pending[depth++] = (struct pending){0, instruction->set, machine->current[instruction->set]};
            pending[depth++] = (struct pending){(uint16_t)(at + 1), NO_SLOT, 0};
            machine->current[instruction->set] = (uint32_t)position;
            break;
        case RE_BYTE: case RE_ANY: case RE_SET: case RE_MATCH:
            threads->at[threads->count] = (uint16_t)at;
            memcpy(threads->slots + threads->count * machine->slot_count, machine->current,
                   machine->slot_count * sizeof(uint32_t));
            threads->count++;
            break;
        default:
            if (holds(machine, instruction->code, position))
                pending[depth++] = (struct pending){(uint16_t)(at + 1), NO_SLOT, 0};
        }
    }
}

static bool takes(const struct re_program *program, const struct re_instruction *instruction, unsigned char byte) {
    switch (instruction->code) {
    case RE_BYTE: return instruction->byte == byte;
    case RE_ANY: return byte != '\n';
    default: return re_has(&re_sets(program)[instruction->set], byte);
    }
}

/* Moves every thread over the byte at `position`; whether one of them had matched, which ends those behind it. */
static bool advance(
    struct machine *machine, const struct threads *now, struct threads *next, size_t position, uint32_t *slots) {
    const struct re_program *program = machine->program;
    next->count = 0;
    machine->step++;
    for (int index = 0; index < now->count; index++) {
        const struct re_instruction *instruction = &program->instructions[now->at[index]];
        const uint32_t *held = now->slots + (size_t)index * machine->slot_count;
        if (instruction->code == RE_MATCH) {
            memcpy(slots, held, machine->slot_count * sizeof(uint32_t));
            return true;
        }
        if (position < machine->count && takes(program, instruction, machine->text[position])) {
            memcpy(machine->current, held, machine->slot_count * sizeof(uint32_t));
            follow(machine, next, now->at[index] + 1, position + 1);
        }
    }
    return false;
}

static void *carve(char **free_space, size_t bytes) {
    void *start = *free_space;
    *free_space += aligned(bytes);
    return start;
}

bool re_search(
    lua_State *L, const struct re_program *program, void *workspace, const char *text, size_t count, size_t from,
    uint32_t *slots) {
    size_t slot_count = 2u * (program->group_count + 1u), length = program->count;
    char *space = workspace;
    struct threads lists[2];
    for (int index = 0; index < 2; index++) {
        lists[index].count = 0;
        lists[index].slots = carve(&space, length * slot_count * sizeof(uint32_t));
        lists[index].at = carve(&space, length * sizeof(uint16_t));
    }
    struct machine machine = {L, program, (const unsigned char *)text, count, slot_count, NULL, 1, NULL, NULL, 1024};
    machine.seen = carve(&space, length * sizeof(uint32_t));
    machine.pending = carve(&space, (3 * length + 8) * sizeof(struct pending));
    machine.current = carve(&space, slot_count * sizeof(uint32_t));
    memset(machine.seen, 0, length * sizeof(uint32_t));
    struct threads *now = &lists[0], *next = &lists[1];
    bool has_matched = false;
    for (size_t position = from; position <= count; position++) {
        if (now->count == 0) {
            if (has_matched || (program->is_anchored && position > 0)) break;
            while (!program->is_nullable && position < count && !re_has(&program->starts, machine.text[position])) {
                position++;
                poll_after(&machine, 1);
            }
            machine.step++; /* what was seen was seen elsewhere */
        }
        if (!has_matched && !(program->is_anchored && position > 0)) {
            memset(machine.current, 0xFF, slot_count * sizeof(uint32_t));
            follow(&machine, now, 0, position);
        }
        poll_after(&machine, now->count + 1u);
        if (advance(&machine, now, next, position, slots)) has_matched = true;
        struct threads *other = now;
        now = next;
        next = other;
    }
    return has_matched;
}
