/* Sets of bytes, and the named ones that expressions know. */

#include "re.h"

void re_add_byte(struct re_set *set, int byte) { set->bits[byte >> 3] |= (uint8_t)(1 << (byte & 7)); }

void re_invert(struct re_set *set) {
    for (size_t index = 0; index < sizeof set->bits; index++) set->bits[index] = (uint8_t)~set->bits[index];
}

void re_fold(struct re_set *set) {
    for (int letter = 'a'; letter <= 'z'; letter++) {
        int capital = letter - 'a' + 'A';
        if (re_has(set, (unsigned char)letter) || re_has(set, (unsigned char)capital)) {
            re_add_byte(set, letter);
            re_add_byte(set, capital);
        }
    }
}

bool re_is_space(int byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool re_is_digit(int byte) { return byte >= '0' && byte <= '9'; }
bool re_is_upper(int byte) { return byte >= 'A' && byte <= 'Z'; }
bool re_is_lower(int byte) { return byte >= 'a' && byte <= 'z'; }
bool re_is_alpha(int byte) { return re_is_upper(byte) || re_is_lower(byte); }
bool re_is_alnum(int byte) { return re_is_alpha(byte) || re_is_digit(byte); }
bool re_is_word_byte(int byte) { return re_is_word((unsigned char)byte); }
bool re_is_graph(int byte) { return byte > ' ' && byte < 0x7F; }
bool re_is_print(int byte) { return byte >= ' ' && byte < 0x7F; }
bool re_is_punct(int byte) { return re_is_graph(byte) && !re_is_alnum(byte); }
bool re_is_cntrl(int byte) { return byte < ' ' || byte == 0x7F; }
bool re_is_blank(int byte) { return byte == ' ' || byte == '\t'; }
bool re_is_hex(int byte) {
    return re_is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

void re_add_all(struct re_set *set, bool (*has)(int), bool is_negated) {
    for (int byte = 0; byte < 256; byte++)
        if (has(byte) != is_negated) re_add_byte(set, byte);
}

bool re_add_escape(struct re_set *set, int letter) {
    switch (letter) {
    case 'd': case 'D': re_add_all(set, re_is_digit, letter == 'D'); return true;
    case 'w': case 'W': re_add_all(set, re_is_word_byte, letter == 'W'); return true;
    case 's': case 'S': re_add_all(set, re_is_space, letter == 'S'); return true;
    default: return false;
    }
}
