/* Meters (rate limits) and leases: entries of a store with keys of their own. */

#include "store_shards.h"

#include <math.h>

/* One operation on one entry; it may have to give up the lock and begin again. */
struct attempt {
    struct gwlua_store *store;
    const gwlua_store_call *call;
    int kind;
    struct shard *shard;
    uint64_t hash;
    struct entry *garbage;
};

static struct entry *lock_entry(struct attempt *attempt) {
    pthread_mutex_lock(&attempt->shard->mutex);
    gwlua_shard_sweep(attempt->store, attempt->shard, attempt->call->now, &attempt->garbage);
    return gwlua_shard_find(attempt->store, attempt->shard, attempt->call, attempt->kind, attempt->hash);
}

static void unlock_entry(struct attempt *attempt) {
    pthread_mutex_unlock(&attempt->shard->mutex);
    gwlua_entries_free(attempt->garbage);
    attempt->garbage = NULL;
}

static struct attempt begin(struct gwlua_store *store, const gwlua_store_call *call, int kind) {
    uint64_t hash = gwlua_entry_hash(store, call, kind);
    return (struct attempt){
        .store = store, .call = call, .kind = kind, .shard = shard_of(store, hash), .hash = hash};
}

/* MARK: Meters */

/* GCRA in integer nanoseconds: a meter is the time at which it will be full again. One call moves it on by what its
 * cost takes to refill, unless that leads further than `depth` ahead of now. */
struct charge {
    int64_t now, step, depth;
    double unit;
    bool is_allowed;
    int64_t wait, left;
};

static int64_t charge(struct charge *charge, int64_t full_at) {
    int64_t from = full_at > charge->now ? full_at : charge->now;
    /* Both are below 2^61, so that no sum wraps. */
    int64_t ahead = from - charge->now;
    charge->is_allowed = charge->step <= charge->depth && ahead <= charge->depth - charge->step;
    if (charge->is_allowed) {
        charge->wait = 0;
        charge->left = charge->depth - ahead - charge->step;
        return from + charge->step;
    }
    /* What costs more than the meter holds will never pass; the time to refill it is the best that can be said. */
    int64_t target = charge->step <= charge->depth ? charge->depth - charge->step : 0;
    charge->wait = charge->step <= charge->depth ? ahead - target : charge->depth;
    charge->left = ahead < charge->depth ? charge->depth - ahead : 0;
    return from;
}

static int64_t nanoseconds(double units, double rate) {
    double span = units * 1e9 / rate;
    return span < 0x1p60 ? (int64_t)llround(span) : (int64_t)1 << 60;
}

int32_t gwlua_store_take(
    struct gwlua_store *store, const gwlua_store_call *call, double rate, double burst, double cost, bool *allowed,
    double *retry_after, double *remaining) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    struct charge meter = {
        .now = call->now, .step = nanoseconds(cost, rate), .depth = nanoseconds(burst, rate), .unit = 1e9 / rate};
    struct attempt attempt = begin(store, call, ENTRY_METER);
    struct entry *made = NULL;
    int32_t answer = GWLUA_STORE_OK;
    int budget = RELIEF_BUDGET;
    for (;;) {
        struct entry *entry = lock_entry(&attempt);
        int64_t full_at = call->now;
        if (entry) memcpy(&full_at, entry_value(entry), sizeof full_at);
        int64_t charged = charge(&meter, full_at);
        /* A full meter is like none, and what is refused changes nothing. */
        if (!meter.is_allowed || charged <= call->now) break;
        if (entry) {
            memcpy(entry_value(entry), &charged, sizeof charged);
            gwlua_shard_touch(store, attempt.shard, entry);
            gwlua_shard_set_end(attempt.shard, entry, charged, charged);
            break;
        }
        int lacks = LACKS_HEAP;
        if (made) {
            memcpy(entry_value(made), &charged, sizeof charged);
            made->fresh_until = made->kept_until = charged;
            lacks = gwlua_shard_place(store, attempt.shard, made, NULL, &attempt.garbage);
            if (lacks == PLACED) {
                made = NULL;
                break;
            }
        }
        unlock_entry(&attempt);
        bool can_go_on = true;
        if (!made) {
            made = gwlua_entry_new(
                store, call, ENTRY_METER, GWLUA_STORE_INTEGER, (const char *)&charged, sizeof charged, 1, 0);
            can_go_on = made != NULL;
        } else {
            can_go_on = gwlua_store_relieve(
                store, attempt.shard, lacks, gwlua_entry_cost(made), call->now, &budget);
        }
        if (can_go_on) continue;
        gwlua_entries_free(made);
        return GWLUA_STORE_NO_MEMORY;
    }
    unlock_entry(&attempt);
    gwlua_entries_free(made);
    *allowed = meter.is_allowed;
    *retry_after = (double)meter.wait / 1e9;
    /* Whole units; the rounding of a unit's nanoseconds must not take one away. */
    *remaining = floor(((double)meter.left + 1) / meter.unit);
    return answer;
}

/* MARK: Leases */

int32_t gwlua_store_lock(
    struct gwlua_store *store, const gwlua_store_call *call, int64_t duration, uint64_t *token) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    *token = atomic_fetch_add_explicit(&store->tokens, 1, memory_order_relaxed) + 1;
    struct entry *made = gwlua_entry_new(
        store, call, ENTRY_LEASE, GWLUA_STORE_INTEGER, (const char *)token, sizeof *token, duration, 0);
    if (!made) return GWLUA_STORE_NO_MEMORY;
    struct attempt attempt = begin(store, call, ENTRY_LEASE);
    int32_t answer = GWLUA_STORE_NO_MEMORY;
    int budget = RELIEF_BUDGET;
    for (;;) {
        struct entry *entry = lock_entry(&attempt);
        if (entry && entry->fresh_until > call->now) {
            answer = GWLUA_STORE_BUSY;
            break;
        }
        int lacks = gwlua_shard_place(store, attempt.shard, made, entry, &attempt.garbage);
        if (lacks == PLACED) {
            made = NULL;
            answer = GWLUA_STORE_OK;
            break;
        }
        unlock_entry(&attempt);
        if (gwlua_store_relieve(store, attempt.shard, lacks, gwlua_entry_cost(made), call->now, &budget)) continue;
        gwlua_entries_free(made);
        return answer;
    }
    unlock_entry(&attempt);
    gwlua_entries_free(made);
    return answer;
}

int32_t gwlua_store_unlock(struct gwlua_store *store, const gwlua_store_call *call, uint64_t token) {
    if (is_key_too_large(call)) return GWLUA_STORE_TOO_LARGE;
    struct attempt attempt = begin(store, call, ENTRY_LEASE);
    struct entry *entry = lock_entry(&attempt);
    bool is_ours = entry && memcmp(entry_value(entry), &token, sizeof token) == 0;
    if (is_ours) gwlua_shard_remove(store, attempt.shard, entry, &attempt.garbage);
    unlock_entry(&attempt);
    return is_ours ? GWLUA_STORE_OK : GWLUA_STORE_MISSING;
}
