/* append_file: puts a message from a file into a mailbox, with CRLF line ends whatever the file has.
 *
 *     IMAP_PASSWORD=... append_file imaps://user@host MAILBOX message.eml */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "append_file: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

/* The whole file, with CRLF at each line's end; NULL if it cannot be read. */
static uint8_t *read_message(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  uint8_t *message = NULL;
  size_t room = 0, used = 0;
  int byte, before = 0;
  while (file && (byte = getc(file)) != EOF) {
    if (used + 2 > room) {
      uint8_t *larger = realloc(message, room = room * 2 + 4096);
      if (!larger) break;
      message = larger;
    }
    if (byte == '\n' && before != '\r') message[used++] = '\r';
    message[used++] = (uint8_t)byte;
    before = byte;
  }
  if (file) fclose(file);
  *length = used;
  return message;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_assigned *assigned = NULL;
  imap_error *error;
  size_t length;
  if (argc != 4) return fprintf(stderr, "usage: append_file imaps://user@host MAILBOX FILE\n"), EXIT_FAILURE;
  uint8_t *message = read_message(argv[3], &length);
  if (!message) return perror(argv[3]), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);

  status = imap_append(client, argv[2], "\\Seen", -1, message, length, &assigned, &error);
  free(message);
  if (status && error->code && error->code->code == IMAP_CODE_TRYCREATE)
    fprintf(stderr, "append_file: make the mailbox %s first\n", argv[2]);
  if (status) return fail(argv[2], error);
  if (assigned->uid_validity)
    printf("%s now has it as UID %s\n", argv[2], imap_set_text(assigned->uids));
  else
    printf("%s now has it\n", argv[2]);

  imap_assigned_free(assigned);
  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
