#ifndef GWLUA_H
#define GWLUA_H

/* Everything of Lua that Swift may call. No function here lets a longjmp cross a Swift frame: Lua runs inside of
 * `gwlua_*` calls only, and the functions that it calls back (`gwlua_host`) return codes, never raise. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gwlua_metrics.h"
#include "gwlua_store.h"

/// The release of the Lua library that this program was compiled against, such as "Lua 5.4.4".
/// A function, since LUA_RELEASE is a macro pasted from string literals, which Swift does not import.
const char *gwlua_release(void);

/// Whether the library that was loaded is the release that this program was compiled against.
bool gwlua_is_release_right(void);

/// SHA-256 in hexadecimal digits, with a NUL behind them; false where the library does not have it.
bool gwlua_digest(const uint8_t *bytes, size_t count, char out[65]);

/// Nanoseconds on the monotonic clock, and of Unix time.
int64_t gwlua_monotonic_time(void);
int64_t gwlua_wall_time(void);

// MARK: What a script asks of its host

/// A text of the exchange. Those from `GWLUA_METHOD` to `GWLUA_QUERY` may be set on a request.
enum {
    GWLUA_METHOD, GWLUA_HOST, GWLUA_PATH, GWLUA_QUERY, GWLUA_SCHEME, GWLUA_HTTP_VERSION,
    GWLUA_CLIENT_IP, GWLUA_PEER_IP, GWLUA_REQUEST_ID, GWLUA_ROUTE, GWLUA_ROUTE_PREFIX,
    GWLUA_UPSTREAM_NAME, GWLUA_UPSTREAM_ADDRESS, GWLUA_SOURCE, GWLUA_END_REASON,
    /// JSON: what authentication filters found; empty without them.
    GWLUA_AUTH,
    /// JSON: what TLS told of the client; empty without it.
    GWLUA_CLIENT_TLS,
    GWLUA_TRACE_ID, GWLUA_SPAN_ID,
    /// To be set only: where the request goes, what the balancer spreads by.
    GWLUA_SET_UPSTREAM, GWLUA_SET_ENDPOINT, GWLUA_SET_ENDPOINT_STRICT, GWLUA_SET_HASH_KEY
};

/// A number of the exchange; NaN where there is none.
enum {
    GWLUA_STATUS, GWLUA_REQUEST_BODY_SIZE, GWLUA_CLIENT_PORT, GWLUA_REMAINING_MS, GWLUA_UPSTREAM_LATENCY_MS,
    GWLUA_UPSTREAM_ATTEMPTS, GWLUA_UPSTREAM_REUSED, GWLUA_DURATION_MS, GWLUA_BYTES_IN, GWLUA_BYTES_OUT,
    /// To be set only.
    GWLUA_SET_TIMEOUT_MS, GWLUA_SET_NO_RETRY,
    /// Answers 1 when a route was found, 0 when the request keeps its route.
    GWLUA_REROUTE
};

/// Which message of an exchange.
enum { GWLUA_REQUEST = 0, GWLUA_RESPONSE = 1 };

/// What an edit of a header field does.
enum { GWLUA_HEADER_SET = 0, GWLUA_HEADER_ADD = 1, GWLUA_HEADER_REMOVE = 2 };

/// What a host function answers, beside its own codes: not negative is fine.
enum {
    GWLUA_OK = 0,
    /// The task is to be suspended; `gwlua_resume` continues it.
    GWLUA_PENDING = 1,
    /// Nothing (more) is there.
    GWLUA_NONE = 2,
    /// Refused; the reason is in `gwlua_fault` of the VM.
    GWLUA_REFUSED = -1,
    /// The body is larger than its limit, or its sender has gone.
    GWLUA_TOO_LARGE = -2,
    GWLUA_ABORTED = -3
};

/// Bytes that stay valid until the function that was called returns to the host, or the task is suspended.
typedef struct {
    const uint8_t *bytes;
    size_t count;
} gwlua_text;

/// A request that a script sends; the texts are valid during the call.
typedef struct {
    gwlua_text upstream, method, path;
    /// Field lines with their line ends, checked.
    gwlua_text headers;
    gwlua_text body;
    double timeout_ms;
    size_t max_body;
    uint32_t retries;
    /// Nobody waits for the answer.
    bool is_detached;
} gwlua_http_request;

/// What became of it.
typedef struct {
    /// 0: it failed, and `error` says how.
    int32_t status;
    gwlua_text error;
    gwlua_text headers;
    gwlua_text body;
} gwlua_http_answer;

/// The other side of a script: functions that are called while Lua runs, with the `host` of the run, or the context of
/// the VM where there is no run. None of them raises or enters Lua.
typedef struct {
    int32_t (*text)(void *host, int32_t what, gwlua_text *out);
    int32_t (*set_text)(void *host, int32_t what, gwlua_text value);
    double (*number)(void *host, int32_t what);
    int32_t (*set_number)(void *host, int32_t what, double value);

    int32_t (*header_get)(void *host, int32_t side, gwlua_text name, gwlua_text *value);
    /// Goes through all fields as they will be sent; `cursor` starts at 0. GWLUA_NONE at the end.
    int32_t (*header_next)(void *host, int32_t side, int64_t *cursor, gwlua_text *name, gwlua_text *value);
    int32_t (*header_edit)(void *host, int32_t side, int32_t edit, gwlua_text name, gwlua_text value);

    /// Variables: a JSON scalar's text, or nothing.
    int32_t (*variable)(void *host, gwlua_text name, gwlua_text *out);
    int32_t (*set_variable)(void *host, gwlua_text name, gwlua_text json);

    /// The whole body: GWLUA_PENDING until it is there.
    int32_t (*body)(void *host, int32_t side, gwlua_text *out);
    int32_t (*set_body)(void *host, int32_t side, gwlua_text value);
    /// The next chunk of a streamed body is wanted: always GWLUA_PENDING, or GWLUA_NONE when it has ended.
    int32_t (*next_chunk)(void *host, int32_t side);

    /// Starts a request: its number, not negative, or GWLUA_REFUSED.
    int32_t (*http_start)(void *host, const gwlua_http_request *request);
    /// GWLUA_PENDING while there is no answer; else its texts are valid until `http_end`.
    int32_t (*http_answer)(void *host, int32_t number, gwlua_http_answer *out);
    void (*http_end)(void *host, int32_t number);
    /// Wakes the task that runs after so long.
    int32_t (*sleep)(void *host, double milliseconds);

    /// `fields` is a JSON object or empty. `level`: 0 debug to 3 error.
    void (*log)(void *context, void *host, int32_t level, gwlua_text message, gwlua_text fields);
    /// Monotonic and Unix nanoseconds.
    int64_t (*clock)(void *context, bool is_wall);
    int32_t (*secret)(void *context, gwlua_text name, gwlua_text *out);
    int32_t (*environment)(void *context, gwlua_text name, gwlua_text *out);
    /// The source of `require`'s module.
    int32_t (*module)(void *context, gwlua_text name, gwlua_text *out);
    struct gwlua_store *(*store)(void *context, gwlua_text name);
    /// The column of metric cells that belongs to the calling thread.
    uint32_t (*column)(void *context);
} gwlua_host;

// MARK: VMs

typedef struct gwlua_vm gwlua_vm;
typedef struct gwlua_run gwlua_run;

typedef struct {
    /// Bytes of the heap; above it the script is killed. The allocator refuses above four times as much and a MiB.
    size_t memory;
    /// Nanoseconds of CPU: between two awaits; for one request; to run the chunk; to run `on_init`.
    int64_t slice, request, load, init;
    /// Nanoseconds that one request may spend awaiting.
    int64_t await_deadline;
    uint32_t coroutines, http_calls, http_parallel, log_lines, timers;
    size_t log_line_bytes, http_body_bytes, store_key_bytes, store_value_bytes, body_bytes;
    uint32_t headers_added;
    size_t header_bytes_added;
    uint32_t metrics;
    /// Kill by a count hook in place of signals.
    bool uses_hook;
    /// The VM of tests: `gw.test` may be required, and awaiting is not possible.
    bool is_test;
} gwlua_limits;

/// A VM without a script. NULL when there is no memory.
gwlua_vm *gwlua_vm_new(
    const gwlua_limits *limits, const gwlua_host *host, void *context, struct gwlua_metrics *metrics);
/// Closes the VM now, on this thread.
void gwlua_vm_free(gwlua_vm *vm);
/// Has another thread close it: closing a large heap takes milliseconds.
void gwlua_vm_reap(gwlua_vm *vm);
/// Another context for the host functions, from now on.
void gwlua_vm_set_context(gwlua_vm *vm, void *context);

size_t gwlua_vm_bytes(const gwlua_vm *vm);
bool gwlua_vm_is_killed(const gwlua_vm *vm);
/// The most recent error of this VM: `file:line: message`, cut to a line.
const char *gwlua_vm_error(const gwlua_vm *vm);
/// Where the most recent kill or error happened, as lines of a traceback; may be empty.
const char *gwlua_vm_traceback(const gwlua_vm *vm);
/// Nanoseconds of CPU that this VM has used.
int64_t gwlua_vm_cpu(const gwlua_vm *vm);
/// Tasks that are suspended now.
uint32_t gwlua_vm_suspended(const gwlua_vm *vm);
/// To be called from host functions that answer GWLUA_REFUSED: the message that the script gets.
void gwlua_refuse(gwlua_vm *vm, const char *message);
/// Whether enough was allocated since the last cycle for a cycle to be worth an idle moment.
bool gwlua_vm_has_garbage(const gwlua_vm *vm);
/// A step of the garbage collector while the loop is idle; false when its cycle is done.
bool gwlua_vm_collect(gwlua_vm *vm);
/// Frees what loading has left behind, if the heap is small enough for that to take no time worth a thought.
void gwlua_vm_settle(gwlua_vm *vm);

/// How an entry ended.
enum {
    GWLUA_DONE = 0,
    /// `gwlua_run_reply` has what is to be sent.
    GWLUA_REPLY = 1,
    GWLUA_SUSPENDED = 2,
    GWLUA_FAILED = 3,
    GWLUA_KILLED_CPU = 4,
    GWLUA_KILLED_MEMORY = 5,
    /// The script ignored that its time to await is over.
    GWLUA_TIMED_OUT = 6
};

/// Compiles and runs a script's chunk, and keeps the table that it returns.
int32_t gwlua_load(gwlua_vm *vm, const char *name, gwlua_text source);
/// What the script declares, as JSON that the caller frees with `gwlua_free`; NULL and an error when it is no filter.
char *gwlua_describe(gwlua_vm *vm);
void gwlua_free(void *pointer);
/// Adds an instance: a configuration (JSON), and what `on_unload` of its predecessor left (JSON or empty). Runs
/// `on_init`. Instances are numbered from 0.
int32_t gwlua_add_instance(gwlua_vm *vm, const char *filter, gwlua_text configuration, gwlua_text carried);
/// Runs `on_unload`; its result as JSON, NULL without one.
char *gwlua_unload(gwlua_vm *vm, int32_t instance);

// MARK: Runs: one exchange in one instance

enum {
    GWLUA_ON_REQUEST, GWLUA_ON_REQUEST_BODY, GWLUA_ON_RESPONSE, GWLUA_ON_RESPONSE_BODY, GWLUA_ON_LOG,
    GWLUA_ON_TIMER, GWLUA_PHASE_COUNT
};

/// Whether the script has a function for that phase.
bool gwlua_has_phase(const gwlua_vm *vm, int32_t phase);

/// Begins a run; NULL when the VM has too many. `host` is handed to the host functions.
gwlua_run *gwlua_run_begin(gwlua_vm *vm, int32_t instance, void *host);
/// Ends it: handles of it are dead, suspended tasks are dropped.
void gwlua_run_end(gwlua_run *run);
/// Enters a phase. For the body phases the chunk has been set.
int32_t gwlua_enter(gwlua_run *run, int32_t phase);
/// Continues the task of a side after what it awaited.
int32_t gwlua_resume(gwlua_run *run, int32_t side);
/// Whether the task of that side is suspended.
bool gwlua_is_suspended(const gwlua_run *run, int32_t side);
/// Whether it waits for a chunk, and nothing else.
bool gwlua_awaits_chunk(const gwlua_run *run, int32_t side);
/// The chunk that the next entry or resumption of that side sees; its bytes must stay until that returns or, when the
/// task is suspended, until the next call of this.
void gwlua_set_chunk(gwlua_run *run, int32_t side, gwlua_text bytes, bool is_last);
/// What the script made of it: GWLUA_OK: `out` replaces it, GWLUA_NONE: it passes as it was.
int32_t gwlua_chunk_result(gwlua_run *run, int32_t side, gwlua_text *out);
/// Nanoseconds of CPU of this run so far.
int64_t gwlua_run_cpu(const gwlua_run *run);

/// An answer of the script. The texts are valid until the VM is entered again.
typedef struct {
    int32_t status;
    /// Field lines with their line ends, checked.
    gwlua_text headers;
    gwlua_text body;
    bool has_json;
} gwlua_reply;
const gwlua_reply *gwlua_run_reply(const gwlua_run *run);

/// Timers that the script has declared: number, period in ms, whether one worker runs it for all, jitter 0...1.
uint32_t gwlua_timer_count(const gwlua_vm *vm);
void gwlua_timer(const gwlua_vm *vm, uint32_t number, double *period_ms, bool *is_gateway, double *jitter);
/// Selects the timer that `gwlua_enter(run, GWLUA_ON_TIMER)` runs.
void gwlua_select_timer(gwlua_run *run, uint32_t number);

// MARK: Tests of scripts: see `gw.test`

/// Calls that the test library forwards: `name` with JSON arguments. The answer is JSON that lives until the next call.
typedef int32_t (*gwlua_test_call)(void *context, gwlua_text name, gwlua_text arguments, gwlua_text *answer);
void gwlua_set_test_call(gwlua_vm *vm, gwlua_test_call call);
/// Calls the function that a test registered under `number`, with a JSON argument: its JSON result, or GWLUA_REFUSED.
int32_t gwlua_call_back(gwlua_vm *vm, int32_t number, gwlua_text argument, gwlua_text *answer);
/// Has line coverage collected from now on; lines that ran, as `line` numbers, are asked for one by one.
void gwlua_collect_coverage(gwlua_vm *vm);
bool gwlua_line_ran(const gwlua_vm *vm, uint32_t line);
bool gwlua_line_is_active(const gwlua_vm *vm, uint32_t line);

// MARK: The reference of the API

/// What scripts can call and read in this VM, one name a line and in no order: `json.encode`, `gw.Request:arg`,
/// `gw.Request.method`, and `gw.store():get` for what a function's result has. To be freed with `gwlua_free`; NULL when
/// there is no memory.
char *gwlua_list_api(gwlua_vm *vm);

#endif
