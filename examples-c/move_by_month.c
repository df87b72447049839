/* move_by_month: moves the messages of one month into a mailbox of their own, which is made if need be.
 *
 *     IMAP_PASSWORD=... move_by_month imaps://user@host INBOX 2003-04 Archive/2003-04 */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "move_by_month: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

/* The mailbox exists, or is made. */
static imap_status make(imap_client *client, const char *mailbox, imap_error **error) {
  imap_mailboxes *found;
  imap_status status = imap_list(client, "", mailbox, NULL, &found, error);
  if (status == IMAP_OK && found->count == 0) status = imap_create(client, mailbox, IMAP_ROLE_NONE, error);
  imap_mailboxes_free(found);
  return status;
}

/* Copies, marks and expunges: what MOVE does in one step where the server has it. */
static imap_status move(imap_client *client, const imap_set *set, const char *mailbox, imap_error **error) {
  const char *uids = imap_set_text(set);
  imap_status status = imap_copy(client, uids, mailbox, NULL, error);
  if (status == IMAP_OK) status = imap_store(client, uids, "+FLAGS.SILENT (\\Deleted)", NULL, NULL, error);
  if (status == IMAP_OK) status = imap_expunge(client, NULL, NULL, error);
  return status;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_selected *selected = NULL;
  imap_numbers *found = NULL;
  imap_error *error;
  int year, month;
  if (argc != 5 || sscanf(argv[3], "%4d-%2d", &year, &month) != 2) {
    fprintf(stderr, "usage: move_by_month imaps://user@host FROM YYYY-MM TO\n");
    return EXIT_FAILURE;
  }

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  char first[16], next[16];
  snprintf(first, sizeof first, "%04d-%02d-01", year % 10000, month % 100);
  snprintf(next, sizeof next, "%04d-%02d-01", (month == 12 ? year + 1 : year) % 10000, month % 12 + 1);
  const char *params[] = {next, first, NULL};
  if (imap_select(client, argv[2], &selected, &error)) return fail(argv[2], error);
  if (imap_search(client, "BEFORE ? SINCE ?", params, &found, &error)) return fail("SEARCH", error);
  if (make(client, argv[4], &error)) return fail(argv[4], error);
  if (move(client, found->set, argv[4], &error)) return fail(argv[4], error);
  printf("%llu messages moved to %s\n", (unsigned long long)imap_set_count(found->set), argv[4]);

  imap_numbers_free(found);
  imap_selected_free(selected);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
