/* What a machine says on its serial line: one line of words for each thing that happens.
 *
 *     MACHINE part NUMBER
 *     MACHINE stopped REASON
 *     MACHINE temperature DEGREES
 */

#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest line that is taken; a longer one is noise. */
#define LINE_BYTES_MAX 120

/* A line as an event: two tags, and a payload as JSON. */
typedef struct {
    char machine[LINE_BYTES_MAX + 16];
    const char *kind;
    char json[2 * LINE_BYTES_MAX + 32];
} report;

/* Reads one line, without its end. False if it is not of the protocol. */
bool read_report(const char *line, size_t len, report *out);

#endif
