#ifndef GWLUA_STORE_H
#define GWLUA_STORE_H

/* Values that the scripts of all workers share. Every function may be called from any thread; none raises or enters
 * Lua. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gwlua_store;

/// What an operation answers.
enum {
    GWLUA_STORE_OK = 0,
    /// There is no such key, or its time is over.
    GWLUA_STORE_MISSING = 1,
    GWLUA_STORE_EXISTS = 2,
    GWLUA_STORE_NO_MEMORY = 3,
    GWLUA_STORE_TOO_LARGE = 4,
    GWLUA_STORE_NOT_A_NUMBER = 5,
    /// The value is not the expected one.
    GWLUA_STORE_DIFFERENT = 6,
    /// Somebody else has the lease.
    GWLUA_STORE_BUSY = 7
};

/// What a value is.
enum {
    GWLUA_STORE_STRING = 0,
    GWLUA_STORE_INTEGER = 1,
    GWLUA_STORE_FLOAT = 2,
    GWLUA_STORE_BOOLEAN = 3,
    /// The JSON text of a table.
    GWLUA_STORE_JSON = 4
};

/// Largest limits that a call may ask for.
enum { GWLUA_STORE_KEY_MAX = 1024, GWLUA_STORE_VALUE_MAX = 1 << 20 };

/// A value that goes in or comes out: `bytes` of strings and JSON; `integer` of integers and booleans (0 or 1).
typedef struct {
    int32_t type;
    const char *bytes;
    size_t count;
    int64_t integer;
    double number;
} gwlua_store_value;

/// Where and when an operation happens, and the limits of who asks.
typedef struct {
    const char *key;
    size_t key_count;
    /// Nanoseconds of a monotonic clock; a virtual one in tests.
    int64_t now;
    size_t key_max, value_max;
} gwlua_store_call;

typedef struct {
    uint64_t entries, bytes, evictions, hits, misses;
} gwlua_store_counters;

/// A store of that many bytes, overhead included. `lru`: when full it forgets what was used least lately; it refuses
/// otherwise. NULL when there is no memory.
struct gwlua_store *gwlua_store_new(size_t bytes, bool lru);
void gwlua_store_free(struct gwlua_store *store);
void gwlua_store_count(struct gwlua_store *store, gwlua_store_counters *out);
/// The key of the value at `position`, in no order, for tests and tools; false past the end. `key` has room for
/// GWLUA_STORE_KEY_MAX bytes.
bool gwlua_store_key_at(struct gwlua_store *store, size_t position, int64_t now, char *key, size_t *count);
/// Forgets everything.
void gwlua_store_clear(struct gwlua_store *store);

/// Copies the value's bytes to `buffer` when it has room for them. `out->bytes` is NULL when it has not, and
/// `out->count` what is needed then. `stale`: also one that is past its time, but kept.
int32_t gwlua_store_get(
    struct gwlua_store *store, const gwlua_store_call *call, bool stale, char *buffer, size_t capacity,
    gwlua_store_value *out);
/// Times to live are in nanoseconds; 0: for ever. `stale`: how long the value is kept past its time.
int32_t gwlua_store_set(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *value, int64_t ttl,
    int64_t stale);
/// Sets what is not there; EXISTS otherwise.
int32_t gwlua_store_add(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *value, int64_t ttl);
/// Removes a value and the meter of that key; MISSING when there was no value.
int32_t gwlua_store_delete(struct gwlua_store *store, const gwlua_store_call *call);
/// Adds to a number. Where there is none it begins with `initial` and gets the time to live. An integer that would
/// overflow becomes a float.
int32_t gwlua_store_incr(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *delta,
    const gwlua_store_value *initial, int64_t ttl, gwlua_store_value *out);
/// Replaces `expected` (NULL: nothing there) by `value` (NULL: removes it). When DIFFERENT, `out` is the value that is
/// there, copied like `gwlua_store_get` does; MISSING when there is none, though one was expected.
int32_t gwlua_store_cas(
    struct gwlua_store *store, const gwlua_store_call *call, const gwlua_store_value *expected,
    const gwlua_store_value *value, int64_t ttl, char *buffer, size_t capacity, gwlua_store_value *out);
/// Nanoseconds that a value has left; 0: it stays for ever.
int32_t gwlua_store_ttl(struct gwlua_store *store, const gwlua_store_call *call, int64_t *out);
int32_t gwlua_store_expire(struct gwlua_store *store, const gwlua_store_call *call, int64_t ttl);
/// Takes `cost` from a meter that refills at `rate` a second up to `burst`. Meters have keys of their own. `rate` and
/// `burst` are positive, `burst / rate` at most 1e9, `cost` not negative.
int32_t gwlua_store_take(
    struct gwlua_store *store, const gwlua_store_call *call, double rate, double burst, double cost, bool *allowed,
    double *retry_after, double *remaining);
/// A lease on a key, apart from its value: one has it until it is unlocked with its token, or `duration` is over.
int32_t gwlua_store_lock(
    struct gwlua_store *store, const gwlua_store_call *call, int64_t duration, uint64_t *token);
int32_t gwlua_store_unlock(struct gwlua_store *store, const gwlua_store_call *call, uint64_t token);

#endif
