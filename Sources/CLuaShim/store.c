/* Operations of a store. Each locks one shard for a few steps; what it needs of memory is there before, and what it
 * drops is freed after. */

#include "store_shards.h"

#include <math.h>

/* One operation on one entry, between `begin` and `end`. */
struct access {
    struct gwlua_store *store;
    const gwlua_store_call *call;
    struct shard *shard;
    uint64_t hash;
    int kind;
    /* What lies there, and the same when it is fresh. */
    struct entry *entry, *fresh;
    struct entry *garbage;
};

static void lock(struct access *access) {
    pthread_mutex_lock(&access->shard->mutex);
    gwlua_shard_sweep(access->store, access->shard, access->call->now, &access->garbage);
    access->entry = gwlua_shard_find(access->store, access->shard, access->call, access->kind, access->hash);
    access->fresh = access->entry && access->entry->fresh_until > access->call->now ? access->entry : NULL;
    if (access->fresh) gwlua_shard_touch(access->store, access->shard, access->fresh);
}

static struct access begin(struct gwlua_store *store, const gwlua_store_call *call, int kind) {
    struct access access = {.store = store, .call = call, .kind = kind};
    access.hash = gwlua_entry_hash(store, call, kind);
    access.shard = shard_of(store, access.hash);
    lock(&access);
    return access;
}

static void end(struct access *access) {
    pthread_mutex_unlock(&access->shard->mutex);
    gwlua_entries_free(access->garbage);
    access->garbage = NULL;
}

/* Puts `*made` in place. When room has to be made first the lock is given up meanwhile, so that all has to be decided
 * anew: true then, and the shard is locked again. `*made` is NULL once it is placed; `*answer` says what became of
 * it. */
static bool place(struct access *access, struct entry **made, int *budget, int32_t *answer) {
    int outcome = gwlua_shard_place(access->store, access->shard, *made, access->entry, &access->garbage);
    if (outcome == PLACED) {
        access->entry = access->fresh = *made;
        *made = NULL;
        *answer = GWLUA_STORE_OK;
        return false;
    }
    size_t needed = gwlua_entry_cost(*made);
    end(access);
    bool has_room =
        gwlua_store_relieve(access->store, access->shard, outcome, needed, access->call->now, budget);
    lock(access);
    if (has_room) return true;
    *answer = GWLUA_STORE_NO_MEMORY;
    return false;
}

/* MARK: Values */

static bool is_number(int type) { return type == GWLUA_STORE_INTEGER || type == GWLUA_STORE_FLOAT; }

static bool has_bytes(int type) { return type == GWLUA_STORE_STRING || type == GWLUA_STORE_JSON; }

/* The bytes that a value is stored as. */
static const char *stored_bytes(const gwlua_store_value *value, size_t *count) {
    if (has_bytes(value->type)) {
        *count = value->count;
        return value->bytes;
    }
    *count = 8;
    return value->type == GWLUA_STORE_FLOAT ? (const char *)&value->number : (const char *)&value->integer;
}

/* Reads a stored value; its bytes stay where they are. */
static gwlua_store_value read_value(struct entry *entry) {
    gwlua_store_value value = {.type = entry->type};
    if (has_bytes(entry->type)) {
        value.bytes = entry_value(entry);
        value.count = entry->value_count;
    } else if (entry->type == GWLUA_STORE_FLOAT) {
        memcpy(&value.number, entry_value(entry), sizeof value.number);
    } else {
        memcpy(&value.integer, entry_value(entry), sizeof value.integer);
    }
    return value;
}

static void write_value(struct entry *entry, const gwlua_store_value *value) {
    size_t count;
    const char *bytes = stored_bytes(value, &count);
    entry->type = (uint8_t)value->type;
    memcpy(entry_value(entry), bytes, count);
}

/* Moves the bytes of a value to a buffer when they fit; they are lost otherwise, and their count tells. */
static void copy_out(gwlua_store_value *value, char *buffer, size_t capacity) {
    if (!has_bytes(value->type)) return;
    if (value->count > capacity) {
        value->bytes = NULL;
        return;
    }
    if (value->count) memcpy(buffer, value->bytes, value->count);
    value->bytes = buffer ? buffer : "";
}

/* Integers and floats compare without rounding: 2^53 + 1 is not 2^53. */
static bool equals_number(const gwlua_store_value *one, const gwlua_store_value *other) {
    if (one->type == other->type)
        return one->type == GWLUA_STORE_INTEGER ? one->integer == other->integer : one->number == other->number;
    int64_t integer = one->type == GWLUA_STORE_INTEGER ? one->integer : other->integer;
    double number = one->type == GWLUA_STORE_FLOAT ? one->number : other->number;
    return number >= -0x1p63 && number < 0x1p63 && number == floor(number) && (int64_t)number == integer;
}

static bool equals(const gwlua_store_value *one, const gwlua_store_value *other) {
    if (is_number(one->type) && is_number(other->type)) return equals_number(one, other);
    if (one->type != other->type) return false;
    if (!has_bytes(one->type)) return one->integer == other->integer;
    return one->count == other->count && (one->count == 0 || memcmp(one->bytes, other->bytes, one->count) == 0);
}

static double as_double(const gwlua_store_value *value) {
    return value->type == GWLUA_STORE_INTEGER ? (double)value->integer : value->number;
}

static gwlua_store_value sum(const gwlua_store_value *one, const gwlua_store_value *other) {
    gwlua_store_value result = {.type = GWLUA_STORE_INTEGER};
    if (one->type == GWLUA_STORE_INTEGER && other->type == GWLUA_STORE_INTEGER &&
        !__builtin_add_overflow(one->integer, other->integer, &result.integer))
        return result;
    return (gwlua_store_value){.type = GWLUA_STORE_FLOAT, .number = as_double(one) + as_double(other)};
}

/* An entry for a value that is within its limits. */
static int32_t make(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *value, int64_t ttl,
    int64_t stale, struct entry **made) {
    size_t count;
    const char *bytes = stored_bytes(value, &count);
    if (has_bytes(value->type) && (count > call->value_max || count > GWLUA_STORE_VALUE_MAX))
        return GWLUA_STORE_TOO_LARGE;
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    *made = gwlua_entry_new(store, call, ENTRY_VALUE, value->type, bytes, count, ttl, stale);
    return *made ? GWLUA_STORE_OK : GWLUA_STORE_NO_MEMORY;
}

/* MARK: Reading */

int32_t gwlua_store_get(
    struct gwlua_store *store, const gwlua_store_call *call, bool stale, char *buffer, size_t capacity,
    gwlua_store_value *out) {
    memset(out, 0, sizeof *out);
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    struct access access = begin(store, call, ENTRY_VALUE);
    struct entry *found = access.fresh;
    if (!found && stale && access.entry && access.entry->kept_until > call->now) found = access.entry;
    if (found) {
        access.shard->hits++;
        *out = read_value(found);
        copy_out(out, buffer, capacity);
    } else {
        access.shard->misses++;
    }
    end(&access);
    return found ? GWLUA_STORE_OK : GWLUA_STORE_MISSING;
}

int32_t gwlua_store_ttl(struct gwlua_store *store, const gwlua_store_call *call, int64_t *out) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    struct access access = begin(store, call, ENTRY_VALUE);
    bool is_there = access.fresh != NULL;
    if (is_there) *out = access.fresh->fresh_until == FOREVER ? 0 : access.fresh->fresh_until - call->now;
    end(&access);
    return is_there ? GWLUA_STORE_OK : GWLUA_STORE_MISSING;
}

/* MARK: Writing */

int32_t gwlua_store_set(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *value, int64_t ttl,
    int64_t stale) {
    struct entry *made = NULL;
    int32_t answer = make(store, call, value, ttl, stale, &made);
    if (answer != GWLUA_STORE_OK) return answer;
    int budget = RELIEF_BUDGET;
    struct access access = begin(store, call, ENTRY_VALUE);
    while (place(&access, &made, &budget, &answer)) continue;
    end(&access);
    gwlua_entries_free(made);
    return answer;
}

int32_t gwlua_store_add(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *value, int64_t ttl) {
    struct entry *made = NULL;
    int32_t answer = make(store, call, value, ttl, 0, &made);
    if (answer != GWLUA_STORE_OK) return answer;
    int budget = RELIEF_BUDGET;
    struct access access = begin(store, call, ENTRY_VALUE);
    do {
        answer = GWLUA_STORE_EXISTS;
    } while (!access.fresh && place(&access, &made, &budget, &answer));
    end(&access);
    gwlua_entries_free(made);
    return answer;
}

static bool remove_kind(struct gwlua_store *store, const gwlua_store_call *call, int kind) {
    struct access access = begin(store, call, kind);
    bool was_there = access.fresh != NULL;
    if (access.entry) gwlua_shard_remove(store, access.shard, access.entry, &access.garbage);
    end(&access);
    return was_there;
}

int32_t gwlua_store_delete(struct gwlua_store *store, const gwlua_store_call *call) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    remove_kind(store, call, ENTRY_METER);
    return remove_kind(store, call, ENTRY_VALUE) ? GWLUA_STORE_OK : GWLUA_STORE_MISSING;
}

int32_t gwlua_store_incr(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *delta,
    const gwlua_store_value *initial, int64_t ttl, gwlua_store_value *out) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    if (!is_number(delta->type) || !is_number(initial->type)) return GWLUA_STORE_NOT_A_NUMBER;
    struct entry *made = NULL;
    int32_t answer = GWLUA_STORE_OK;
    int budget = RELIEF_BUDGET;
    struct access access = begin(store, call, ENTRY_VALUE);
    for (;;) {
        if (access.fresh) {
            gwlua_store_value value = read_value(access.fresh);
            answer = is_number(value.type) ? GWLUA_STORE_OK : GWLUA_STORE_NOT_A_NUMBER;
            if (answer != GWLUA_STORE_OK) break;
            *out = sum(&value, delta);
            write_value(access.fresh, out);
            break;
        }
        *out = sum(initial, delta);
        if (made) {
            if (!place(&access, &made, &budget, &answer)) break;
            continue;
        }
        /* Most calls find their number; only the first has to give up the lock for memory. */
        end(&access);
        answer = make(store, call, out, ttl, 0, &made);
        lock(&access);
        if (answer != GWLUA_STORE_OK) break;
    }
    end(&access);
    gwlua_entries_free(made);
    return answer;
}

int32_t gwlua_store_cas(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *expected,
    const gwlua_store_value *value, int64_t ttl, char *buffer, size_t capacity, gwlua_store_value *out) {
    memset(out, 0, sizeof *out);
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    struct entry *made = NULL;
    int32_t answer = value ? make(store, call, value, ttl, 0, &made) : GWLUA_STORE_OK;
    if (answer != GWLUA_STORE_OK) return answer;
    int budget = RELIEF_BUDGET;
    struct access access = begin(store, call, ENTRY_VALUE);
    for (;;) {
        if (access.fresh) {
            gwlua_store_value there = read_value(access.fresh);
            if (!expected || !equals(&there, expected)) {
                *out = there;
                copy_out(out, buffer, capacity);
                answer = GWLUA_STORE_DIFFERENT;
                break;
            }
        } else if (expected) {
            answer = GWLUA_STORE_MISSING;
            break;
        }
        answer = GWLUA_STORE_OK;
        if (made) {
            if (place(&access, &made, &budget, &answer)) continue;
        } else if (access.entry) {
            gwlua_shard_remove(store, access.shard, access.entry, &access.garbage);
        }
        break;
    }
    end(&access);
    gwlua_entries_free(made);
    return answer;
}

int32_t gwlua_store_expire(struct gwlua_store *store, const gwlua_store_call *call, int64_t ttl) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    int64_t until = ttl > 0 && call->now < FOREVER - ttl ? call->now + ttl : FOREVER;
    int32_t answer = GWLUA_STORE_OK;
    int budget = RELIEF_BUDGET;
    struct access access = begin(store, call, ENTRY_VALUE);
    for (;;) {
        answer = access.fresh ? GWLUA_STORE_OK : GWLUA_STORE_MISSING;
        if (!access.fresh || gwlua_shard_set_end(access.shard, access.fresh, until, until)) break;
        end(&access);
        bool has_room = gwlua_store_relieve(store, access.shard, LACKS_HEAP, 0, call->now, &budget);
        lock(&access);
        if (has_room) continue;
        answer = GWLUA_STORE_NO_MEMORY;
        break;
    }
    end(&access);
    return answer;
}
