/* Runs scripts through `on_request` twice each, with the sandbox built under the address sanitizer: what a script does
 * to the memory of its VM, such as row 21 of the hostile ones, shows there and nowhere else.
 *
 * usage: run_scripts FILE...   prints a verdict a line
 */

#include "CLuaShim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t no_text(void *host, int32_t what, gwlua_text *out) {
    (void)host, (void)what, (void)out;
    return GWLUA_NONE;
}
static double no_number(void *host, int32_t what) {
    (void)host, (void)what;
    return 0;
}
static int32_t no_field(void *host, int32_t side, gwlua_text name, gwlua_text *value) {
    (void)host, (void)side, (void)name, (void)value;
    return GWLUA_NONE;
}
static int32_t no_module(void *context, gwlua_text name, gwlua_text *out) {
    (void)context, (void)name, (void)out;
    return GWLUA_NONE;
}
static int64_t clock_now(void *context, bool is_wall) {
    (void)context;
    return is_wall ? gwlua_wall_time() : gwlua_monotonic_time();
}
static void no_log(void *context, void *host, int32_t level, gwlua_text message, gwlua_text fields) {
    (void)context, (void)host, (void)level, (void)message, (void)fields;
}

static const gwlua_host host = {
    .text = no_text, .number = no_number, .header_get = no_field, .module = no_module, .clock = clock_now,
    .log = no_log, .secret = no_module, .environment = no_module,
};

static const gwlua_limits limits = {
    .memory = 8 << 20, .slice = 200000000, .request = 400000000, .load = 250000000, .init = 50000000,
    .await_deadline = 1000000000, .coroutines = 64, .log_lines = 20, .timers = 16, .log_line_bytes = 2048,
    .store_key_bytes = 256, .store_value_bytes = 65536, .body_bytes = 1 << 20, .headers_added = 64,
    .header_bytes_added = 16384, .metrics = 64,
};

static char *read_file(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    enum { MOST = 1 << 20 };
    char *bytes = malloc(MOST);
    *count = bytes ? fread(bytes, 1, MOST, file) : 0;
    fclose(file);
    return bytes;
}

static const char *word(int32_t outcome) {
    switch (outcome) {
        case GWLUA_DONE: return "done";
        case GWLUA_REPLY: return "reply";
        case GWLUA_KILLED_CPU: return "killed_cpu";
        case GWLUA_KILLED_MEMORY: return "killed_mem";
        default: return "error";
    }
}

static const char *run(const char *text, size_t count) {
    gwlua_vm *vm = gwlua_vm_new(&limits, &host, NULL, NULL);
    if (!vm) return "no memory";
    int32_t outcome = gwlua_load(vm, "=script", (gwlua_text){(const uint8_t *)text, count});
    char *described = outcome == GWLUA_DONE ? gwlua_describe(vm) : NULL;
    gwlua_text empty = {(const uint8_t *)"", 0}, object = {(const uint8_t *)"{}", 2};
    if (described) outcome = gwlua_add_instance(vm, "script", object, empty);
    else if (outcome == GWLUA_DONE) outcome = GWLUA_FAILED;
    gwlua_free(described);
    gwlua_vm_settle(vm);
    for (int round = 0; round < 2 && outcome == GWLUA_DONE; round++) {
        gwlua_run *exchange = gwlua_run_begin(vm, 0, NULL);
        if (!exchange) break;
        outcome = gwlua_enter(exchange, GWLUA_ON_REQUEST);
        gwlua_run_end(exchange);
    }
    const char *verdict = word(outcome);
    if (outcome == GWLUA_FAILED) fprintf(stderr, "%s\n", gwlua_vm_error(vm));
    gwlua_vm_free(vm);
    return verdict;
}

int main(int count, char **arguments) {
    for (int index = 1; index < count; index++) {
        size_t size = 0;
        char *text = read_file(arguments[index], &size);
        if (!text) return 2;
        printf("%s\n", run(text, size));
        fflush(stdout);
        free(text);
    }
    return 0;
}
