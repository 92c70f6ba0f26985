#ifndef GWLUA_METRICS_H
#define GWLUA_METRICS_H

/* Metrics that scripts declare. Workers count in columns of their own, without locks; a scrape adds the columns up. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gwlua_metrics;
/// A metric with all of its series. Reference-counted.
struct gwlua_family;

enum { GWLUA_COUNTER = 0, GWLUA_GAUGE = 1, GWLUA_HISTOGRAM = 2 };

enum {
    GWLUA_METRIC_LABELS_MAX = 12,
    GWLUA_METRIC_BUCKETS_MAX = 40,
    GWLUA_METRIC_SERIES_MAX = 10000,
    GWLUA_METRIC_NAME_MAX = 100,
    /// Bytes of a label's value; longer ones are cut.
    GWLUA_METRIC_VALUE_MAX = 128,
    GWLUA_METRIC_HELP_MAX = 1024
};

typedef struct {
    int32_t kind;
    const char *name, *help;
    /// Names of labels; `has_filter` and `has_route` append `filter` and `route`.
    const char *const *labels;
    uint32_t label_count;
    bool has_filter, has_route;
    /// Upper bounds, ascending and finite, without the infinite one; for histograms only.
    const double *buckets;
    uint32_t bucket_count;
    uint32_t max_series;
    /// Seconds after which an idle series is dropped; 0: never.
    double expire;
    /// The visible family of that name is hidden when it is another one. Refused otherwise.
    bool replaces;
    /// It is declared by a configuration that is being loaded, not by a worker that builds a VM of it. See
    /// `gwlua_metrics_begin`.
    bool is_staged;
} gwlua_declaration;

typedef struct {
    const char *bytes;
    size_t count;
} gwlua_metric_text;

/// Columns: one for each worker, and one for the control plane.
struct gwlua_metrics *gwlua_metrics_new(unsigned workers);
/// Families that somebody still holds live on until they are released.
void gwlua_metrics_free(struct gwlua_metrics *metrics);
unsigned gwlua_metrics_workers(const struct gwlua_metrics *metrics);

/// A family of that name, kind, labels and buckets: the existing one or a new one, retained. NULL and a text when that
/// cannot be.
struct gwlua_family *gwlua_metrics_declare(
    struct gwlua_metrics *metrics, const gwlua_declaration *declaration, char *error, size_t size);
struct gwlua_family *gwlua_family_retain(struct gwlua_family *family);
void gwlua_family_release(struct gwlua_family *family);

/// A configuration is about to be loaded: what it declares (`is_staged`) may differ from what there was before, but not
/// from itself. A metric that differs stays hidden until `gwlua_metrics_retain_only`.
void gwlua_metrics_begin(struct gwlua_metrics *metrics);
/// The configuration is in force: shows the families that it declared last, by name, and hides all others. Hidden ones
/// that nobody uses are freed.
void gwlua_metrics_retain_only(struct gwlua_metrics *metrics, const char *const *names, size_t count);

// MARK: Scraping, from any thread

/// Copies up to `capacity` visible families, each retained, ordered by name. Answers how many there are.
size_t gwlua_metrics_families(struct gwlua_metrics *metrics, struct gwlua_family **out, size_t capacity);
/// Brackets a walk through the series of a family. The beginning drops series that were idle for too long; until the
/// end the texts of those that were seen stay valid. `now_ns` is on the monotonic clock.
void gwlua_family_begin_scrape(struct gwlua_family *family, int64_t now_ns);
void gwlua_family_end_scrape(struct gwlua_family *family);

const char *gwlua_family_name(const struct gwlua_family *family);
const char *gwlua_family_help(const struct gwlua_family *family);
int32_t gwlua_family_kind(const struct gwlua_family *family);
uint32_t gwlua_family_label_count(const struct gwlua_family *family);
const char *gwlua_family_label(const struct gwlua_family *family, uint32_t index);
uint32_t gwlua_family_bucket_count(const struct gwlua_family *family);
double gwlua_family_bucket(const struct gwlua_family *family, uint32_t index);
/// Observations that went to the overflow series, since there were too many series.
uint64_t gwlua_family_overflow(const struct gwlua_family *family);
/// Indexes of series are below this.
uint32_t gwlua_family_series_end(const struct gwlua_family *family);
/// Numbers of a series: 1; for a histogram the buckets, the infinite one, and the sum.
uint32_t gwlua_family_value_count(const struct gwlua_family *family);
/// The values of a series' labels, and its numbers; false when there is none of that index. Buckets are cumulative, so
/// that the infinite one is the count.
bool gwlua_family_series(
    const struct gwlua_family *family, uint32_t index, gwlua_metric_text *labels, double *values);

// MARK: Counting

/// Where a series' numbers are.
struct gwlua_series;
/// Bracket the use of a series that was found and not pinned: it is not taken away meanwhile. Nothing but the functions
/// below may be called between them.
void gwlua_family_enter(struct gwlua_family *family, unsigned column);
void gwlua_family_leave(struct gwlua_family *family, unsigned column);
/// The series of these label values, made when it is new, or the one for what is too much. Values are cleaned.
struct gwlua_series *gwlua_family_find(struct gwlua_family *family, const gwlua_metric_text *labels);
/// The same, which is not dropped until it is unpinned.
struct gwlua_series *gwlua_family_pin(struct gwlua_family *family, const gwlua_metric_text *labels);
void gwlua_family_unpin(struct gwlua_family *family, struct gwlua_series *series);
/// The one series of a family without labels.
struct gwlua_series *gwlua_family_single(struct gwlua_family *family);

/// For counters. Only one thread may use a column at a time.
void gwlua_series_add(struct gwlua_family *family, struct gwlua_series *series, unsigned column, double amount);
/// For gauges, from any thread.
void gwlua_series_set(struct gwlua_family *family, struct gwlua_series *series, double value);
void gwlua_series_move(struct gwlua_family *family, struct gwlua_series *series, double amount);
/// For histograms.
void gwlua_series_observe(struct gwlua_family *family, struct gwlua_series *series, unsigned column, double value);

#endif
