/* responses: what real servers send, understood many times over. Not measured: a profile should know it.
 *
 *     responses TIMES tests/wire/FILE.md ... */

#define _GNU_SOURCE
#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 16 };

/* What a backslash and the letter behind it stand for, see tests/wire/README.md; -1: nothing. */
static int escaped(const char **text) {
  const char *at = *text;
  char digits[3] = {0};
  *text += *at ? 1 : 0;
  switch (*at) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    case '\\': return '\\';
    case 'x':
      memcpy(digits, at + 1, strnlen(at + 1, 2));
      *text += strlen(digits);
      return (int)strtol(digits, NULL, 16);
    default: return -1;
  }
}

/* Appends a line as it is on the wire. */
static size_t append(uint8_t *into, size_t length, const char *line) {
  int is_whole = 1;
  while (*line && *line != '\n' && length + 2 < LONGEST) {
    int byte = (unsigned char)*line++;
    if (byte == '\\') byte = *line == '\n' ? (is_whole = 0, -1) : escaped(&line);
    if (byte >= 0) into[length++] = (uint8_t)byte;
  }
  if (is_whole) {
    into[length++] = '\r';
    into[length++] = '\n';
  }
  return length;
}

static void understand(const uint8_t *sent, size_t length, long times) {
  for (long i = 0; i < times; i++) {
    imap_events *events;
    imap_error *error = NULL;
    if (imap_parse_responses(sent, length, &events, &error) == IMAP_OK) imap_events_free(events);
    imap_error_free(error);
  }
}

int main(int argc, char **argv) {
  static uint8_t sent[LONGEST];
  static char line[LONGEST];
  long times = argc > 1 ? atol(argv[1]) : 0;
  for (int i = 2; i < argc; i++) {
    FILE *file = fopen(argv[i], "r");
    if (!file) {
      perror(argv[i]);
      return EXIT_FAILURE;
    }
    int is_sent = 0;
    size_t length = 0;
    while (fgets(line, sizeof line, file)) {
      if (!strncmp(line, "```", 3)) {
        if (is_sent) understand(sent, length, times);
        is_sent = !strcmp(line, "```imap\n");
        length = 0;
      } else if (is_sent) {
        length = append(sent, length, line);
      }
    }
    fclose(file);
  }
  return EXIT_SUCCESS;
}
