#ifndef GW_HEADER_TABLE_H
#define GW_HEADER_TABLE_H

#include <stdint.h>

/// One header field line, as offsets into the buffer that holds the message head. Plain C, so that the Lua host reads
/// the same table without a copy. Offsets count from the first byte of the head.
typedef struct gw_header_field {
    /// First byte of the field name.
    uint32_t name_start;
    /// First byte of the field value, optional whitespace skipped.
    uint32_t value_start;
    /// Bytes in the value, trailing whitespace cut.
    uint32_t value_count;
    /// First byte after the line's CRLF.
    uint32_t line_end;
    /// Bytes in the name.
    uint16_t name_count;
    /// A `KnownHeader` raw value; 0 is a name that the gateway has no use for.
    uint8_t known;
    /// Bit 0: hop-by-hop, bit 1: dropped by policy (underscore). Either keeps the field from being forwarded.
    uint8_t flags;
} gw_header_field;

#endif
