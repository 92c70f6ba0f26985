#ifndef GWLUA_ENGINE_H
#define GWLUA_ENGINE_H

/* What runs scripts: runs, tasks, and the state of a VM that libraries do not need to know. */

#include "internal.h"

/* A task is one call of a script that may be suspended; a run has one for each side of its exchange. */
struct gwlua_task {
    lua_State *thread; /* NULL: none */
    int thread_ref;    /* keeps it from the collector */
    bool is_suspended;
    bool awaits_chunk;
    /* The script was told once that its time is over. */
    bool was_warned;
    int phase;
    /* Chunk handles remember it: a handle is dead when the next chunk is there. */
    uint32_t chunk_generation;
    int64_t awaiting_since;
    gwlua_text chunk;
    bool chunk_is_last;
    /* What was made of the chunk: anchored in the registry. */
    bool chunk_is_replaced;
    gwlua_text chunk_result;
};

/* Objects that stand for something of the host. */
enum {
    HANDLE_REQUEST, HANDLE_RESPONSE, HANDLE_CONTEXT, HANDLE_LOG, HANDLE_HEADERS, HANDLE_CHUNK, HANDLE_VARIABLES,
    HANDLE_LIGHT_KINDS,
    HANDLE_HEADER_COPY = HANDLE_LIGHT_KINDS, HANDLE_REPLY, HANDLE_KINDS
};

/* A handle is a light userdata, so that it costs no memory: bit 63, which no address has; then the kind, the side, the
 * number of its run, and the generation of that run or side that it belongs to. Scripts cannot make one. */
typedef uint64_t gwlua_handle;
#define GWLUA_HANDLE_BIT (UINT64_C(1) << 63)
static inline int handle_kind(gwlua_handle handle) { return (int)(handle >> 58 & 15); }
static inline int handle_side(gwlua_handle handle) { return (int)(handle >> 56 & 3); }
static inline uint32_t handle_run(gwlua_handle handle) { return (uint32_t)(handle >> 32 & 0xffffff); }
static inline uint32_t handle_generation(gwlua_handle handle) { return (uint32_t)handle; }
enum { GWLUA_RUNS_MAX = 1 << 24 };


enum { SIDE_REQUEST, SIDE_RESPONSE, SIDE_LOG, SIDE_COUNT };

struct gwlua_run {
    struct gwlua_vm *vm;
    void *host;
    int32_t instance;
    /* Handles remember the generation that they were made in. */
    uint32_t generation;
    uint32_t side_generation[2];
    bool is_used;
    /* What `ctx` has made and keeps until the run ends, one bit each. */
    uint32_t kept;
    uint32_t number;
    uint32_t http_calls, http_running, log_lines, headers_added, reroutes;
    size_t header_bytes_added;
    int64_t cpu, awaited;
    /* CPU by the thread's own clock, counted once `cpu` says that the run has used all that it may: `cpu` is by ticks,
     * which also pass while another thread has the processor. */
    int64_t exact_cpu;
    uint32_t timer;
    /* Its reply or a chunk is kept by the registry. */
    bool has_anchors;
    gwlua_reply reply;
    bool has_replied;
    struct gwlua_task tasks[SIDE_COUNT];
    struct gwlua_run *next_free;
};

struct gwlua_timer_entry {
    double period_ms, jitter;
    bool is_gateway;
    int function_ref;
};

/* A longer source could overflow the C stack: this release recurses when it words an error. */
enum { GWLUA_SOURCE_MAX = 64 << 10 };
/* chains.c: the line of a chain of fields that is too long for the same reason; 0 when there is none. */
int gwlua_long_chain(gwlua_text source);

enum { GWLUA_TIMERS_MAX = 16, GWLUA_INSTANCES_MAX = 4096, GWLUA_THREADS_POOLED = 64 };

struct gwlua_failure {
    char error[2048];
    char traceback[4096];
};

struct gwlua_engine {
    gwlua_limits limits;
    const gwlua_host *host;
    void *context;
    struct gwlua_metrics *metrics;
    /* What runs now. */
    struct gwlua_run *run;
    struct gwlua_task *task;
    int side;
    /* Running coroutines that cannot be suspended, such as one in a callback of sort; nothing is awaited above them. */
    uint32_t blocked;
    bool is_loading;
    /* Set while a phase runs in which nothing can be awaited. */
    const char *no_await;
    int phase;
    int phase_refs[GWLUA_PHASE_COUNT];
    int phase_parameters[GWLUA_PHASE_COUNT];
    int init_ref, unload_ref, filter_ref, handles_ref, conf_ref, env_ref;
    /* Metatables of the kinds that are no light userdata: references to push them, and addresses to recognise them. */
    int metatable_refs[HANDLE_KINDS];
    const void *metatables[HANDLE_KINDS];
    /* Of all kinds: the tables of fields. */
    int fields_refs[HANDLE_KINDS];
    lua_CFunction indexes[HANDLE_LIGHT_KINDS], new_indexes[HANDLE_LIGHT_KINDS];
    int32_t instance_count;
    char **instance_names;
    struct gwlua_run **runs;
    uint32_t run_count, run_capacity, runs_in_use;
    struct gwlua_run *free_run;
    int threads[GWLUA_THREADS_POOLED];
    lua_State *thread_states[GWLUA_THREADS_POOLED];
    uint32_t thread_count;
    uint32_t suspended;
    uint32_t live_coroutines, coroutine_depth;
    struct gwlua_timer_entry timers[GWLUA_TIMERS_MAX];
    uint32_t timer_count;
    /* The filter's table has been read, and asks for timers. */
    bool is_described, uses_timers;
    int64_t cpu;
    /* By the thread's CPU clock: when the count hook stops the script. */
    int64_t hook_deadline;
    size_t used_at_collection;
    gwlua_test_call test_call;
    bool has_coverage;
    uint8_t *lines_run, *lines_active;
    char script[128];
    /* What the last failure was; NULL until there is one, since a VM that never fails is most of them. */
    struct gwlua_failure *failure;
    char fault[256];
};

static inline struct gwlua_engine *engine_of(lua_State *L) { return gwlua_of(L)->engine; }

static inline gwlua_text text_at(lua_State *L, int index) {
    size_t count = 0;
    const char *bytes = lua_tolstring(L, index, &count);
    return (gwlua_text){(const uint8_t *)bytes, count};
}
static inline gwlua_text text_of(const char *literal) {
    size_t count = 0;
    while (literal[count]) count++;
    return (gwlua_text){(const uint8_t *)literal, count};
}
static inline void push_text(lua_State *L, gwlua_text text) {
    lua_pushlstring(L, text.bytes ? (const char *)text.bytes : "", text.count);
}

/* Raises the host's reason for refusing. */
_Noreturn void gwlua_raise_fault(lua_State *L);

/* kill.c: bracket an entry; see there. */
struct gwlua_bracket {
    struct gwlua_vm *outer;
    int64_t outer_budget;
    uint64_t ticks;
};
void *gwlua_allocate(void *vm, void *block, size_t old_size, size_t new_size);
void gwlua_arm(struct gwlua_vm *vm, int why);
/* Has `thread` look at the clock now and then, where scripts are not stopped by signals. */
void gwlua_set_count_hook(lua_State *thread);
void gwlua_rearm(struct gwlua_vm *vm);
/* False when so many VMs are over their memory that no more Lua is entered. */
bool gwlua_enter_bracket(struct gwlua_vm *vm, lua_State *thread, int64_t budget, struct gwlua_bracket *bracket);
/* Nanoseconds of CPU that were used. */
int64_t gwlua_leave_bracket(struct gwlua_vm *vm, struct gwlua_bracket *bracket);
void gwlua_end_overdraft(struct gwlua_vm *vm);
/* Whether a new thread's state has the fields that the limit of stacks reads. */
bool gwlua_knows_stacks(lua_State *L);
/* CPU that the calling thread has used, exact and slower than ticks. */
int64_t gwlua_thread_cpu(void);

/* vm.c: runs what lies on `thread` (a function and its arguments) to its end under a budget; used while loading. */
int32_t gwlua_run_protected(struct gwlua_vm *vm, lua_State *thread, int arguments, int64_t budget);
void gwlua_note_error(struct gwlua_vm *vm, lua_State *thread);
void gwlua_set_error(struct gwlua_engine *engine, const char *message);

/* sandbox.c, coroutines.c */
void gwlua_build_sandbox(lua_State *L);
void gwlua_open_coroutine(lua_State *L);
/* Names in the environment, and in `gw`, that are there once they are looked up; NULL behind the last. */
const char *gwlua_lazy_module(int index);
const char *gwlua_lazy_part(int index);
int gwlua_refuse_assignment(lua_State *L);
/* Replaces the value at the top of the stack by one that cannot be changed, deep down. */
void gwlua_freeze(lua_State *L);
/* Pushes what a frozen table shows; the table itself when it is not frozen. */
void gwlua_push_thawed(lua_State *L, int index);
bool gwlua_is_frozen(lua_State *L, int index);

/* handles.c, headers.c, bodies.c */
void gwlua_open_handles(lua_State *L);
void gwlua_push_handle(lua_State *L, int kind);
void gwlua_drop_handles(struct gwlua_run *run, int side);
/* What a kind of handle can do: `fields` maps names to properties' numbers or to methods. Functions find that table at
 * `gwlua_fields(kind)`. */
void gwlua_define_handle(
    lua_State *L, int kind, const luaL_Reg *methods, const char *const *properties, lua_CFunction index,
    lua_CFunction new_index);
#define gwlua_fields(kind) lua_upvalueindex((kind) + 1)
void gwlua_push_light(lua_State *L, int kind, int side, uint32_t generation);
/* The same of the present time of the running request's side. */
void gwlua_push_present(lua_State *L, int kind, int side);
bool gwlua_is_handle(lua_State *L, int index, int kind);
static inline gwlua_handle gwlua_handle_at(lua_State *L, int index) {
    return (gwlua_handle)(uintptr_t)lua_touserdata(L, index);
}
/* The run of a handle that may be used now; raises when it is of another kind or time. */
struct gwlua_run *gwlua_check_handle(lua_State *L, int index, int kind);
/* The same for a handle that is one for certain. */
struct gwlua_run *gwlua_live_run(lua_State *L, gwlua_handle handle);
struct gwlua_run *gwlua_check_side(lua_State *L, int index, int *side);
void gwlua_push_json(lua_State *L, gwlua_text json);
void gwlua_push_host_text(lua_State *L, struct gwlua_run *run, int what);
void gwlua_push_host_number(lua_State *L, struct gwlua_run *run, int what);
void gwlua_set_host_text(lua_State *L, struct gwlua_run *run, int what, int index);
void gwlua_open_context(lua_State *L);
/* Forgets what `ctx` has made for the run. */
void gwlua_forget_kept(struct gwlua_run *run);
void gwlua_open_request(lua_State *L);
void gwlua_push_headers(lua_State *L, int side);
/* Pushes an object that reads the field lines of `block`, which is copied. */
void gwlua_push_header_copy(lua_State *L, gwlua_text block);
void gwlua_open_headers(lua_State *L);
void gwlua_open_bodies(lua_State *L);
void gwlua_push_chunk(lua_State *L, int side);
int gwlua_chunk_length(lua_State *L);
int gwlua_take_chunk_result(lua_State *L, int index);
int gwlua_body_get(lua_State *L);
int gwlua_body_set(lua_State *L);
int gwlua_body_json(lua_State *L);
int gwlua_body_chunks(lua_State *L);

/* replies.c: reads an answer from the results of a phase; false when there is none. Raises when it is malformed. */
bool gwlua_read_reply(lua_State *L, int first, int count);
/* Pushes the lines of a table of fields, checked. */
void gwlua_push_field_lines(lua_State *L, int index, bool is_request);
/* Why a field may not be set by a script; NULL when it may. */
const char *gwlua_field_problem(gwlua_text name, gwlua_text value);
int gwlua_respond(lua_State *L);
int gwlua_reply_value(lua_State *L);
/* Whether the value at `index` is the error that ends a task with its reply, or because its time is over. */
bool gwlua_is_reply_raise(lua_State *L, int index);
_Noreturn void gwlua_raise_reply(lua_State *L);
void gwlua_open_replies(lua_State *L);

/* gateway.c, http_calls.c, timers.c, testing.c: parts of `gw` */
void gwlua_open_gateway(lua_State *L);
void gwlua_open_http(lua_State *L);
void gwlua_open_timer(lua_State *L);
void gwlua_open_test(lua_State *L);
int gwlua_sleep(lua_State *L);

/* Suspends the running task: `return gwlua_await(L, context, k)`. Raises where that cannot be. */
int gwlua_await(lua_State *L, lua_KContext context, lua_KFunction k);
/* Whether a coroutine has yielded to the host, or waits for another one that has. Its mark is then at the top of the
 * stack, and popped by who resumes it. */
bool gwlua_is_awaiting(lua_State *thread);
/* Raises when the running phase cannot be suspended, whatever time is left. */
void gwlua_check_suspendable(lua_State *L);
/* Raises when the running phase cannot be suspended; called before anything is started. Milliseconds that it may still
 * await; when none are left, 0 once, and then it raises. */
double gwlua_check_awaitable(lua_State *L);

/* Raises where the filter has not asked for timers. */
void gwlua_check_timers(lua_State *L);

#endif
