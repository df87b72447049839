/* inbox: shows an inbox as a table.
 *
 *     inbox imaps://user@host
 *
 * The password is asked for, or taken from the environment: IMAP_PASSWORD. IMAP_CA_FILE names a file with
 * certificates to trust beside the system's. */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <termios.h>
#include <unistd.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "inbox: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

static const char *ask_password(char *line, int size) {
  struct termios shown, hidden;
  const char *known = getenv("IMAP_PASSWORD");
  if (known) return known;
  int is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
  fputs("Password: ", stderr);
  if (is_terminal) {
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  }
  if (!fgets(line, size, stdin)) line[0] = '\0';
  if (is_terminal) tcsetattr(STDIN_FILENO, TCSANOW, &shown);
  fputc('\n', stderr);
  line[strcspn(line, "\r\n")] = '\0';
  return line;
}

/* Prints so many characters of UTF-8, padded with spaces. */
static void cell(const char *text, int width) {
  for (; *text && width > 0; width--) {
    do putchar(*text++); while ((*text & 0xc0) == 0x80);
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
  char date[24] = "", size[24], files[24] = "";
  time_t sent = (time_t)envelope->date;
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
  char line[256];
  if (argc != 2) return fprintf(stderr, "usage: inbox imaps://user@host\n"), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, ask_password(line, sizeof line), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  const char *items = "FLAGS ENVELOPE RFC822.SIZE BODYSTRUCTURE";
  if (imap_examine(client, "INBOX", &inbox, &error)) return fail("INBOX", error);
  if (imap_fetch(client, "1:*", items, NULL, &messages, &error)) return fail("INBOX", error);
  for (size_t i = 0; i < messages->count; i++) row(messages->items[i]);
  printf("\n%zu messages in %s, %u recent\n", messages->count, inbox->mailbox, (unsigned)inbox->recent);

  imap_messages_free(messages);
  imap_selected_free(inbox);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
