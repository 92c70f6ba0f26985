/* Going through the keys of a store: slow, and only for tests and tools. */

#include "store_shards.h"

#include <string.h>

bool gwlua_store_key_at(struct gwlua_store *store, size_t position, int64_t now, char *key, size_t *count) {
    for (int index = 0; index < SHARD_COUNT; index++) {
        struct shard *shard = &store->shards[index];
        bool is_found = false;
        pthread_mutex_lock(&shard->mutex);
        for (uint64_t chain = 0; chain <= store->chain_mask && !is_found; chain++) {
            for (struct entry *entry = shard->chains[chain]; entry && !is_found; entry = entry->next) {
                if (entry->kind != ENTRY_VALUE || entry->fresh_until <= now || position-- > 0) continue;
                memcpy(key, entry->bytes, entry->key_count);
                *count = entry->key_count;
                is_found = true;
            }
        }
        pthread_mutex_unlock(&shard->mutex);
        if (is_found) return true;
    }
    return false;
}
