/* The mailbox that the replay server shows: always the same one, as real mail has it. */

#ifndef MAILBOX_H
#define MAILBOX_H

#include <stddef.h>
#include <stdint.h>

/* Text that grows. */
typedef struct {
  char *data;
  size_t length, room;
} text;

void add_bytes(text *to, const void *data, size_t length);
void add(text *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One FETCH item of message `number`, as "FLAGS (\Seen)"; no bodies. */
void add_item(text *to, const char *item, uint32_t number);

/* The UIDs that SEARCH finds: mostly one after the other, with gaps. */
uint32_t next_hit(uint32_t last);

/* Bytes in the body of message `number` of the mailbox of bodies: about 100 kB. */
size_t body_size(uint32_t number);

/* Lines of text, the first of any body. */
enum { POOL = 4 << 20 };
const char *pool(void);

#endif
