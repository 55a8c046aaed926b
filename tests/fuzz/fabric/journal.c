#include "fabric/journal_line.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reads as a line is written and reads back the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_buf text = LK_BUF_INIT(1 << 20);
    struct lk_journal_line line, back;
    struct lk_str rest = {(const char *)data, size}, one;

    while (lk_str_next_line(&rest, &one)) {
        if (!lk_journal_line_read(one, &line))
            continue;
        lk_buf_clear(&text);
        lk_journal_line_write(&line, &text);
        if (lk_str_find_char(lk_buf_view(&text), '\n') != text.len - 1 ||
            !lk_journal_line_read(lk_str_trim(lk_buf_view(&text)), &back) ||
            memcmp(line.entry.submit_id, back.entry.submit_id, sizeof(line.entry.submit_id)) != 0 ||
            strcmp(line.entry.name, back.entry.name) != 0 ||
            strcmp(line.entry.service_name, back.entry.service_name) != 0 ||
            line.entry.was_locked != back.entry.was_locked || line.is_outcome != back.is_outcome ||
            (line.is_outcome && line.entry.outcome != back.entry.outcome))
            abort();
    }
    lk_buf_done(&text);
    return 0;
}
