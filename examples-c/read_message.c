/* read_message: shows the text of a message and saves its attachments.
 *
 *     read_message imaps://alice@example.org/ UID [FOLDER]
 *
 * The password comes from IMAP_PASSWORD. Files are named by number: the names in mail are strangers' words. */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(imap_error *error) {
  fprintf(stderr, "%s\n", error ? error->message : "out of memory");
  imap_error_free(error);
  return 1;
}

/* Saves one part, decoded, and tells how long it is; -1 after an error. */
static long save(imap_client *client, uint32_t uid, const imap_part *part, const char *path, imap_error **error) {
  imap_body *body = NULL;
  uint8_t buffer[65536];
  size_t length = 0;
  long total = 0;
  FILE *file = fopen(path, "wb");
  if (!file) {
    perror(path);
    return -1;
  }
  imap_status status = imap_body_open(client, uid, part->section, 0, IMAP_DECODING_TRANSFER, &body, error);
  while (!status && !(status = imap_body_read(body, buffer, sizeof buffer, &length, error)) && length) {
    fwrite(buffer, 1, length, file);
    total += (long)length;
  }
  imap_body_free(body);
  return fclose(file) || status ? -1 : total;
}

static int show(imap_client *client, uint32_t uid, const char *folder, imap_error **error) {
  imap_content *content = NULL;
  if (imap_fetch_content(client, uid, &content, error)) return 1;
  const imap_envelope *envelope = content->message->envelope;
  if (envelope->from_list->count) printf("From: %s\n", envelope->from_list->items[0]->label);
  printf("Subject: %s\n\n%s\n", envelope->subject, content->text);
  int failed = 0;
  for (size_t i = 0; i < content->attachment_count && !failed; i++) {
    const imap_part *part = content->attachments[i];
    char path[4096];
    snprintf(path, sizeof path, "%s/attachment-%u-%u", folder, (unsigned)uid, (unsigned)i + 1);
    long size = save(client, uid, part, path, error);
    failed = size < 0;
    if (!failed) printf("%s: %s, %s, %ld bytes\n", path, part->media_type, part->filename ? part->filename : "-", size);
  }
  imap_content_free(content);
  return failed;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: read_message imaps://user@host/ UID [FOLDER]\n");
    return 2;
  }
  imap_client *client = NULL;
  imap_error *error = NULL;
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  if (getenv("IMAP_CA_FILE")) imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (!status) status = imap_examine(client, "INBOX", NULL, &error);
  int result = status || show(client, (uint32_t)strtoul(argv[2], NULL, 10), argc > 3 ? argv[3] : ".", &error);
  if (result) fail(error);
  if (!result && imap_logout(client, &error)) result = fail(error);
  imap_client_free(client);
  return result;
}
