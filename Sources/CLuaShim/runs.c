/* Entries into a VM: each call of a script runs in a pooled coroutine, watched and counted. */

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MARK: Threads */

static lua_State *take_thread(struct gwlua_vm *vm, int *reference) {
    struct gwlua_engine *engine = vm->engine;
    if (engine->thread_count > 0) {
        uint32_t last = --engine->thread_count;
        *reference = engine->threads[last];
        return engine->thread_states[last];
    }
    lua_State *thread = lua_newthread(vm->main);
    *reference = luaL_ref(vm->main, LUA_REGISTRYINDEX);
    return thread;
}

static void give_thread(struct gwlua_vm *vm, lua_State *thread, int reference) {
    struct gwlua_engine *engine = vm->engine;
    if (engine->thread_count == GWLUA_THREADS_POOLED) {
        luaL_unref(vm->main, LUA_REGISTRYINDEX, reference);
        return;
    }
    lua_settop(thread, 0);
    engine->threads[engine->thread_count] = reference;
    engine->thread_states[engine->thread_count++] = thread;
}

/* A coroutine that did not end in order is never used again, and never reset: that would run its `__close`. */
static void drop_thread(struct gwlua_vm *vm, int reference) {
    if (!vm->killed) luaL_unref(vm->main, LUA_REGISTRYINDEX, reference);
}

static int32_t killed_outcome(const struct gwlua_vm *vm) {
    return vm->killed == GWLUA_MEMORY ? GWLUA_KILLED_MEMORY : GWLUA_KILLED_CPU;
}

int32_t gwlua_run_protected(struct gwlua_vm *vm, lua_State *thread, int arguments, int64_t budget) {
    struct gwlua_engine *engine = vm->engine;
    struct gwlua_bracket bracket;
    if (!gwlua_enter_bracket(vm, thread, budget, &bracket)) {
        gwlua_set_error(engine, "too many scripts are over their memory at this moment");
        return GWLUA_FAILED;
    }
    int results = 0;
    engine->is_loading = true;
    engine->no_await = "while a script is loaded";
    int status = lua_resume(thread, NULL, arguments, &results);
    engine->no_await = NULL;
    engine->is_loading = false;
    engine->cpu += gwlua_leave_bracket(vm, &bracket);
    if (status == LUA_OK && !vm->killed) return GWLUA_DONE;
    gwlua_note_error(vm, thread);
    return vm->killed ? killed_outcome(vm) : GWLUA_FAILED;
}

/* MARK: Runs */

gwlua_run *gwlua_run_begin(gwlua_vm *vm, int32_t instance, void *host) {
    struct gwlua_engine *engine = vm->engine;
    if (vm->killed || vm->is_retired) return NULL;
    struct gwlua_run *run = engine->free_run;
    if (run) {
        engine->free_run = run->next_free;
    } else {
        if (engine->run_count == engine->run_capacity) {
            uint32_t capacity = engine->run_capacity ? engine->run_capacity * 2 : 8;
            struct gwlua_run **grown = realloc(engine->runs, capacity * sizeof *grown);
            if (!grown) return NULL;
            engine->runs = grown;
            engine->run_capacity = capacity;
        }
        run = calloc(1, sizeof *run);
        if (!run) return NULL;
        run->vm = vm;
        run->number = engine->run_count;
        engine->runs[engine->run_count++] = run;
    }
    run->host = host;
    run->instance = instance;
    run->is_used = true;
    engine->runs_in_use++;
    return run;
}

void gwlua_run_end(gwlua_run *run) {
    struct gwlua_vm *vm = run->vm;
    for (int side = 0; side < SIDE_COUNT; side++) {
        struct gwlua_task *task = &run->tasks[side];
        if (!task->thread) continue;
        if (task->is_suspended) vm->engine->suspended--;
        drop_thread(vm, task->thread_ref);
        task->thread = NULL;
        task->is_suspended = false;
    }
    gwlua_drop_handles(run, SIDE_REQUEST);
    gwlua_drop_handles(run, SIDE_RESPONSE);
    if (run->has_anchors && !vm->killed) {
        /* Else the bodies of as many runs as there were at one time would stay in the heap. */
        lua_pushnil(vm->main);
        lua_rawsetp(vm->main, LUA_REGISTRYINDEX, run);
        for (int side = 0; side < SIDE_COUNT; side++) {
            lua_pushnil(vm->main);
            lua_rawsetp(vm->main, LUA_REGISTRYINDEX, &run->tasks[side]);
        }
    }
    run->has_anchors = false;
    gwlua_forget_kept(run);
    run->generation++;
    run->host = NULL;
    run->is_used = false;
    vm->engine->runs_in_use--;
    run->http_calls = run->http_running = run->log_lines = run->headers_added = run->reroutes = 0;
    run->header_bytes_added = 0;
    run->cpu = run->awaited = run->exact_cpu = 0;
    run->has_replied = false;
    run->next_free = vm->engine->free_run;
    vm->engine->free_run = run;
}

static int side_of(int phase) {
    switch (phase) {
    case GWLUA_ON_RESPONSE: case GWLUA_ON_RESPONSE_BODY: return SIDE_RESPONSE;
    case GWLUA_ON_LOG: return SIDE_LOG;
    default: return SIDE_REQUEST;
    }
}

/* The error has unwound like any other, so the VM itself is sound: requests that are under way may end on it. */
static void recover(struct gwlua_vm *vm, int reference) {
    bool was_memory = vm->killed == GWLUA_MEMORY;
    vm->is_retired = true;
    /* It grows no more: if it stays above its limit, it stays killed. */
    gwlua_end_overdraft(vm);
    if (vm->engine->runs_in_use <= 1) return;
    luaL_unref(vm->main, LUA_REGISTRYINDEX, reference);
    if (was_memory) lua_gc(vm->main, LUA_GCCOLLECT);
    if (vm->used > vm->soft) return; /* they fail, each when its turn comes */
    vm->killed = GWLUA_ALIVE;
}

/* Reads what a phase returned; runs protected, on the task's own thread. */
static int read_results(lua_State *L) {
    struct gwlua_engine *engine = engine_of(L);
    if (engine->phase == GWLUA_ON_REQUEST_BODY || engine->phase == GWLUA_ON_RESPONSE_BODY) {
        gwlua_take_chunk_result(L, 1);
    } else if (engine->phase == GWLUA_ON_REQUEST || engine->phase == GWLUA_ON_RESPONSE) {
        engine->run->has_replied = gwlua_read_reply(L, 1, lua_gettop(L));
    }
    return 0;
}

static int32_t end_task(struct gwlua_run *run, int side, int status) {
    struct gwlua_vm *vm = run->vm;
    struct gwlua_task *task = &run->tasks[side];
    lua_State *thread = task->thread;
    task->thread = NULL;
    gwlua_drop_handles(run, side);
    if (vm->killed) {
        gwlua_note_error(vm, thread);
        int32_t outcome = killed_outcome(vm);
        recover(vm, task->thread_ref);
        return outcome;
    }
    if (status == LUA_OK) {
        give_thread(vm, thread, task->thread_ref);
        return run->has_replied ? GWLUA_REPLY : GWLUA_DONE;
    }
    int32_t outcome = GWLUA_FAILED;
    if (gwlua_is_reply_raise(thread, -1)) {
        outcome = run->has_replied ? GWLUA_REPLY : GWLUA_TIMED_OUT;
        if (outcome == GWLUA_TIMED_OUT)
            gwlua_set_error(vm->engine, "the script waits on, although its time is over");
    } else {
        gwlua_note_error(vm, thread);
    }
    drop_thread(vm, task->thread_ref);
    return outcome;
}

static int32_t step(struct gwlua_run *run, int side, int arguments) {
    struct gwlua_vm *vm = run->vm;
    struct gwlua_engine *engine = vm->engine;
    struct gwlua_task *task = &run->tasks[side];
    struct gwlua_bracket bracket;
    int64_t budget = engine->limits.slice, start = 0, left = 0;
    /* Once the ticks say that the run has used its CPU time, the exact and slower clock counts whether that is so. */
    bool is_exact = run->cpu >= engine->limits.request;
    if (is_exact) {
        start = gwlua_thread_cpu();
        left = engine->limits.request - run->exact_cpu;
        if (left < budget) budget = left > 1000000 ? left : 1000000;
    }
    if (!gwlua_enter_bracket(vm, task->thread, budget, &bracket)) {
        gwlua_set_error(engine, "too many scripts are over their memory at this moment");
        int reference = task->thread_ref;
        task->thread = NULL;
        engine->run = NULL;
        gwlua_drop_handles(run, side);
        drop_thread(vm, reference);
        return GWLUA_FAILED;
    }
    if (is_exact && left <= 0) gwlua_arm(vm, GWLUA_CPU);
    engine->run = run;
    engine->task = task;
    engine->side = side;
    engine->phase = task->phase;
    engine->blocked = 0;
    engine->coroutine_depth = 0;
    engine->no_await = side == SIDE_LOG ? "in on_log" : NULL;
    int results = 0;
    int status = lua_resume(task->thread, NULL, arguments, &results);
    if (status == LUA_OK && results > 0 && !vm->killed) {
        lua_pushcfunction(task->thread, read_results);
        lua_insert(task->thread, -results - 1);
        engine->no_await = "here";
        status = lua_pcall(task->thread, results, 0, 0);
    }
    int64_t used = gwlua_leave_bracket(vm, &bracket);
    run->cpu += used;
    engine->cpu += used;
    if (is_exact) run->exact_cpu += gwlua_thread_cpu() - start;
    engine->run = NULL;
    engine->task = NULL;
    engine->no_await = NULL;
    if (status == LUA_YIELD && !vm->killed) {
        /* The mark of one that awaits stays on its stack: no script can resume it meanwhile. */
        task->is_suspended = true;
        engine->suspended++;
        task->awaiting_since = engine->host->clock(engine->context, false);
        return GWLUA_SUSPENDED;
    }
    return end_task(run, side, status);
}

int32_t gwlua_enter(gwlua_run *run, int32_t phase) {
    struct gwlua_vm *vm = run->vm;
    struct gwlua_engine *engine = vm->engine;
    int side = side_of(phase);
    struct gwlua_task *task = &run->tasks[side];
    if (vm->killed || task->thread) {
        gwlua_set_error(engine, "the script cannot be entered");
        return GWLUA_FAILED;
    }
    task->phase = phase;
    task->was_warned = false;
    task->awaits_chunk = false;
    task->chunk_is_replaced = false;
    run->has_replied = false;
    lua_State *thread = take_thread(vm, &task->thread_ref);
    task->thread = thread;
    engine->run = run;
    int arguments = 0;
    if (phase == GWLUA_ON_TIMER) {
        lua_rawgeti(thread, LUA_REGISTRYINDEX, engine->timers[run->timer].function_ref);
    } else {
        lua_rawgeti(thread, LUA_REGISTRYINDEX, engine->phase_refs[phase]);
        int wanted = engine->phase_parameters[phase];
        if (wanted > 0) {
            switch (phase) {
            case GWLUA_ON_REQUEST: gwlua_push_handle(thread, HANDLE_REQUEST); break;
            case GWLUA_ON_RESPONSE: gwlua_push_handle(thread, HANDLE_RESPONSE); break;
            case GWLUA_ON_LOG: gwlua_push_handle(thread, HANDLE_LOG); break;
            default: gwlua_push_chunk(thread, side);
            }
            arguments = 1;
        }
        if (wanted > 1) {
            gwlua_push_handle(thread, HANDLE_CONTEXT);
            arguments = 2;
        }
    }
    return step(run, side, arguments);
}

int32_t gwlua_resume(gwlua_run *run, int32_t side) {
    struct gwlua_vm *vm = run->vm;
    struct gwlua_engine *engine = vm->engine;
    struct gwlua_task *task = &run->tasks[side];
    if (!task->thread || !task->is_suspended) return GWLUA_FAILED;
    task->is_suspended = false;
    engine->suspended--;
    if (!task->awaits_chunk) run->awaited += engine->host->clock(engine->context, false) - task->awaiting_since;
    task->awaits_chunk = false;
    if (vm->killed) return end_task(run, side, LUA_ERRRUN);
    lua_pop(task->thread, 1); /* the mark of one that awaits */
    return step(run, side, 0);
}

bool gwlua_is_suspended(const gwlua_run *run, int32_t side) { return run->tasks[side].is_suspended; }

bool gwlua_awaits_chunk(const gwlua_run *run, int32_t side) {
    return run->tasks[side].is_suspended && run->tasks[side].awaits_chunk;
}
