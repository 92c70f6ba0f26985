/* VMs: how they are made, closed and looked at. */

#include "engine.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *gwlua_release(void) { return LUA_RELEASE; }

bool gwlua_is_release_right(void) {
    lua_State *L = luaL_newstate();
    if (!L) return false;
    bool is_right = lua_version(L) == LUA_VERSION_NUM;
    lua_close(L);
    return is_right;
}

void gwlua_free(void *pointer) { free(pointer); }

static int on_panic(lua_State *L) {
    const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no message";
    fprintf(stderr, "gateway: Lua panic: %s\n", message);
    return 0; /* Lua aborts: nothing of ours may run unprotected and raise */
}

/* MARK: Life */

static int build(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    /* On a thread of its own: one that was asked for room once keeps it. */
    gwlua_of(L)->knows_stacks = gwlua_knows_stacks(lua_newthread(L));
    lua_pop(L, 1);
    gwlua_build_sandbox(L);
    engine->env_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    engine->handles_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    engine->conf_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    gwlua_open_handles(L);
    return 0;
}

gwlua_vm *gwlua_vm_new(
    const gwlua_limits *limits, const gwlua_host *host, void *context, struct gwlua_metrics *metrics) {
    struct gwlua_vm *vm = calloc(1, sizeof *vm);
    struct gwlua_engine *engine = calloc(1, sizeof *engine);
    if (!vm || !engine) goto failed;
    vm->engine = engine;
    vm->soft = limits->memory;
    vm->counts_time = limits->uses_hook;
    vm->hard = limits->memory * 4 + (1 << 20);
    engine->limits = *limits;
    engine->host = host;
    engine->context = context;
    engine->metrics = metrics;
    engine->init_ref = engine->unload_ref = engine->filter_ref = LUA_NOREF;
    for (int phase = 0; phase < GWLUA_PHASE_COUNT; phase++) engine->phase_refs[phase] = LUA_NOREF;
    vm->main = lua_newstate(gwlua_allocate, vm);
    if (!vm->main) goto failed;
    lua_atpanic(vm->main, on_panic);
    /* Coroutines copy this from the main thread when they are made. */
    *(struct gwlua_vm **)lua_getextraspace(vm->main) = vm;
    lua_pushcfunction(vm->main, build);
    if (lua_pcall(vm->main, 0, 0, 0) != LUA_OK) {
        lua_close(vm->main);
        goto failed;
    }
    vm->is_ready = true;
    engine->used_at_collection = vm->used;
    return vm;
failed:
    free(engine);
    free(vm);
    return NULL;
}

void gwlua_vm_free(gwlua_vm *vm) {
    struct gwlua_engine *engine = vm->engine;
    gwlua_end_overdraft(vm);
    /* Scripts cannot make finalizers, so that nothing of theirs runs here. */
    lua_close(vm->main);
#ifdef DEBUG
    if (vm->used != 0) abort(); /* the allocator's books do not balance: something was freed twice or never */
#endif
    for (int32_t index = 0; index < engine->instance_count; index++) free(engine->instance_names[index]);
    free(engine->instance_names);
    for (uint32_t index = 0; index < engine->run_count; index++) free(engine->runs[index]);
    free(engine->runs);
    free(engine->lines_run);
    free(engine->lines_active);
    free(engine->failure);
    free(engine);
    free(vm);
}

/* MARK: The reaper */

struct retired {
    gwlua_vm *vm;
    struct retired *next;
};
static _Atomic(struct retired *) graveyard;
static sem_t retirements;
static pthread_once_t reaper_once = PTHREAD_ONCE_INIT;
static bool has_reaper;

static void *reap(void *unused) {
    (void)unused;
    for (;;) {
        while (sem_wait(&retirements) != 0) {}
        struct retired *list = atomic_exchange(&graveyard, NULL);
        while (list) {
            struct retired *next = list->next;
            gwlua_vm_free(list->vm);
            free(list);
            list = next;
        }
    }
    return NULL;
}

static void start_reaper(void) {
    sem_init(&retirements, 0, 0);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    has_reaper = pthread_create(&thread, NULL, reap, NULL) == 0;
    if (has_reaper) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void gwlua_vm_reap(gwlua_vm *vm) {
    pthread_once(&reaper_once, start_reaper);
    struct retired *entry = has_reaper ? malloc(sizeof *entry) : NULL;
    if (!entry) {
        gwlua_vm_free(vm);
        return;
    }
    entry->vm = vm;
    entry->next = atomic_load(&graveyard);
    while (!atomic_compare_exchange_weak(&graveyard, &entry->next, entry)) {}
    sem_post(&retirements);
}

/* MARK: What is known of a VM */

void gwlua_vm_set_context(gwlua_vm *vm, void *context) { vm->engine->context = context; }
size_t gwlua_vm_bytes(const gwlua_vm *vm) { return vm->used; }
bool gwlua_vm_is_killed(const gwlua_vm *vm) { return vm->killed || vm->is_retired; }
const char *gwlua_vm_error(const gwlua_vm *vm) {
    return vm->engine->failure ? vm->engine->failure->error : "out of memory";
}
const char *gwlua_vm_traceback(const gwlua_vm *vm) {
    return vm->engine->failure ? vm->engine->failure->traceback : "";
}
int64_t gwlua_vm_cpu(const gwlua_vm *vm) { return vm->engine->cpu; }
uint32_t gwlua_vm_suspended(const gwlua_vm *vm) { return vm->engine->suspended; }
uint32_t gwlua_timer_count(const gwlua_vm *vm) { return vm->engine->timer_count; }
int64_t gwlua_run_cpu(const gwlua_run *run) { return run->cpu; }
const gwlua_reply *gwlua_run_reply(const gwlua_run *run) { return &run->reply; }

void gwlua_timer(const gwlua_vm *vm, uint32_t number, double *period_ms, bool *is_gateway, double *jitter) {
    if (number >= vm->engine->timer_count) return;
    const struct gwlua_timer_entry *timer = &vm->engine->timers[number];
    *period_ms = timer->period_ms;
    *is_gateway = timer->is_gateway;
    *jitter = timer->jitter;
}

void gwlua_select_timer(gwlua_run *run, uint32_t number) { run->timer = number; }

bool gwlua_has_phase(const gwlua_vm *vm, int32_t phase) {
    return phase >= 0 && phase < GWLUA_PHASE_COUNT && vm->engine->phase_refs[phase] != LUA_NOREF;
}

void gwlua_refuse(gwlua_vm *vm, const char *message) {
    snprintf(vm->engine->fault, sizeof vm->engine->fault, "%s", message);
}

_Noreturn void gwlua_raise_fault(lua_State *L) {
    luaL_error(L, "%s", engine_of(L)->fault);
    __builtin_unreachable();
}

/* So many bytes are worth steps of the collector when the loop is idle; fewer are collected in one go. */
enum { STEPPED_BYTES = 256 << 10 };

bool gwlua_vm_has_garbage(const gwlua_vm *vm) {
    return !vm->killed && vm->used >= vm->engine->used_at_collection + STEPPED_BYTES;
}

bool gwlua_vm_collect(gwlua_vm *vm) {
    enum { SLICE_KIB = 16 };
    if (vm->killed) return false;
    bool is_done = lua_gc(vm->main, LUA_GCSTEP, SLICE_KIB);
    if (is_done) vm->engine->used_at_collection = vm->used;
    return !is_done;
}

void gwlua_vm_settle(gwlua_vm *vm) {
    if (vm->killed || vm->used > STEPPED_BYTES) return;
    lua_gc(vm->main, LUA_GCCOLLECT);
    vm->engine->used_at_collection = vm->used;
}

/* MARK: Errors */

/* Where a failure is told; NULL without memory, which says enough itself. */
static struct gwlua_failure *failure_of(struct gwlua_engine *engine) {
    if (!engine->failure) engine->failure = calloc(1, sizeof *engine->failure);
    return engine->failure;
}

void gwlua_set_error(struct gwlua_engine *engine, const char *message) {
    struct gwlua_failure *failure = failure_of(engine);
    if (!failure) return;
    snprintf(failure->error, sizeof failure->error, "%s", message);
    failure->traceback[0] = 0;
}

void gwlua_note_error(struct gwlua_vm *vm, lua_State *thread) {
    struct gwlua_failure *failure = failure_of(vm->engine);
    if (!failure) return;
    if (vm->killed == GWLUA_CPU) {
        snprintf(failure->error, sizeof failure->error, "the script used more CPU time than it may");
    } else if (vm->killed == GWLUA_MEMORY) {
        snprintf(failure->error, sizeof failure->error, "the script used more than %zu KiB of memory", vm->soft >> 10);
    } else if (lua_gettop(thread) > 0 && lua_type(thread, -1) == LUA_TSTRING) {
        /* Cut by its precision: else all of a long text would be counted. */
        snprintf(
            failure->error, sizeof failure->error, "%.*s", (int)sizeof failure->error - 1, lua_tostring(thread, -1));
        /* One line: a log is read by lines. */
        for (char *byte = failure->error; *byte; byte++)
            if ((unsigned char)*byte < 0x20 || *byte == 0x7f) *byte = ' ';
    } else {
        /* Never by __tostring: that is code of the script. */
        const char *type = lua_gettop(thread) > 0 ? luaL_typename(thread, -1) : "nil";
        snprintf(failure->error, sizeof failure->error, "(error object is a %s value)", type);
    }
    size_t length = 0;
    failure->traceback[0] = 0;
    lua_Debug frame;
    for (int level = 0; level < 12 && lua_getstack(thread, level, &frame); level++) {
        if (!lua_getinfo(thread, "Sl", &frame) || frame.currentline < 0) continue;
        int count = snprintf(
            failure->traceback + length, sizeof failure->traceback - length, "%s%s:%d", length ? "\n" : "",
            frame.short_src, frame.currentline);
        if (count < 0 || length + (size_t)count >= sizeof failure->traceback) break;
        length += (size_t)count;
    }
}
