#ifndef GWLUA_INTERNAL_H
#define GWLUA_INTERNAL_H

/* What the C files of the sandbox share. Nothing here is seen by Swift. */

#include "CLuaShim.h"

#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a VM was killed; the value of `killed`. */
enum { GWLUA_ALIVE = 0, GWLUA_CPU = 1, GWLUA_MEMORY = 2 };

struct gwlua_vm {
    lua_State *main;
    /* Bytes that Lua has of the allocator, and their bounds: above `soft` the script is killed, above `hard` the
     * allocator refuses. See allocator.c. */
    size_t used, soft, hard;
    /* Set by the watchdog's signal or the allocator, and cleared only once the call that was meant has unwound. */
    volatile sig_atomic_t killed;
    /* Where the kill hook is to be armed: the coroutine that runs now. NULL outside of Lua. */
    lua_State *volatile current;
    /* Whether a script can run: the sandbox has been built. */
    bool is_ready;
    /* Scripts look at the clock themselves, where signals are unwelcome. */
    bool counts_time;
    /* Something in it was killed: its globals may be half-written, so that it gets no new request. */
    bool is_retired;
    /* It counts among the VMs that are over their memory. */
    bool is_overdrawn;
    bool knows_stacks; /* whether the thread's state could be read */
    struct gwlua_engine *engine; /* see engine.h; libraries do not need it */
};

/* The VM that a state or coroutine belongs to. */
static inline struct gwlua_vm *gwlua_of(lua_State *L) { return *(struct gwlua_vm **)lua_getextraspace(L); }

/* Raises the error that nothing catches. */
_Noreturn void gwlua_raise_kill(lua_State *L);
void gwlua_poll_slowly(lua_State *L);

/* To be called at least once in every 1024 steps of a loop whose length a script chooses: C code is not interrupted by
 * the kill hook, so it has to look for itself. */
static inline void gwlua_poll(lua_State *L) {
    struct gwlua_vm *vm = gwlua_of(L);
    if (vm->killed || vm->counts_time) gwlua_poll_slowly(L);
}

/* The longest string that a script may build, in bytes. */
static inline size_t gwlua_string_max(lua_State *L) { return gwlua_of(L)->soft / 4; }

/* Each pushes one new table with the functions of a library. */
void gwlua_open_string(lua_State *L);
void gwlua_open_table(lua_State *L);
void gwlua_open_utf8(lua_State *L);
void gwlua_open_math(lua_State *L);
void gwlua_open_json(lua_State *L);
void gwlua_open_base64(lua_State *L);
void gwlua_open_hex(lua_State *L);
void gwlua_open_url(lua_State *L);
void gwlua_open_text(lua_State *L);
void gwlua_open_time(lua_State *L);
void gwlua_open_crypto(lua_State *L);
void gwlua_open_jwt(lua_State *L);
void gwlua_open_re(lua_State *L);

/* JSON as the `json` module reads and writes it. Encoding pushes the text, decoding the value, and both return 1; when
 * the value or text is refused they push nil and a message and return 2. `max_depth` is at most 128. */
int gwlua_json_encode_value(lua_State *L, int index);
int gwlua_json_decode_text(lua_State *L, const char *text, size_t count, int max_depth);

/* What libraries with a state outside of the VM ask about where they run; engine.c answers. */

struct gwlua_store;
struct gwlua_metrics;

/* Nanoseconds on the monotonic clock, a virtual one in tests; `wall` is Unix time. */
int64_t gwlua_clock_ns(lua_State *L);
int64_t gwlua_wall_clock_ns(lua_State *L);
/* The store of that name when the script may use it; raises with a hint when not. Lives longer than the VM. */
struct gwlua_store *gwlua_store_named(lua_State *L, const char *name);
/* Where metrics of this VM are declared. */
struct gwlua_metrics *gwlua_metrics_here(lua_State *L);
/* The column of cells that this thread may write now: 0..<workers, or `workers` for the control plane. */
unsigned gwlua_metrics_column(lua_State *L);
/* Whether the chunk of the script or its `on_init` runs: the only time to declare something. */
bool gwlua_is_loading(lua_State *L);
/* The names of the filter and of the current request's route; empty without one. Valid until the next yield. */
const char *gwlua_filter_name(lua_State *L, size_t *count);
const char *gwlua_route_name(lua_State *L, size_t *count);

/* Suspends the running task for that many milliseconds, after which `k` runs: to be called as
 * `return gwlua_sleep_k(L, …)`. Raises where a task cannot be suspended. */
int gwlua_sleep_k(lua_State *L, double milliseconds, lua_KContext context, lua_KFunction k);

void gwlua_open_store(lua_State *L);   /* pushes the function gw.store */
void gwlua_open_metrics(lua_State *L); /* pushes the table gw.metrics */

#endif
