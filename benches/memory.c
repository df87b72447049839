/* memory: what one FETCH costs this process: `memory PORT ITEMS`. Prints the process's size before it, the size of what
 * is held after it, the largest size in between, in bytes, and the number of messages. */

#include <imap.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of /proc/self/status, in bytes. */
static long long size_of(const char *name) {
  char line[256];
  long long found = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0) found = atoll(line + strlen(name) + 1) * 1024;
  if (file) fclose(file);
  return found;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_messages *messages = NULL;
  imap_error *error = NULL;
  if (argc != 3) return EXIT_FAILURE;
  imap_options *options = imap_options_new();
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  imap_options_set_number(options, IMAP_OPTION_DANGER_PLAINTEXT_LOGIN, 1, NULL);
  imap_options_set_text(options, IMAP_OPTION_PORT, argv[1], NULL);
  imap_status status = imap_connect("127.0.0.1", options, &client, &error);
  imap_options_free(options);
  if (status == IMAP_OK) status = imap_login(client, "alice", "secret", &error);
  if (status == IMAP_OK) status = imap_select(client, "INBOX", NULL, &error);
  long long before = size_of("VmRSS:");
  if (status == IMAP_OK) status = imap_fetch(client, "1:*", argv[2], NULL, &messages, &error);
  if (status) return fprintf(stderr, "%s\n", error->message), EXIT_FAILURE;
  printf("%lld %lld %lld %zu\n", before, size_of("VmRSS:") - before, size_of("VmHWM:"), messages->count);
  imap_messages_free(messages);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
