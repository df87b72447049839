/* recent: who wrote the messages that came since the mailbox was last looked at, and about what.
 *
 *     IMAP_PASSWORD=... recent imaps://user@host */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "recent: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_selected *inbox = NULL;
  imap_numbers *found = NULL;
  imap_messages *messages = NULL;
  imap_error *error;
  if (argc != 2) return fprintf(stderr, "usage: recent imaps://user@host\n"), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  if (imap_examine(client, "INBOX", &inbox, &error)) return fail("INBOX", error);
  if (imap_search(client, "RECENT", NULL, &found, &error)) return fail("SEARCH", error);
  const char *uids = imap_set_text(found->set);
  if (imap_fetch(client, uids, "ENVELOPE", NULL, &messages, &error)) return fail("FETCH", error);
  for (size_t i = 0; i < messages->count; i++) {
    const imap_envelope *envelope = messages->items[i]->envelope;
    const imap_addresses *from = envelope->from_list;
    printf("%s: \t%s\n", from->count ? from->items[0]->label : "(nobody)", envelope->subject);
  }

  imap_messages_free(messages);
  imap_numbers_free(found);
  imap_selected_free(inbox);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
