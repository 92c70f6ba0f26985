/* Memory and time of scripts: the allocator, the watchdog, and how a running script is stopped.
 *
 * A count hook would cost every instruction of every script. In place of it a watchdog thread looks every millisecond
 * which threads are inside of Lua, and for how long by their own CPU clock. It sends a signal to one that is over its
 * budget; the handler, on that very thread, sets a flag and a hook that raises at the next instruction. The flag stays:
 * `pcall`, coroutines and our library functions look at it, so that nothing catches the error. The VM is then retired.
 */

#include "engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

static char sentinel; /* unforgeable: no script can make a light userdata */

_Noreturn void gwlua_raise_kill(lua_State *L) {
    lua_pushlightuserdata(L, &sentinel);
    lua_error(L);
    __builtin_unreachable();
}

static void kill_hook(lua_State *L, lua_Debug *activation) {
    (void)activation;
    if (gwlua_of(L)->killed) gwlua_raise_kill(L);
    lua_sethook(L, NULL, 0, 0);
}

/* Async-signal-safe: stores, and lua_sethook, which its author documents as callable from a signal handler. */
void gwlua_arm(struct gwlua_vm *vm, int why) {
    if (!vm->killed) vm->killed = why;
    gwlua_rearm(vm);
}

void gwlua_rearm(struct gwlua_vm *vm) {
    lua_State *current = vm->current;
    if (current)
        lua_sethook(current, kill_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* MARK: Memory */

static atomic_int overdrafts;
/* So many VMs may be over their soft limit at one time. */
enum { OVERDRAFTS_MAX = 8 };

static void begin_overdraft(struct gwlua_vm *vm) {
    vm->is_overdrawn = true;
    atomic_fetch_add_explicit(&overdrafts, 1, memory_order_relaxed);
}

void gwlua_end_overdraft(struct gwlua_vm *vm) {
    if (!vm->is_overdrawn) return;
    vm->is_overdrawn = false;
    atomic_fetch_sub_explicit(&overdrafts, 1, memory_order_relaxed);
}

/* A chain of objects that call each other through `__call` moves the whole stack at each link, in a loop of the
 * interpreter that no hook and no signal interrupts. It ends when the stack cannot grow, after a time that goes with
 * the square of its length: so stacks are kept to some thousand calls, and a script that is being killed gets no longer
 * one. The interpreter's own limit, a million slots, is compiled in; its allocator is the only place to set another.
 * Which block is a stack only the thread's state tells, whose first fields are these in all releases of Lua 5.4;
 * `gwlua_knows_stacks` finds out whether they are. */
struct thread_prefix {
    void *next;
    unsigned char type, marked, status, allows_hook;
    unsigned short call_count;
    char *top;
    void *global;
    void *call;
    char *stack_last;
    char *stack;
};

enum { SLOT_BYTES = 16, SPARE_SLOTS = 5, FIRST_SLOTS = 40, STACK_BYTES = 20480 * SLOT_BYTES };

static size_t stack_bytes(lua_State *L) {
    const struct thread_prefix *thread = (const struct thread_prefix *)L;
    return (size_t)(thread->stack_last - thread->stack);
}

bool gwlua_knows_stacks(lua_State *L) {
    const struct thread_prefix *thread = (const struct thread_prefix *)L;
    if (stack_bytes(L) != FIRST_SLOTS * SLOT_BYTES) return false;
    char *top = thread->top;
    if (top < thread->stack || top >= thread->stack_last) return false;
    lua_pushboolean(L, 1);
    bool moves = thread->top == top + SLOT_BYTES;
    lua_pop(L, 1);
    return moves && thread->top == top && lua_checkstack(L, 2 * FIRST_SLOTS)
           && stack_bytes(L) >= 2 * FIRST_SLOTS * SLOT_BYTES;
}

static bool is_stack_too_long(const struct gwlua_vm *vm, size_t new_size) {
    if (!vm->knows_stacks || !vm->current) return false;
    return new_size == 2 * stack_bytes(vm->current) + SPARE_SLOTS * SLOT_BYTES
           && (vm->killed || new_size > STACK_BYTES + SPARE_SLOTS * SLOT_BYTES);
}

/* Above the soft limit a block is granted and the script killed: refusing would start an emergency collection inside of
 * an assignment, which this release of Lua does not survive. Only above the hard limit NULL is returned; no assignment
 * gets there from the soft limit, since a table at most triples. A concatenation of many long strings does, where the
 * collection does no harm; the script is killed for it all the same. */
void *gwlua_allocate(void *context, void *block, size_t old_size, size_t new_size) {
    struct gwlua_vm *vm = context;
    if (!block) old_size = 0; /* a type's tag otherwise */
    if (new_size == 0) {
        vm->used -= old_size;
        free(block);
        return NULL;
    }
    if (new_size > old_size) {
        if (!block && is_stack_too_long(vm, new_size)) return NULL;
        size_t used = vm->used + (new_size - old_size);
        if (used > vm->soft && vm->is_ready && !vm->killed) {
            if (!vm->is_overdrawn) begin_overdraft(vm);
            gwlua_arm(vm, GWLUA_MEMORY);
        }
        if (used > vm->hard) return NULL;
    }
    void *moved = realloc(block, new_size);
    if (moved) vm->used += new_size - old_size;
    return moved;
}

/* MARK: Time */

/* One for each thread that has entered Lua; never freed, since the watchdog may look at it. */
struct watched_thread {
    pthread_t thread;
    clockid_t clock;
    /* Odd while inside of Lua; moves at every entry and leave. */
    _Atomic uint64_t sequence;
    _Atomic int64_t budget;
    /* The entry that the watchdog has decided to end, or 0. */
    _Atomic uint64_t condemned;
    /* CPU that the watchdog has seen this entry use: more exact than ticks, which go on while others run. */
    _Atomic int64_t seen_cpu;
    _Atomic bool has_ended;
    struct gwlua_vm *volatile vm;
    /* The watchdog's notes: the entry that it saw last, and the clock when it saw it first. */
    _Atomic uint64_t noted;
    int64_t noted_cpu;
    struct watched_thread *next;
};

static _Atomic(struct watched_thread *) threads;
static __thread struct watched_thread *here;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;
/* No signal is sent to a thread that has ended. */
static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;
static double nanoseconds_per_tick = 1;

static inline uint64_t ticks_now(void) {
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t gwlua_monotonic_time(void) { return nanoseconds(CLOCK_MONOTONIC); }
int64_t gwlua_wall_time(void) { return nanoseconds(CLOCK_REALTIME); }
int64_t gwlua_thread_cpu(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

static int kill_signal(void) { return SIGRTMIN + 5; }

static void on_signal(int number) {
    (void)number;
    struct watched_thread *thread = here;
    if (!thread) return;
    uint64_t sequence = atomic_load_explicit(&thread->sequence, memory_order_relaxed);
    /* The entry that was meant may have ended since; then this one is innocent. */
    if ((sequence & 1) == 0 || atomic_load_explicit(&thread->condemned, memory_order_relaxed) != sequence) return;
    if (thread->vm) gwlua_arm(thread->vm, GWLUA_CPU);
}

static void watch(struct watched_thread *thread) {
    uint64_t sequence = atomic_load_explicit(&thread->sequence, memory_order_acquire);
    if ((sequence & 1) == 0) return;
    if (atomic_load_explicit(&thread->has_ended, memory_order_acquire)) return;
    int64_t cpu = nanoseconds(thread->clock);
    if (sequence != atomic_load_explicit(&thread->noted, memory_order_relaxed)) {
        atomic_store_explicit(&thread->noted, sequence, memory_order_relaxed);
        thread->noted_cpu = cpu;
        atomic_store_explicit(&thread->seen_cpu, 0, memory_order_relaxed);
        return;
    }
    int64_t used = cpu - thread->noted_cpu;
    atomic_store_explicit(&thread->seen_cpu, used, memory_order_relaxed);
    if (used < atomic_load_explicit(&thread->budget, memory_order_relaxed)) return;
    /* Sent again at every turn until the entry ends: the first may have come while a C function ran. */
    atomic_store_explicit(&thread->condemned, sequence, memory_order_release);
    pthread_mutex_lock(&ending);
    if (atomic_load_explicit(&thread->sequence, memory_order_acquire) == sequence
        && !atomic_load_explicit(&thread->has_ended, memory_order_relaxed))
        pthread_kill(thread->thread, kill_signal());
    pthread_mutex_unlock(&ending);
}

static void *watchdog(void *unused) {
    (void)unused;
    /* Ahead of the threads that it watches, where that is allowed: with busy processors a kill comes late else. */
    setpriority(PRIO_PROCESS, 0, -10);
    struct timespec turn = {0, 1000000};
    for (;;) {
        nanosleep(&turn, NULL);
        for (struct watched_thread *thread = atomic_load(&threads); thread; thread = thread->next) watch(thread);
    }
    return NULL;
}

static void forget_thread(void *value) {
    struct watched_thread *thread = value;
    pthread_mutex_lock(&ending);
    atomic_store_explicit(&thread->has_ended, true, memory_order_release);
    pthread_mutex_unlock(&ending);
}

static void measure_ticks(void) {
    int64_t start = nanoseconds(CLOCK_MONOTONIC);
    uint64_t ticks = ticks_now();
    while (nanoseconds(CLOCK_MONOTONIC) - start < 2000000) {}
    uint64_t passed = ticks_now() - ticks;
    if (passed) nanoseconds_per_tick = (double)(nanoseconds(CLOCK_MONOTONIC) - start) / (double)passed;
}

static void start_watchdog(void) {
    measure_ticks();
    pthread_key_create(&thread_end, forget_thread);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(kill_signal(), &action, NULL);
    /* Signals of the process are for others. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    if (pthread_create(&thread, NULL, watchdog, NULL) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static struct watched_thread *register_thread(void) {
    pthread_once(&once, start_watchdog);
    struct watched_thread *thread = calloc(1, sizeof *thread);
    if (!thread) abort(); /* no thread runs scripts unwatched */
    thread->thread = pthread_self();
    pthread_getcpuclockid(pthread_self(), &thread->clock);
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, kill_signal());
    pthread_sigmask(SIG_UNBLOCK, &mine, NULL);
    pthread_setspecific(thread_end, thread);
    struct watched_thread *first = atomic_load(&threads);
    do { thread->next = first; } while (!atomic_compare_exchange_weak(&threads, &first, thread));
    here = thread;
    return thread;
}

void gwlua_poll_slowly(lua_State *L) {
    struct gwlua_vm *vm = gwlua_of(L);
    if (!vm->killed && vm->current && nanoseconds(CLOCK_THREAD_CPUTIME_ID) > vm->engine->hook_deadline)
        gwlua_arm(vm, GWLUA_CPU);
    if (vm->killed) gwlua_raise_kill(L);
}

static void count_hook(lua_State *L, lua_Debug *activation) {
    (void)activation;
    gwlua_poll_slowly(L);
}

void gwlua_set_count_hook(lua_State *thread) {
    enum { INSTRUCTIONS = 10000 };
    if (!lua_gethook(thread)) lua_sethook(thread, count_hook, LUA_MASKCOUNT, INSTRUCTIONS);
}

bool gwlua_enter_bracket(struct gwlua_vm *vm, lua_State *thread, int64_t budget, struct gwlua_bracket *bracket) {
    if (atomic_load_explicit(&overdrafts, memory_order_relaxed) > OVERDRAFTS_MAX) return false;
    struct watched_thread *watched = here ? here : register_thread();
    bracket->outer = watched->vm;
    bracket->outer_budget = atomic_load_explicit(&watched->budget, memory_order_relaxed);
    vm->current = thread;
    /* What was allocated before this entry may have crossed the limit. */
    if (vm->killed) gwlua_rearm(vm);
    atomic_store_explicit(&watched->budget, vm->counts_time ? INT64_MAX : budget, memory_order_relaxed);
    uint64_t sequence = atomic_load_explicit(&watched->sequence, memory_order_relaxed);
    /* Odd afterwards, also when this entry lies inside of another VM's (a test that drives a filter). Before the VM is
     * named: a signal that was meant for the outer one does not hit this one. */
    atomic_store_explicit(&watched->sequence, sequence + 1 + (sequence & 1), memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    watched->vm = vm;
    if (vm->counts_time) {
        vm->engine->hook_deadline = nanoseconds(CLOCK_THREAD_CPUTIME_ID) + budget;
        gwlua_set_count_hook(thread);
    }
    bracket->ticks = ticks_now();
    return true;
}

int64_t gwlua_leave_bracket(struct gwlua_vm *vm, struct gwlua_bracket *bracket) {
    struct watched_thread *watched = here;
    uint64_t passed = ticks_now() - bracket->ticks;
    int64_t used = (int64_t)((double)passed * nanoseconds_per_tick);
    vm->current = NULL;
    uint64_t sequence = atomic_load_explicit(&watched->sequence, memory_order_relaxed);
    if (used > 3000000 && atomic_load_explicit(&watched->noted, memory_order_relaxed) == sequence) {
        /* Ticks go on while another thread has the CPU. */
        int64_t seen = atomic_load_explicit(&watched->seen_cpu, memory_order_relaxed) + 1000000;
        if (seen < used) used = seen;
    }
    if (bracket->outer) {
        atomic_store_explicit(&watched->budget, bracket->outer_budget, memory_order_relaxed);
        atomic_store_explicit(&watched->sequence, sequence + 2, memory_order_release);
    } else {
        atomic_store_explicit(&watched->sequence, sequence + 1, memory_order_release);
    }
    atomic_signal_fence(memory_order_seq_cst);
    watched->vm = bracket->outer;
    return used;
}
