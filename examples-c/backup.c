/* backup: writes each message of a mailbox to a file of its own, in little memory however large they are.
 *
 *     IMAP_PASSWORD=... backup imaps://user@host MAILBOX FOLDER
 *
 * The files are named by UID validity and UID; those that are there already are left alone. IMAP_CA_FILE names a file
 * with certificates to trust beside the system's. */

#include <imap.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *folder;
static uint32_t uid_validity;

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "backup: %s: %s\n", what, error ? error->message : "cannot write");
  imap_error_free(error);
  return EXIT_FAILURE;
}

static void name_of(char name[1000], uint32_t uid) {
  snprintf(name, 1000, "%s/%" PRIu32 "-%" PRIu32 ".eml", folder, uid_validity, uid);
}

/* Writes one message as it arrives; 0: it failed. */
static int save(imap_client *client, uint32_t uid, imap_error **error) {
  static uint8_t buffer[64 * 1024];
  char name[1000];
  size_t length = 0;
  imap_body *body = NULL;
  imap_status status;
  name_of(name, uid);
  FILE *file = fopen(name, "wb");
  if (!file) return 0;
  if (imap_body_open(client, uid, "", 0, IMAP_DECODING_NONE, &body, error) == IMAP_OK)
    while ((status = imap_body_read(body, buffer, sizeof buffer, &length, error)) == IMAP_OK && length > 0)
      if (fwrite(buffer, 1, length, file) != length) break;
  int is_whole = !*error && length == 0;
  imap_body_free(body);
  if (fclose(file) || !is_whole) remove(name);
  return is_whole;
}

/* Whether the file is there. */
static int is_known(uint32_t uid) {
  char name[1000];
  name_of(name, uid);
  FILE *file = fopen(name, "rb");
  if (file) fclose(file);
  return file != NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: backup imaps://user@host MAILBOX FOLDER\n"), EXIT_FAILURE;
  imap_client *client = NULL;
  imap_selected *selected = NULL;
  imap_numbers *all = NULL;
  imap_error *error = NULL;
  uint32_t uid, saved = 0;
  folder = argv[3];
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  if (imap_connect_url(argv[1], options, &client, &error)) return fail(argv[1], error);
  imap_options_free(options);
  if (imap_examine(client, argv[2], &selected, &error)) return fail(argv[2], error);
  uid_validity = selected->uid_validity;
  imap_selected_free(selected);
  if (imap_search(client, "ALL", NULL, &all, &error)) return fail(argv[2], error);
  for (uint64_t at = 0; (uid = imap_set_next(all->set, &at)) != 0;) {
    if (is_known(uid)) continue;
    if (!save(client, uid, &error)) return fail(argv[2], error);
    saved++;
  }
  printf("%" PRIu32 " new messages of %" PRIu64 "\n", saved, imap_set_count(all->set));
  imap_numbers_free(all);
  imap_client_free(client);
}
