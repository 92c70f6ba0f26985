/* The registry of metrics that scripts declare. */

#include "metrics_series.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct gwlua_metrics {
    unsigned workers;
    pthread_mutex_t mutex;
    /* Counts configurations that were loaded. */
    int64_t round;
    struct gwlua_family *first;
};

struct gwlua_metrics *gwlua_metrics_new(unsigned workers) {
    struct gwlua_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics) return NULL;
    metrics->workers = workers;
    pthread_mutex_init(&metrics->mutex, NULL);
    return metrics;
}

void gwlua_metrics_free(struct gwlua_metrics *metrics) {
    if (!metrics) return;
    while (metrics->first) {
        struct gwlua_family *family = metrics->first;
        metrics->first = family->next;
        gwlua_family_release(family);
    }
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

unsigned gwlua_metrics_workers(const struct gwlua_metrics *metrics) { return metrics->workers; }

struct gwlua_family *gwlua_family_retain(struct gwlua_family *family) {
    atomic_fetch_add_explicit(&family->references, 1, memory_order_relaxed);
    return family;
}

static void free_family(struct gwlua_family *family) {
    gwlua_family_close_series(family);
    for (uint32_t label = 0; label < family->label_count; label++) free(family->labels[label]);
    free(family->name);
    free(family->help);
    pthread_mutex_destroy(&family->mutex);
    free(family);
}

void gwlua_family_release(struct gwlua_family *family) {
    if (family && atomic_fetch_sub_explicit(&family->references, 1, memory_order_acq_rel) == 1) free_family(family);
}

/* MARK: What may be declared */

static bool refuse(char *error, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(char *error, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (error && size) vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_identifier(const char *text) {
    if (!(*text >= 'a' && *text <= 'z') && *text != '_') return false;
    for (; *text; text++)
        if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') && *text != '_') return false;
    return true;
}

static bool check_name(const char *name, char *error, size_t size) {
    if (!name || !is_identifier(name))
        return refuse(error, size, "the name of a metric has a-z, 0-9 and _, and does not begin with a digit");
    if (strlen(name) > GWLUA_METRIC_NAME_MAX)
        return refuse(error, size, "the name of a metric has at most %d bytes", GWLUA_METRIC_NAME_MAX);
    static const char *const reserved[] = {"gateway_", "process_", "lua_"};
    for (int number = 0; number < 3; number++)
        if (strncmp(name, reserved[number], strlen(reserved[number])) == 0)
            return refuse(error, size, "metric \"%s\": names that begin with %s are the gateway's own", name,
                          reserved[number]);
    return true;
}

/* The label names of a declaration in one array, with those that are filled in by themselves. */
static bool collect_labels(
    const gwlua_declaration *declaration, const char **labels, uint32_t *count, char *error, size_t size) {
    if (declaration->label_count > GWLUA_METRIC_LABELS_MAX) goto too_many;
    *count = 0;
    for (uint32_t label = 0; label < declaration->label_count; label++) labels[(*count)++] = declaration->labels[label];
    if (*count + declaration->has_filter + declaration->has_route > GWLUA_METRIC_LABELS_MAX) goto too_many;
    if (declaration->has_filter) labels[(*count)++] = "filter";
    if (declaration->has_route) labels[(*count)++] = "route";
    for (uint32_t label = 0; label < *count; label++) {
        const char *name = labels[label];
        if (!is_identifier(name) || strlen(name) > GWLUA_METRIC_NAME_MAX)
            return refuse(
                error, size, "metric \"%s\": a label's name has a-z, 0-9 and _, and does not begin with a digit",
                declaration->name);
        if (strcmp(name, "le") == 0 || strncmp(name, "__", 2) == 0)
            return refuse(error, size, "metric \"%s\": the label \"%s\" is reserved", declaration->name, name);
        for (uint32_t other = 0; other < label; other++)
            if (strcmp(labels[other], name) == 0)
                return refuse(error, size, "metric \"%s\" has the label \"%s\" twice", declaration->name, name);
    }
    return true;
too_many:
    return refuse(error, size, "metric \"%s\" has more than %d labels", declaration->name, GWLUA_METRIC_LABELS_MAX);
}

static bool check_numbers(const gwlua_declaration *declaration, char *error, size_t size) {
    const char *name = declaration->name;
    if (declaration->kind < GWLUA_COUNTER || declaration->kind > GWLUA_HISTOGRAM)
        return refuse(error, size, "metric \"%s\" has no known kind", name);
    if (declaration->max_series < 1 || declaration->max_series > GWLUA_METRIC_SERIES_MAX)
        return refuse(error, size, "metric \"%s\": max_series is from 1 to %d", name, GWLUA_METRIC_SERIES_MAX);
    if (!(declaration->expire >= 0 && declaration->expire <= 1e9))
        return refuse(error, size, "metric \"%s\": expire is a number of seconds, not below 0", name);
    if (declaration->kind != GWLUA_HISTOGRAM && declaration->bucket_count)
        return refuse(error, size, "metric \"%s\" is no histogram and has no buckets", name);
    if (declaration->kind == GWLUA_HISTOGRAM &&
        (declaration->bucket_count < 1 || declaration->bucket_count > GWLUA_METRIC_BUCKETS_MAX))
        return refuse(error, size, "metric \"%s\" has from 1 to %d buckets", name, GWLUA_METRIC_BUCKETS_MAX);
    for (uint32_t bucket = 0; bucket < declaration->bucket_count; bucket++) {
        double bound = declaration->buckets[bucket];
        bool is_finite = bound - bound == 0;
        if (!is_finite || (bucket && !(bound > declaration->buckets[bucket - 1])))
            return refuse(error, size, "metric \"%s\": buckets are finite numbers in ascending order", name);
    }
    return true;
}

/* MARK: Families */

static bool has_shape(
    const struct gwlua_family *family, const gwlua_declaration *declaration, const char *const *labels,
    uint32_t count) {
    if (family->kind != declaration->kind || family->label_count != count ||
        family->bucket_count != declaration->bucket_count)
        return false;
    for (uint32_t label = 0; label < count; label++)
        if (strcmp(family->labels[label], labels[label]) != 0) return false;
    for (uint32_t bucket = 0; bucket < family->bucket_count; bucket++)
        if (family->buckets[bucket] != declaration->buckets[bucket]) return false;
    return true;
}

static bool refuse_other(
    const struct gwlua_family *family, const gwlua_declaration *declaration, uint32_t label_count, char *error,
    size_t size) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    char labels[GWLUA_METRIC_LABELS_MAX * (GWLUA_METRIC_NAME_MAX + 1) + 1] = "";
    size_t at = 0;
    for (uint32_t label = 0; label < family->label_count; label++)
        at += (size_t)snprintf(labels + at, sizeof labels - at, "%s%s", label ? "," : "", family->labels[label]);
    bool is_alike = family->kind == declaration->kind && family->kind == GWLUA_HISTOGRAM &&
                    family->label_count == label_count;
    return refuse(error, size, "metric \"%s\" is already declared as %s(%s)%s", declaration->name,
                  kinds[family->kind], labels, is_alike ? "; compare labels and buckets" : "");
}

static struct gwlua_family *make(
    const struct gwlua_metrics *metrics, const gwlua_declaration *declaration, const char *const *labels,
    uint32_t label_count) {
    bool is_gauge = declaration->kind == GWLUA_GAUGE;
    unsigned columns = is_gauge ? 1 : metrics->workers + 1;
    struct gwlua_family *family = calloc(1, sizeof *family + columns * sizeof family->columns[0]);
    if (!family) return NULL;
    atomic_init(&family->references, 1);
    pthread_mutex_init(&family->mutex, NULL);
    keyed_hash_seed(&family->key);
    family->kind = declaration->kind;
    family->column_count = columns;
    family->bucket_count = declaration->bucket_count;
    for (uint32_t bucket = 0; bucket < family->bucket_count; bucket++)
        family->buckets[bucket] = declaration->buckets[bucket];
    family->expire = declaration->expire;
    family->max_series = label_count ? declaration->max_series : 1;
    family->cells_per_series = is_gauge                                  ? (family->expire > 0 ? 2 : 1)
                               : declaration->kind == GWLUA_HISTOGRAM ? family->bucket_count + 2
                                                                      : 1;
    family->name = strdup(declaration->name);
    char help[GWLUA_METRIC_HELP_MAX];
    const char *given = declaration->help ? declaration->help : "";
    family->help = strndup(help, gwlua_clean_text(help, sizeof help, given, strlen(given)));
    bool is_complete = family->name && family->help;
    for (uint32_t label = 0; label < label_count; label++, family->label_count++) {
        family->labels[label] = strdup(labels[label]);
        is_complete = is_complete && family->labels[label];
    }
    if (is_complete && gwlua_family_open_series(family, metrics->workers)) return family;
    free_family(family);
    return NULL;
}

/* A histogram `x` is written as `x_bucket`, `x_sum` and `x_count`, which no other metric may be called. */
static bool takes_name(const char *histogram, const char *name) {
    size_t count = strlen(histogram);
    if (strncmp(name, histogram, count) != 0) return false;
    const char *rest = name + count;
    return strcmp(rest, "_bucket") == 0 || strcmp(rest, "_sum") == 0 || strcmp(rest, "_count") == 0;
}

static const struct gwlua_family *find_clash(
    const struct gwlua_metrics *metrics, const gwlua_declaration *declaration) {
    for (const struct gwlua_family *family = metrics->first; family; family = family->next) {
        bool is_current = declaration->is_staged && family->round == metrics->round;
        if (!family->is_visible && !is_current) continue;
        /* A configuration is about to come; what it does not declare will go. */
        if (declaration->is_staged && family->round < metrics->round) continue;
        if (family->kind == GWLUA_HISTOGRAM && takes_name(family->name, declaration->name)) return family;
        if (declaration->kind == GWLUA_HISTOGRAM && takes_name(declaration->name, family->name)) return family;
    }
    return NULL;
}

/* The family of that shape, and the one that stands in its way: visible, or declared by the same configuration. */
static struct gwlua_family *find(
    const struct gwlua_metrics *metrics, const gwlua_declaration *declaration, const char *const *labels,
    uint32_t count, struct gwlua_family **rival) {
    struct gwlua_family *same = NULL;
    *rival = NULL;
    for (struct gwlua_family *family = metrics->first; family; family = family->next) {
        if (strcmp(family->name, declaration->name) != 0) continue;
        if (!same && has_shape(family, declaration, labels, count)) {
            same = family;
            continue;
        }
        bool is_current = declaration->is_staged && family->round == metrics->round;
        if (family->is_visible || is_current)
            if (!*rival || family->round > (*rival)->round) *rival = family;
    }
    return same;
}

struct gwlua_family *gwlua_metrics_declare(
    struct gwlua_metrics *metrics, const gwlua_declaration *declaration, char *error, size_t size) {
    const char *labels[GWLUA_METRIC_LABELS_MAX + 2];
    uint32_t count = 0;
    if (!check_name(declaration->name, error, size) || !check_numbers(declaration, error, size) ||
        !collect_labels(declaration, labels, &count, error, size))
        return NULL;
    struct gwlua_family *rival, *made = NULL;
    pthread_mutex_lock(&metrics->mutex);
    struct gwlua_family *family = find(metrics, declaration, labels, count, &rival);
    /* A worker may rebuild a VM of the configuration that is about to go: its metric is there, though hidden. */
    bool may_stand_beside = (declaration->is_staged && rival && rival->round < metrics->round) ||
                            (family && !declaration->is_staged);
    if (rival && !declaration->replaces && !may_stand_beside) {
        refuse_other(rival, declaration, count, error, size);
        pthread_mutex_unlock(&metrics->mutex);
        return NULL;
    }
    const struct gwlua_family *clash = family ? NULL : find_clash(metrics, declaration);
    if (clash)
        refuse(error, size, "metric \"%s\": the names of histogram series of it and of \"%s\" are the same",
               declaration->name, clash->name);
    if (!family && !clash) {
        family = made = make(metrics, declaration, labels, count);
        if (!family) refuse(error, size, "metric \"%s\": no memory", declaration->name);
    }
    if (made) {
        made->next = metrics->first;
        metrics->first = made;
    }
    if (family) {
        if (rival && declaration->replaces) {
            rival->is_visible = false;
            rival->round = -1;
            rival = NULL;
        }
        if (declaration->is_staged || made) family->round = metrics->round;
        if (!rival && (declaration->is_staged || made || declaration->replaces)) family->is_visible = true;
        gwlua_family_retain(family);
    }
    pthread_mutex_unlock(&metrics->mutex);
    return family;
}

void gwlua_metrics_begin(struct gwlua_metrics *metrics) {
    pthread_mutex_lock(&metrics->mutex);
    metrics->round++;
    pthread_mutex_unlock(&metrics->mutex);
}

static bool is_latest(const struct gwlua_metrics *metrics, const struct gwlua_family *family) {
    for (struct gwlua_family *other = metrics->first; other; other = other->next)
        if (other->round > family->round && strcmp(other->name, family->name) == 0) return false;
    return true;
}

void gwlua_metrics_retain_only(struct gwlua_metrics *metrics, const char *const *names, size_t count) {
    struct gwlua_family *unused = NULL;
    pthread_mutex_lock(&metrics->mutex);
    for (struct gwlua_family *family = metrics->first; family; family = family->next) {
        bool is_listed = false;
        for (size_t name = 0; name < count && !is_listed; name++) is_listed = strcmp(names[name], family->name) == 0;
        family->is_visible = is_listed && is_latest(metrics, family);
    }
    for (struct gwlua_family **link = &metrics->first; *link;) {
        struct gwlua_family *family = *link;
        if (family->is_visible || atomic_load_explicit(&family->references, memory_order_acquire) > 1) {
            link = &family->next;
            continue;
        }
        *link = family->next;
        family->next = unused;
        unused = family;
    }
    pthread_mutex_unlock(&metrics->mutex);
    while (unused) {
        struct gwlua_family *family = unused;
        unused = family->next;
        gwlua_family_release(family);
    }
}

/* MARK: Looking at them */

static int compare_names(const void *one, const void *other) {
    return strcmp((*(struct gwlua_family *const *)one)->name, (*(struct gwlua_family *const *)other)->name);
}

size_t gwlua_metrics_families(struct gwlua_metrics *metrics, struct gwlua_family **out, size_t capacity) {
    size_t count = 0;
    pthread_mutex_lock(&metrics->mutex);
    for (struct gwlua_family *family = metrics->first; family; family = family->next) {
        if (!family->is_visible) continue;
        if (count < capacity) out[count] = gwlua_family_retain(family);
        count++;
    }
    pthread_mutex_unlock(&metrics->mutex);
    if (capacity) qsort(out, count < capacity ? count : capacity, sizeof *out, compare_names);
    return count;
}

const char *gwlua_family_name(const struct gwlua_family *family) { return family->name; }
const char *gwlua_family_help(const struct gwlua_family *family) { return family->help; }
int32_t gwlua_family_kind(const struct gwlua_family *family) { return family->kind; }
uint32_t gwlua_family_label_count(const struct gwlua_family *family) { return family->label_count; }
const char *gwlua_family_label(const struct gwlua_family *family, uint32_t index) { return family->labels[index]; }
uint32_t gwlua_family_bucket_count(const struct gwlua_family *family) { return family->bucket_count; }
double gwlua_family_bucket(const struct gwlua_family *family, uint32_t index) { return family->buckets[index]; }

uint64_t gwlua_family_overflow(const struct gwlua_family *family) {
    return atomic_load_explicit(&family->overflow_count, memory_order_relaxed);
}

uint32_t gwlua_family_value_count(const struct gwlua_family *family) {
    return family->kind == GWLUA_HISTOGRAM ? family->bucket_count + 2 : 1;
}
