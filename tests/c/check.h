/* What the test programs share: checks that count, and a client in plaintext on a port. */

#ifndef CHECK_H
#define CHECK_H

#include <imap.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_int failures;

static inline void check(int is_right, const char *file, int line, const char *what, imap_error **error) {
  if (!is_right) {
    printf("%s:%d: %s: %s\n", file, line, what, error && *error ? (*error)->message : "no error");
    if (++failures > 20) exit(1);
  }
  if (error) {
    imap_error_free(*error);
    *error = NULL;
  }
}

/* Checks a condition, and frees the error that belongs to it. */
#define CHECK(condition, error) check(!!(condition), __FILE__, __LINE__, #condition, error)

/* "50:7" in the arguments sets an option to a number, "20=file" one to a text. */
static inline void set_option(imap_options *options, char *argument) {
  char *value = argument + strspn(argument, "0123456789");
  imap_option option = (imap_option)atoi(argument);
  imap_status status = *value == ':' ? imap_options_set_number(options, option, atoll(value + 1), NULL)
                                     : imap_options_set_text(options, option, value + 1, NULL);
  if (status) printf("no such option: %s\n", argument);
}

/* Connected to localhost with the options in the arguments, which end with NULL; logged in if they say so. */
static inline imap_client *connected(char **arguments) {
  imap_client *client = NULL;
  imap_error *error = NULL;
  imap_options *options = imap_options_new();
  for (int i = 0; arguments[i]; i++) set_option(options, arguments[i]);
  CHECK(imap_connect("localhost", options, &client, &error) == IMAP_OK, &error);
  imap_options_free(options);
  return client;
}

/* A number from the lines of /proc/self/status, in KiB. */
static inline long memory(const char *name) {
  char line[256];
  long found = -1;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, name, strlen(name))) found = atol(line + strlen(name) + 1);
  if (file) fclose(file);
  return found;
}

#endif
