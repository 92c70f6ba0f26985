#ifndef GWLUA_STORE_SHARDS_H
#define GWLUA_STORE_SHARDS_H

/* Where entries of a store lie: sixteen shards, each a hash table with a lock, the order of use, and a heap of the
 * times when entries end. Locks are held for a few moves and copies: memory is allocated before and freed after. */

#include "gwlua_store.h"
#include "keyed_hash.h"

#include <pthread.h>
#include <stdatomic.h>

/* One call evicts eight entries at most, or clears away up to 64 that have ended. */
enum { SHARD_COUNT = 16, EXPIRED_PER_CALL = 4, EVICTION_PRICE = 8, RELIEF_BUDGET = 64 };

/* A value, a meter and a lease may have the same key. */
enum { ENTRY_VALUE, ENTRY_METER, ENTRY_LEASE };

struct entry {
    struct entry *next; /* in its chain; in a list of those to be freed later */
    struct entry *newer, *older;
    uint64_t hash;
    /* When it is no longer seen, and when it goes; INT64_MAX: never. They differ while a stale value is kept. */
    int64_t fresh_until, kept_until;
    uint32_t heap_index; /* NOT_IN_HEAP without an end */
    uint32_t key_count, value_count;
    uint8_t kind, type;
    char bytes[]; /* the key, then the value */
};

#define NOT_IN_HEAP UINT32_MAX
#define FOREVER INT64_MAX

struct shard {
    _Alignas(64) pthread_mutex_t mutex;
    struct entry **chains;
    struct entry *newest, *oldest;
    struct entry **heap;
    uint32_t heap_count, heap_capacity;
    uint64_t entries, evictions, hits, misses;
};

struct gwlua_store {
    struct keyed_hash key;
    size_t limit;
    bool is_lru;
    uint64_t chain_mask;
    _Atomic size_t used;
    _Atomic uint64_t tokens;
    struct shard shards[SHARD_COUNT];
};

static inline char *entry_value(struct entry *entry) { return entry->bytes + entry->key_count; }

static inline bool is_key_too_large(const gwlua_store_call *call) {
    return call->key_count > call->key_max || call->key_count > GWLUA_STORE_KEY_MAX;
}

static inline struct shard *shard_of(struct gwlua_store *store, uint64_t hash) {
    return &store->shards[hash >> 60];
}

/* Allocates an entry for the key of a call; NULL when there is no memory. `ttl` 0: for ever. */
struct entry *gwlua_entry_new(
    struct gwlua_store *store, const gwlua_store_call *call, int kind, int type, const char *value, size_t count,
    int64_t ttl, int64_t stale);
void gwlua_entries_free(struct entry *list);
uint64_t gwlua_entry_hash(struct gwlua_store *store, const gwlua_store_call *call, int kind);

/* The following are called with the shard locked. */

/* Moves a few entries whose time is over to `garbage`. */
void gwlua_shard_sweep(struct gwlua_store *store, struct shard *shard, int64_t now, struct entry **garbage);
/* The entry that is there, even when it is past its time and only kept. */
struct entry *gwlua_shard_find(
    struct gwlua_store *store, struct shard *shard, const gwlua_store_call *call, int kind, uint64_t hash);
/* It was used now. */
void gwlua_shard_touch(struct gwlua_store *store, struct shard *shard, struct entry *entry);
/* Puts `made` in place of `old` (may be NULL), which goes to `garbage`. Otherwise answers what is missing. */
enum { PLACED, LACKS_BYTES, LACKS_HEAP };
int gwlua_shard_place(
    struct gwlua_store *store, struct shard *shard, struct entry *made, struct entry *old, struct entry **garbage);
void gwlua_shard_remove(
    struct gwlua_store *store, struct shard *shard, struct entry *entry, struct entry **garbage);
/* Another end for an entry; false when the heap needs room first. */
bool gwlua_shard_set_end(struct shard *shard, struct entry *entry, int64_t fresh_until, int64_t kept_until);

/* Called without a lock: makes room. False when that is not possible. `budget` begins at RELIEF_BUDGET. */
bool gwlua_store_relieve(
    struct gwlua_store *store, struct shard *shard, int lacks, size_t needed, int64_t now, int *budget);
size_t gwlua_entry_cost(const struct entry *entry);

#endif
