/* Series of a family: found without a lock, counted in columns that have one writer each. */

#include "metrics_series.h"

#include <stdlib.h>

/* Marks a slot whose series was dropped: what lies behind it has to be found still. */
static struct gwlua_series tombstone;

/* MARK: Label values */

/* Bytes of the UTF-8 sequence at `text`; 0 when it is not a valid one. */
static size_t sequence_length(const unsigned char *text, size_t count) {
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc0 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3
                    : text[0] < 0xf8 ? 4 : 0;
    if (length <= 1) return length;
    if (length > count) return 0;
    unsigned point = text[0] & (0xffu >> (length + 1));
    for (size_t at = 1; at < length; at++) {
        if ((text[at] & 0xc0) != 0x80) return 0;
        point = point << 6 | (text[at] & 0x3fu);
    }
    bool is_valid = point >= least[length] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return is_valid ? length : 0;
}

size_t gwlua_clean_text(char *out, size_t capacity, const char *text, size_t count) {
    const unsigned char *from = (const unsigned char *)text;
    size_t made = 0;
    for (size_t at = 0; at < count;) {
        if (from[at] >= 0x20 && from[at] < 0x7f) { /* nearly all of them */
            if (made == capacity) break;
            out[made++] = text[at++];
            continue;
        }
        size_t length = sequence_length(from + at, count - at);
        bool is_bad = length == 0 || from[at] < 0x20 || from[at] == 0x7f;
        if (length == 0) length = 1;
        if (made + length > capacity) break;
        if (is_bad) out[made] = '_';
        else for (size_t byte = 0; byte < length; byte++) out[made + byte] = text[at + byte];
        made += length;
        at += length;
    }
    return made;
}

enum { KEY_MAX = GWLUA_METRIC_LABELS_MAX * (GWLUA_METRIC_VALUE_MAX + 1) };

static uint32_t build_key(const struct gwlua_family *family, const gwlua_metric_text *labels, char key[KEY_MAX]) {
    uint32_t count = 0;
    for (uint32_t label = 0; label < family->label_count; label++) {
        size_t length = gwlua_clean_text(
            key + count + 1, GWLUA_METRIC_VALUE_MAX, labels[label].bytes, labels[label].count);
        key[count] = (char)(unsigned char)length;
        count += 1 + (uint32_t)length;
    }
    return count;
}

/* MARK: The table */

static struct gwlua_series *look_up(
    const struct gwlua_family *family, const char *key, uint32_t count, uint64_t hash) {
    for (uint32_t step = 0; step <= family->slot_mask; step++) {
        struct gwlua_series *series =
            atomic_load_explicit(&family->slots[(hash + step) & family->slot_mask], memory_order_seq_cst);
        if (!series) return NULL;
        if (series != &tombstone && series->hash == hash && series->key_count == count &&
            memcmp(series->key, key, count) == 0)
            return series;
    }
    return NULL;
}

static struct gwlua_series *make(const char *key, uint32_t count, uint64_t hash, uint32_t index) {
    struct gwlua_series *series = calloc(1, sizeof *series + count);
    if (!series) return NULL;
    series->hash = hash;
    series->index = index;
    series->seen_at = -1;
    series->key_count = count;
    memcpy(series->key, key, count);
    return series;
}

/* A place for one more series; `max_series` when there is none. Those that were dropped have given theirs back. */
static uint32_t free_index(struct gwlua_family *family) {
    uint32_t end = atomic_load_explicit(&family->series_end, memory_order_relaxed);
    if (end < family->max_series) {
        atomic_store_explicit(&family->series_end, end + 1, memory_order_release);
        return end;
    }
    if (family->live_count >= family->max_series) return family->max_series;
    for (uint32_t index = 0; index < family->max_series; index++)
        if (!atomic_load_explicit(&family->series[index], memory_order_relaxed)) return index;
    return family->max_series;
}

static void fill_slot(struct gwlua_family *family, struct gwlua_series *series) {
    uint32_t slot = (uint32_t)series->hash & family->slot_mask;
    for (;; slot = (slot + 1) & family->slot_mask) {
        struct gwlua_series *there = atomic_load_explicit(&family->slots[slot], memory_order_relaxed);
        if (!there || there == &tombstone) break; /* the table has twice the slots that it needs */
    }
    atomic_store_explicit(&family->series[series->index], series, memory_order_release);
    atomic_store_explicit(&family->slots[slot], series, memory_order_release);
}

static uint32_t overflow_key(const struct gwlua_family *family, char key[KEY_MAX]) {
    gwlua_metric_text values[GWLUA_METRIC_LABELS_MAX];
    for (uint32_t label = 0; label < family->label_count; label++) values[label] = (gwlua_metric_text){"_overflow", 9};
    return build_key(family, values, key);
}

static struct gwlua_series *overflow_series(struct gwlua_family *family) {
    struct gwlua_series *series =
        atomic_load_explicit(&family->series[family->max_series], memory_order_relaxed);
    if (series) return series;
    char key[KEY_MAX];
    uint32_t count = overflow_key(family, key);
    series = make(key, count, keyed_hash(&family->key, key, count), family->max_series);
    if (series) fill_slot(family, series);
    return series;
}

/* With the lock. NULL when there is no memory. */
static struct gwlua_series *insert(struct gwlua_family *family, const char *key, uint32_t count, uint64_t hash) {
    struct gwlua_series *series = look_up(family, key, count, hash);
    if (series) return series;
    char overflow[KEY_MAX];
    /* A client may send the very word: two series of the same labels would make a scrape invalid. */
    if (family->label_count && overflow_key(family, overflow) == count && memcmp(overflow, key, count) == 0)
        return overflow_series(family);
    uint32_t index = free_index(family);
    if (index == family->max_series) {
        atomic_fetch_add_explicit(&family->overflow_count, 1, memory_order_relaxed);
        return overflow_series(family);
    }
    series = make(key, count, hash, index);
    if (!series) return NULL;
    family->live_count++;
    fill_slot(family, series);
    return series;
}

/* A thread says that it is inside, then looks at the slots; who drops a series clears the slot, then looks who is
 * inside. In this order, which all of these have to keep, one of them sees the other. */
void gwlua_family_enter(struct gwlua_family *family, unsigned column) {
    if (family->uses && column < family->use_count)
        atomic_store_explicit(&family->uses[column].is_inside, 1, memory_order_seq_cst);
}

void gwlua_family_leave(struct gwlua_family *family, unsigned column) {
    if (family->uses && column < family->use_count)
        atomic_store_explicit(&family->uses[column].is_inside, 0, memory_order_release);
}

void gwlua_series_drop(struct gwlua_family *family, struct gwlua_series *series) {
    uint32_t slot = (uint32_t)series->hash & family->slot_mask;
    while (atomic_load_explicit(&family->slots[slot], memory_order_relaxed) != series)
        slot = (slot + 1) & family->slot_mask;
    atomic_store_explicit(&family->slots[slot], &tombstone, memory_order_seq_cst);
    /* Nothing lies behind a tombstone at the end of a run: such ones are cleared away, or they would fill the table. */
    struct gwlua_series *behind =
        atomic_load_explicit(&family->slots[(slot + 1) & family->slot_mask], memory_order_relaxed);
    while (!behind && atomic_load_explicit(&family->slots[slot], memory_order_relaxed) == &tombstone) {
        atomic_store_explicit(&family->slots[slot], NULL, memory_order_release);
        slot = (slot - 1) & family->slot_mask;
    }
    atomic_store(&series->is_dropped, true);
}

static struct gwlua_series *find(struct gwlua_family *family, const gwlua_metric_text *labels, bool pins) {
    char key[KEY_MAX];
    uint32_t count = build_key(family, labels, key);
    uint64_t hash = keyed_hash(&family->key, key, count);
    struct gwlua_series *series = pins ? NULL : look_up(family, key, count, hash);
    if (series) return series;
    /* A family that is full for good needs no lock to say so: labels that a client makes up would fight for it. */
    if (!pins && family->expire <= 0) {
        uint32_t end = atomic_load_explicit(&family->series_end, memory_order_acquire);
        struct gwlua_series *overflow =
            atomic_load_explicit(&family->series[family->max_series], memory_order_acquire);
        if (end >= family->max_series && overflow) {
            atomic_fetch_add_explicit(&family->overflow_count, 1, memory_order_relaxed);
            return overflow;
        }
    }
    pthread_mutex_lock(&family->mutex);
    series = insert(family, key, count, hash);
    if (series && pins) series->pins++;
    pthread_mutex_unlock(&family->mutex);
    return series;
}

struct gwlua_series *gwlua_family_find(struct gwlua_family *family, const gwlua_metric_text *labels) {
    return find(family, labels, false);
}

struct gwlua_series *gwlua_family_pin(struct gwlua_family *family, const gwlua_metric_text *labels) {
    return find(family, labels, true);
}

void gwlua_family_unpin(struct gwlua_family *family, struct gwlua_series *series) {
    if (!series) return;
    pthread_mutex_lock(&family->mutex);
    series->pins--;
    pthread_mutex_unlock(&family->mutex);
}

struct gwlua_series *gwlua_family_single(struct gwlua_family *family) {
    return atomic_load_explicit(&family->series[0], memory_order_acquire);
}

/* MARK: Counting */

static cell *new_column(struct gwlua_family *family, unsigned column) {
    cell *cells = calloc((size_t)(family->max_series + 1) * family->cells_per_series, sizeof(cell));
    cell *expected = NULL;
    if (!cells) return NULL;
    if (atomic_compare_exchange_strong_explicit(
            &family->columns[column], &expected, cells, memory_order_acq_rel, memory_order_acquire))
        return cells;
    free(cells); /* of a gauge, whose column belongs to all */
    return expected;
}

/* NULL when there is no memory: what is counted is lost then, and the gateway goes on. */
static inline cell *cells_of(struct gwlua_family *family, struct gwlua_series *series, unsigned column) {
    if (!series || column >= family->column_count) return NULL;
    cell *cells = atomic_load_explicit(&family->columns[column], memory_order_acquire);
    if (!cells) cells = new_column(family, column);
    return cells ? cells + (size_t)series->index * family->cells_per_series : NULL;
}

static inline void add_double(cell *cell, double amount) {
    double value = cell_double(atomic_load_explicit(cell, memory_order_relaxed));
    atomic_store_explicit(cell, cell_bits(value + amount), memory_order_relaxed);
}

void gwlua_series_add(struct gwlua_family *family, struct gwlua_series *series, unsigned column, double amount) {
    cell *cells = cells_of(family, series, column);
    if (cells) add_double(cells, amount);
}

static inline void note_write(struct gwlua_family *family, cell *cells) {
    if (family->kind == GWLUA_GAUGE && family->cells_per_series == 2)
        atomic_store_explicit(&cells[1], 1, memory_order_relaxed);
}

void gwlua_series_set(struct gwlua_family *family, struct gwlua_series *series, double value) {
    cell *cells = cells_of(family, series, 0);
    if (!cells) return;
    atomic_store_explicit(cells, cell_bits(value), memory_order_relaxed);
    note_write(family, cells);
}

void gwlua_series_move(struct gwlua_family *family, struct gwlua_series *series, double amount) {
    cell *cells = cells_of(family, series, 0);
    if (!cells) return;
    uint64_t bits = atomic_load_explicit(cells, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        cells, &bits, cell_bits(cell_double(bits) + amount), memory_order_relaxed, memory_order_relaxed))
        continue;
    note_write(family, cells);
}

void gwlua_series_observe(struct gwlua_family *family, struct gwlua_series *series, unsigned column, double value) {
    cell *cells = cells_of(family, series, column);
    if (!cells) return;
    uint32_t low = 0, high = family->bucket_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (value <= family->buckets[middle]) high = middle;
        else low = middle + 1;
    }
    uint64_t count = atomic_load_explicit(&cells[low], memory_order_relaxed);
    atomic_store_explicit(&cells[low], count + 1, memory_order_relaxed);
    add_double(&cells[family->bucket_count + 1], value);
}

/* MARK: Life */

bool gwlua_family_open_series(struct gwlua_family *family, unsigned workers) {
    if (family->expire > 0 && family->label_count > 0) {
        family->use_count = workers + 1;
        size_t bytes = family->use_count * sizeof *family->uses;
        if (posix_memalign((void **)&family->uses, 64, bytes) != 0) return false;
        memset(family->uses, 0, bytes);
    }
    uint32_t capacity = 4;
    while (capacity < 2 * (family->max_series + 1)) capacity *= 2;
    family->slot_mask = capacity - 1;
    family->slots = calloc(capacity, sizeof *family->slots);
    family->series = calloc(family->max_series + 1, sizeof *family->series);
    if (!family->slots || !family->series) return false;
    /* Without labels it is there from the beginning, as 0. */
    return family->label_count > 0 || gwlua_family_find(family, NULL) != NULL;
}

void gwlua_family_close_series(struct gwlua_family *family) {
    for (uint32_t index = 0; family->series && index <= family->max_series; index++)
        free(atomic_load_explicit(&family->series[index], memory_order_relaxed));
    for (unsigned column = 0; column < family->column_count; column++)
        free((void *)atomic_load_explicit(&family->columns[column], memory_order_relaxed));
    free(family->slots);
    free(family->series);
    free(family->uses);
}
