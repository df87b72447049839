/* print_all: prints every message of a mailbox, whole, as it is on the server.
 *
 *     IMAP_PASSWORD=... print_all imaps://user@host INBOX */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "print_all: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

static imap_status print(imap_client *client, uint32_t uid, imap_error **error) {
  char set[16];
  imap_messages *messages;
  snprintf(set, sizeof set, "%u", (unsigned)uid);
  imap_status status = imap_fetch(client, set, "BODY.PEEK[]", NULL, &messages, error);
  if (status) return status;
  for (size_t i = 0; i < messages->count; i++) {
    const imap_section *whole = imap_message_section(messages->items[i], "");
    printf("Message %u\n", (unsigned)uid);
    if (whole) fwrite(whole->data, 1, whole->data_len, stdout);
    putchar('\n');
  }
  imap_messages_free(messages);
  return IMAP_OK;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_numbers *found = NULL;
  imap_error *error;
  if (argc != 3) return fprintf(stderr, "usage: print_all imaps://user@host MAILBOX\n"), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  if (imap_select(client, argv[2], NULL, &error)) return fail(argv[2], error);
  if (imap_search(client, "ALL", NULL, &found, &error)) return fail("SEARCH", error);
  uint64_t at = 0;
  for (uint32_t uid; (uid = imap_set_next(found->set, &at)) != 0;)
    if (print(client, uid, &error)) return fail("FETCH", error);

  imap_numbers_free(found);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
