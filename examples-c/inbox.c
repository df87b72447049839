/* inbox: shows an inbox as a table.
 *
 *     inbox imaps://user@host
 *
 * The password is asked for, or taken from the environment: IMAP_PASSWORD. IMAP_CA_FILE names a file with
 * certificates to trust beside the system's. */

#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#include <imap.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "inbox: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

static const char *password(void) {
  const char *known = getenv("IMAP_PASSWORD");
  return known ? known : getpass("Password: ");
}

/* Prints text in so many columns, padded with spaces. */
static void cell(const char *text, int width) {
  wchar_t wide;
  for (int bytes; *text && (bytes = mbtowc(&wide, text, MB_CUR_MAX)) > 0 && wcwidth(wide) <= width; text += bytes) {
    fwrite(text, 1, (size_t)bytes, stdout);
    width -= wcwidth(wide) > 0 ? wcwidth(wide) : 0;
  }
  printf("%*s  ", width, "");
}

static size_t attachments(const imap_message *message) {
  size_t found = 0;
  for (size_t i = 0; i < message->details->part_count; i++) {
    const imap_part *part = message->details->parts[i];
    found += part->disposition && strcmp(part->disposition, "attachment") == 0;
  }
  return found;
}

static void row(const imap_message *message) {
  const imap_envelope *envelope = message->envelope;
  char date[24] = "", size[40], files[40] = "";
  time_t sent = (time_t)(envelope->date + 60 * envelope->date_zone);
  if (envelope->date != -1) strftime(date, sizeof date, "%d %b %Y", gmtime(&sent));
  snprintf(size, sizeof size, "%lld K", (long long)(message->size + 1023) / 1024);
  if (attachments(message) > 0) snprintf(files, sizeof files, "%zu files", attachments(message));
  cell(message->flags->bits & IMAP_FLAG_SEEN ? " " : "*", 1);
  cell(message->flags->bits & IMAP_FLAG_FLAGGED ? "!" : " ", 1);
  cell(envelope->from_list->count ? envelope->from_list->items[0]->label : "(nobody)", 24);
  cell(*envelope->subject ? envelope->subject : "(no subject)", 44);
  cell(date, 11);
  printf("%8s  %s\n", size, files);
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_selected *inbox = NULL;
  imap_messages *messages = NULL;
  imap_error *error;
  if (argc != 2) return fprintf(stderr, "usage: inbox imaps://user@host\n"), EXIT_FAILURE;

  setlocale(LC_CTYPE, "C.UTF-8");
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, password(), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  const char *items = "FLAGS ENVELOPE RFC822.SIZE BODYSTRUCTURE";
  if (imap_examine(client, "INBOX", &inbox, &error)) return fail("INBOX", error);
  if (imap_fetch(client, "1:*", items, NULL, &messages, &error)) return fail("INBOX", error);
  cell("", 4);
  cell("From", 24);
  cell("Subject", 44);
  printf("Date             Size\n");
  for (size_t i = 0; i < messages->count; i++) row(messages->items[i]);
  printf("\n%zu messages in %s, %u recent\n", messages->count, inbox->mailbox, (unsigned)inbox->recent);

  imap_messages_free(messages);
  imap_selected_free(inbox);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
