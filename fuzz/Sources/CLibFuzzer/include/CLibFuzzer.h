#ifndef GW_LIB_FUZZER_H
#define GW_LIB_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library: `main` stays ours, so that one program holds every target.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
