/* Shards of a store; see store_shards.h. */

#include "store_shards.h"

#include <stdlib.h>

/* What malloc and the heap of ends need beside an entry itself. */
enum { ENTRY_OVERHEAD = 32 };

/* MARK: Entries */

size_t gwlua_entry_cost(const struct entry *entry) {
    return sizeof *entry + ENTRY_OVERHEAD + (size_t)entry->key_count + entry->value_count;
}

/* Times are clamped: a clock near its end must not wrap round. */
static int64_t later(int64_t now, int64_t span) { return now > FOREVER - span ? FOREVER : now + span; }

uint64_t gwlua_entry_hash(struct gwlua_store *store, const gwlua_store_call *call, int kind) {
    uint64_t hash = keyed_hash(&store->key, call->key, call->key_count);
    /* Keeps the kinds of one key out of each other's chains. */
    return hash ^ (uint64_t)kind * 0x9e3779b97f4a7c15u;
}

struct entry *gwlua_entry_new(
    struct gwlua_store *store, const gwlua_store_call *call, int kind, int type, const char *value, size_t count,
    int64_t ttl, int64_t stale) {
    struct entry *entry = malloc(sizeof *entry + call->key_count + count);
    if (!entry) return NULL;
    memset(entry, 0, sizeof *entry);
    entry->hash = gwlua_entry_hash(store, call, kind);
    entry->fresh_until = ttl > 0 ? later(call->now, ttl) : FOREVER;
    entry->kept_until = ttl > 0 ? later(entry->fresh_until, stale) : FOREVER;
    entry->heap_index = NOT_IN_HEAP;
    entry->key_count = (uint32_t)call->key_count;
    entry->value_count = (uint32_t)count;
    entry->kind = (uint8_t)kind;
    entry->type = (uint8_t)type;
    if (call->key_count) memcpy(entry->bytes, call->key, call->key_count);
    if (count) memcpy(entry->bytes + call->key_count, value, count);
    return entry;
}

void gwlua_entries_free(struct entry *list) {
    while (list) {
        struct entry *next = list->next;
        free(list);
        list = next;
    }
}

/* MARK: The heap of ends: what ends first is at 0 */

static void heap_put(struct shard *shard, struct entry *entry, uint32_t index) {
    shard->heap[index] = entry;
    entry->heap_index = index;
}

/* Moves an entry up or down to where its end belongs. */
static void heap_settle(struct shard *shard, struct entry *entry) {
    uint32_t index = entry->heap_index;
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;
        if (shard->heap[parent]->kept_until <= entry->kept_until) break;
        heap_put(shard, shard->heap[parent], index);
        index = parent;
    }
    for (;;) {
        uint64_t child = (uint64_t)index * 2 + 1;
        if (child >= shard->heap_count) break;
        if (child + 1 < shard->heap_count && shard->heap[child + 1]->kept_until < shard->heap[child]->kept_until)
            child++;
        if (shard->heap[child]->kept_until >= entry->kept_until) break;
        heap_put(shard, shard->heap[child], index);
        index = (uint32_t)child;
    }
    heap_put(shard, entry, index);
}

static void heap_remove(struct shard *shard, struct entry *entry) {
    uint32_t index = entry->heap_index;
    if (index == NOT_IN_HEAP) return;
    entry->heap_index = NOT_IN_HEAP;
    struct entry *last = shard->heap[--shard->heap_count];
    if (last == entry) return;
    heap_put(shard, last, index);
    heap_settle(shard, last);
}

static bool has_heap_room(const struct shard *shard, int64_t kept_until) {
    return kept_until == FOREVER || shard->heap_count < shard->heap_capacity;
}

static void heap_insert(struct shard *shard, struct entry *entry) {
    if (entry->kept_until == FOREVER) return;
    heap_put(shard, entry, shard->heap_count++);
    heap_settle(shard, entry);
}

bool gwlua_shard_set_end(struct shard *shard, struct entry *entry, int64_t fresh_until, int64_t kept_until) {
    bool is_in_heap = entry->heap_index != NOT_IN_HEAP;
    if (!is_in_heap && !has_heap_room(shard, kept_until)) return false;
    entry->fresh_until = fresh_until;
    entry->kept_until = kept_until;
    if (!is_in_heap) heap_insert(shard, entry);
    else if (kept_until == FOREVER) heap_remove(shard, entry);
    else heap_settle(shard, entry);
    return true;
}

/* MARK: Chains and the order of use */

static void use_unlink(struct shard *shard, struct entry *entry) {
    if (entry->newer) entry->newer->older = entry->older;
    else shard->newest = entry->older;
    if (entry->older) entry->older->newer = entry->newer;
    else shard->oldest = entry->newer;
}

static void use_link(struct shard *shard, struct entry *entry) {
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest) shard->newest->newer = entry;
    else shard->oldest = entry;
    shard->newest = entry;
}

void gwlua_shard_touch(struct gwlua_store *store, struct shard *shard, struct entry *entry) {
    if (!store->is_lru || shard->newest == entry) return;
    use_unlink(shard, entry);
    use_link(shard, entry);
}

struct entry *gwlua_shard_find(
    struct gwlua_store *store, struct shard *shard, const gwlua_store_call *call, int kind, uint64_t hash) {
    struct entry *entry = shard->chains[hash & store->chain_mask];
    while (entry && (entry->hash != hash || entry->kind != kind || entry->key_count != call->key_count ||
                     (call->key_count && memcmp(entry->bytes, call->key, call->key_count) != 0)))
        entry = entry->next;
    return entry;
}

static void unhook(struct gwlua_store *store, struct shard *shard, struct entry *entry, struct entry **garbage) {
    struct entry **link = &shard->chains[entry->hash & store->chain_mask];
    while (*link != entry) link = &(*link)->next;
    *link = entry->next;
    if (store->is_lru) use_unlink(shard, entry);
    heap_remove(shard, entry);
    shard->entries--;
    entry->next = *garbage;
    *garbage = entry;
}

void gwlua_shard_remove(
    struct gwlua_store *store, struct shard *shard, struct entry *entry, struct entry **garbage) {
    atomic_fetch_sub_explicit(&store->used, gwlua_entry_cost(entry), memory_order_relaxed);
    unhook(store, shard, entry, garbage);
}

void gwlua_shard_sweep(struct gwlua_store *store, struct shard *shard, int64_t now, struct entry **garbage) {
    for (int count = 0; count < EXPIRED_PER_CALL; count++) {
        if (shard->heap_count == 0 || shard->heap[0]->kept_until > now) return;
        gwlua_shard_remove(store, shard, shard->heap[0], garbage);
    }
}

static bool reserve(struct gwlua_store *store, size_t needed) {
    size_t used = atomic_load_explicit(&store->used, memory_order_relaxed);
    do {
        if (needed > store->limit || used > store->limit - needed) return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &store->used, &used, used + needed, memory_order_relaxed, memory_order_relaxed));
    return true;
}

int gwlua_shard_place(
    struct gwlua_store *store, struct shard *shard, struct entry *made, struct entry *old, struct entry **garbage) {
    bool frees_slot = old && old->heap_index != NOT_IN_HEAP;
    if (!frees_slot && !has_heap_room(shard, made->kept_until)) return LACKS_HEAP;
    size_t cost = gwlua_entry_cost(made);
    size_t freed = old ? gwlua_entry_cost(old) : 0;
    /* Only what it takes more than before: a full store can still replace its values. */
    if (cost > freed && !reserve(store, cost - freed)) return LACKS_BYTES;
    if (cost < freed) atomic_fetch_sub_explicit(&store->used, freed - cost, memory_order_relaxed);
    if (old) unhook(store, shard, old, garbage);
    struct entry **chain = &shard->chains[made->hash & store->chain_mask];
    made->next = *chain;
    *chain = made;
    if (store->is_lru) use_link(shard, made);
    heap_insert(shard, made);
    shard->entries++;
    return PLACED;
}

/* MARK: Making room */

static bool grow_heap(struct shard *shard) {
    pthread_mutex_lock(&shard->mutex);
    uint32_t seen = shard->heap_capacity;
    pthread_mutex_unlock(&shard->mutex);
    if (seen >= UINT32_MAX / 2) return false;
    uint32_t capacity = seen ? seen * 2 : 16;
    struct entry **grown = malloc(capacity * sizeof *grown);
    if (!grown) return false;
    pthread_mutex_lock(&shard->mutex);
    struct entry **spare = grown;
    if (shard->heap_capacity < capacity) { /* else another thread was faster */
        if (shard->heap_count) memcpy(grown, shard->heap, shard->heap_count * sizeof *grown);
        spare = shard->heap;
        shard->heap = grown;
        shard->heap_capacity = capacity;
    }
    pthread_mutex_unlock(&shard->mutex);
    free(spare);
    return true;
}

/* Removes one entry that has ended or, under `lru`, was used least lately; answers what that takes of the budget, 0
 * when there was none. */
static int evict_one(struct gwlua_store *store, struct shard *shard, int64_t now) {
    struct entry *garbage = NULL;
    int price = 0;
    pthread_mutex_lock(&shard->mutex);
    if (shard->heap_count && shard->heap[0]->kept_until <= now) {
        price = 1;
        gwlua_shard_remove(store, shard, shard->heap[0], &garbage);
    } else if (store->is_lru && shard->oldest) {
        price = EVICTION_PRICE;
        shard->evictions++;
        gwlua_shard_remove(store, shard, shard->oldest, &garbage);
    }
    pthread_mutex_unlock(&shard->mutex);
    gwlua_entries_free(garbage);
    return price;
}

bool gwlua_store_relieve(
    struct gwlua_store *store, struct shard *shard, int lacks, size_t needed, int64_t now, int *budget) {
    if (lacks == LACKS_HEAP) return grow_heap(shard);
    if (needed > store->limit) return false;
    /* Its own shard first; the others when that has nothing to give. */
    size_t first = (size_t)(shard - store->shards);
    for (size_t step = 0; step < SHARD_COUNT; step++) {
        struct shard *other = &store->shards[(first + step) % SHARD_COUNT];
        while (*budget > 0) {
            int price = evict_one(store, other, now);
            if (price == 0) break;
            *budget -= price;
            if (atomic_load_explicit(&store->used, memory_order_relaxed) <= store->limit - needed) return true;
        }
        if (*budget <= 0) return false;
    }
    return false;
}

/* MARK: Life */

static uint64_t chain_count(size_t bytes) {
    /* About two entries of the smallest size to a chain when the store is full of them. */
    size_t wanted = bytes / SHARD_COUNT / 256;
    uint64_t count = 16;
    while (count < wanted && count < (1u << 20)) count *= 2;
    return count;
}

struct gwlua_store *gwlua_store_new(size_t bytes, bool lru) {
    struct gwlua_store *store = NULL;
    if (posix_memalign((void **)&store, 64, sizeof *store) != 0) return NULL;
    memset(store, 0, sizeof *store);
    keyed_hash_seed(&store->key);
    uint64_t chains = chain_count(bytes);
    size_t overhead = sizeof *store + SHARD_COUNT * chains * sizeof(struct entry *);
    store->limit = bytes > overhead ? bytes - overhead : 0;
    store->is_lru = lru;
    store->chain_mask = chains - 1;
    for (int number = 0; number < SHARD_COUNT; number++) pthread_mutex_init(&store->shards[number].mutex, NULL);
    for (int number = 0; number < SHARD_COUNT; number++) {
        store->shards[number].chains = calloc(chains, sizeof(struct entry *));
        if (store->shards[number].chains) continue;
        gwlua_store_free(store);
        return NULL;
    }
    return store;
}

/* Unhooks all entries of a shard at once, so that the lock is not held for each. */
static struct entry *detach_all(struct gwlua_store *store, struct shard *shard) {
    struct entry *garbage = NULL;
    for (uint64_t chain = 0; shard->chains && chain <= store->chain_mask; chain++)
        while (shard->chains[chain]) gwlua_shard_remove(store, shard, shard->chains[chain], &garbage);
    return garbage;
}

void gwlua_store_clear(struct gwlua_store *store) {
    for (int number = 0; number < SHARD_COUNT; number++) {
        pthread_mutex_lock(&store->shards[number].mutex);
        struct entry *garbage = detach_all(store, &store->shards[number]);
        pthread_mutex_unlock(&store->shards[number].mutex);
        gwlua_entries_free(garbage);
    }
}

void gwlua_store_free(struct gwlua_store *store) {
    if (!store) return;
    for (int number = 0; number < SHARD_COUNT; number++) {
        struct shard *shard = &store->shards[number];
        gwlua_entries_free(detach_all(store, shard));
        free(shard->chains);
        free(shard->heap);
        pthread_mutex_destroy(&shard->mutex);
    }
    free(store);
}

void gwlua_store_count(struct gwlua_store *store, gwlua_store_counters *out) {
    memset(out, 0, sizeof *out);
    for (int number = 0; number < SHARD_COUNT; number++) {
        struct shard *shard = &store->shards[number];
        pthread_mutex_lock(&shard->mutex);
        out->entries += shard->entries;
        out->evictions += shard->evictions;
        out->hits += shard->hits;
        out->misses += shard->misses;
        pthread_mutex_unlock(&shard->mutex);
    }
    out->bytes = atomic_load_explicit(&store->used, memory_order_relaxed);
}
