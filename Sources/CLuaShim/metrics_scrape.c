/* Adding up a family's columns, and dropping what is idle. */

#include "metrics_series.h"

#include <stdlib.h>

uint32_t gwlua_family_series_end(const struct gwlua_family *family) { return family->max_series + 1; }

static void add_up(const struct gwlua_family *family, uint32_t index, double *values) {
    uint32_t count = gwlua_family_value_count(family);
    for (uint32_t number = 0; number < count; number++) values[number] = 0;
    for (unsigned column = 0; column < family->column_count; column++) {
        cell *cells = atomic_load_explicit(&family->columns[column], memory_order_acquire);
        if (!cells) continue;
        cells += (size_t)index * family->cells_per_series;
        for (uint32_t number = 0; number < count; number++) {
            uint64_t bits = atomic_load_explicit(&cells[number], memory_order_relaxed);
            bool is_count = family->kind == GWLUA_HISTOGRAM && number + 1 < count;
            values[number] += is_count ? (double)bits : cell_double(bits);
        }
    }
    for (uint32_t number = 1; number + 1 < count; number++) values[number] += values[number - 1];
}

bool gwlua_family_series(
    const struct gwlua_family *family, uint32_t index, gwlua_metric_text *labels, double *values) {
    if (index > family->max_series) return false;
    struct gwlua_series *series = atomic_load_explicit(&family->series[index], memory_order_acquire);
    if (!series || series->is_dropped) return false;
    uint32_t at = 0;
    for (uint32_t label = 0; label < family->label_count; label++) {
        labels[label] = (gwlua_metric_text){series->key + at + 1, (unsigned char)series->key[at]};
        at += 1 + (uint32_t)labels[label].count;
    }
    add_up(family, index, values);
    return true;
}

/* What grows when a series is used: how much was counted; of a gauge, whether it was written. */
static double activity(struct gwlua_family *family, struct gwlua_series *series) {
    double values[GWLUA_METRIC_BUCKETS_MAX + 2];
    if (family->kind != GWLUA_GAUGE) {
        add_up(family, series->index, values);
        return values[family->kind == GWLUA_HISTOGRAM ? family->bucket_count : 0];
    }
    cell *cells = atomic_load_explicit(&family->columns[0], memory_order_acquire);
    if (!cells) return series->seen;
    cells += (size_t)series->index * family->cells_per_series;
    bool was_written = atomic_exchange_explicit(&cells[1], 0, memory_order_relaxed) != 0;
    return was_written ? series->seen + 1 : series->seen;
}

static void recycle(struct gwlua_family *family, struct gwlua_series *series) {
    for (unsigned column = 0; column < family->column_count; column++) {
        cell *cells = atomic_load_explicit(&family->columns[column], memory_order_acquire);
        for (uint32_t number = 0; cells && number < family->cells_per_series; number++)
            atomic_store_explicit(
                &cells[(size_t)series->index * family->cells_per_series + number], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&family->series[series->index], NULL, memory_order_release);
    family->live_count--;
    free(series);
}

static bool is_anyone_inside(const struct gwlua_family *family) {
    for (unsigned column = 0; column < family->use_count; column++)
        if (atomic_load_explicit(&family->uses[column].is_inside, memory_order_seq_cst)) return true;
    return false;
}

static void drop_idle(struct gwlua_family *family, uint32_t end, int64_t now) {
    for (uint32_t index = 0; index < end; index++) {
        struct gwlua_series *series = atomic_load_explicit(&family->series[index], memory_order_relaxed);
        if (!series || series->is_dropped) continue;
        double seen = activity(family, series);
        if (series->seen_at < 0 || seen != series->seen || series->pins) {
            series->seen = seen;
            series->seen_at = now;
        } else if ((double)(now - series->seen_at) >= family->expire * 1e9) {
            gwlua_series_drop(family, series);
        }
    }
}

void gwlua_family_begin_scrape(struct gwlua_family *family, int64_t now_ns) {
    if (!family->uses) return;
    pthread_mutex_lock(&family->mutex);
    uint32_t end = atomic_load_explicit(&family->series_end, memory_order_relaxed);
    drop_idle(family, end, now_ns);
    /* Memory of dropped series goes when nobody can have found them. If somebody is just counting, next time. */
    if (family->scrape_count++ == 0 && !is_anyone_inside(family))
        for (uint32_t index = 0; index < end; index++) {
            struct gwlua_series *series = atomic_load_explicit(&family->series[index], memory_order_relaxed);
            if (series && series->is_dropped) recycle(family, series);
        }
    pthread_mutex_unlock(&family->mutex);
}

void gwlua_family_end_scrape(struct gwlua_family *family) {
    if (!family->uses) return;
    pthread_mutex_lock(&family->mutex);
    family->scrape_count--;
    pthread_mutex_unlock(&family->mutex);
}
