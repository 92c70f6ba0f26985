#ifndef GWLUA_METRICS_SERIES_H
#define GWLUA_METRICS_SERIES_H

/* A family's memory: metrics.c keeps families, metrics_series.c counts in them, metrics_scrape.c adds up. */

#include "gwlua_metrics.h"
#include "keyed_hash.h"

#include <pthread.h>
#include <stdatomic.h>

struct gwlua_series {
    uint64_t hash;
    uint32_t index;
    /* Under the family's lock: holders of children, what the last scrape saw, and since when. */
    uint32_t pins;
    _Atomic bool is_dropped;
    double seen;
    int64_t seen_at;
    /* For each label a byte with the length, and the value. */
    uint32_t key_count;
    char key[];
};

typedef _Atomic uint64_t cell; /* a count, or the bits of a double */

/* Whether the thread of a column uses series right now; a cache line each. */
struct column_use {
    _Alignas(64) _Atomic uint32_t is_inside;
};

struct gwlua_family {
    _Atomic uint32_t references;
    struct keyed_hash key;
    int32_t kind;
    char *name, *help;
    char *labels[GWLUA_METRIC_LABELS_MAX];
    uint32_t label_count;
    double buckets[GWLUA_METRIC_BUCKETS_MAX];
    uint32_t bucket_count;
    uint32_t max_series;
    double expire;
    /* Under the registry's lock: whether scrapes see it, and the round in which it was declared last. */
    bool is_visible;
    int64_t round;
    struct gwlua_family *next;

    unsigned column_count;
    /* Cells of one series; a gauge that may be dropped has a second one that tells whether it was written. */
    uint32_t cells_per_series;
    /* Taken to add or drop series, never to count. */
    pthread_mutex_t mutex;
    uint32_t slot_mask;
    /* Open addressing. Readers do not lock: a slot is filled only once its series is complete. */
    _Atomic(struct gwlua_series *) *slots;
    /* By index; the last is the overflow series, made when it is needed. */
    _Atomic(struct gwlua_series *) *series;
    _Atomic uint32_t series_end;
    uint32_t live_count;
    /* Scrapes that are under way, under the lock. */
    uint32_t scrape_count;
    _Atomic uint64_t overflow_count;
    /* One more than there are workers. Only where series may be dropped: NULL otherwise. */
    struct column_use *uses;
    unsigned use_count;
    /* Written by one thread each, and allocated by it at its first count. Gauges have the first only. */
    _Atomic(cell *) columns[];
};

/* The tables of a new family; false when there is no memory. */
bool gwlua_family_open_series(struct gwlua_family *family, unsigned workers);
void gwlua_family_close_series(struct gwlua_family *family);
/* With the lock: nobody finds the series any more. Whoever is inside may have. */
void gwlua_series_drop(struct gwlua_family *family, struct gwlua_series *series);
/* Copies `text` with what a scrape cannot carry (invalid UTF-8, control bytes) replaced by `_`, cut to `capacity`
 * bytes. Answers the length. */
size_t gwlua_clean_text(char *out, size_t capacity, const char *text, size_t count);

static inline double cell_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t cell_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#endif
