#ifndef GW_ALLOCATION_COUNT_H
#define GW_ALLOCATION_COUNT_H

#include <stdint.h>

/// Allocations of this process so far. Linking this target replaces malloc and its kin by wrappers that count.
uint64_t gwbench_allocation_count(void);

#endif
