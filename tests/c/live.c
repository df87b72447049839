/* live: two clients on one account of a real server: what the one does the other hears of, while it waits, by streams,
 * and after its connection was lost.
 *
 *     live PREFIX OPTION...     the options name a user and keep the credentials; PREFIX goes before mailbox names */

#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

static imap_client *one, *other;
static imap_error *error;
static char live[64], beside[64];

static void append(imap_client *client, const char *mailbox, const char *subject, size_t size) {
  char *text = malloc(size + 200);
  int head = snprintf(text, 200, "From: a@example.org\r\nSubject: %s\r\n\r\n", subject);
  for (size_t i = 0; i < size; i++) text[(size_t)head + i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : 'x';
  CHECK(imap_append(client, mailbox, NULL, -1, (const uint8_t *)text, (size_t)head + size, NULL, &error) == IMAP_OK, &error);
  free(text);
}

/* Waits for an event of this kind; others are passed over. */
static imap_event *awaited(imap_event_kind kind) {
  for (int i = 0; i < 50; i++) {
    imap_event *event = NULL;
    CHECK(imap_idle(one, 20000, &event, &error) == IMAP_OK && event, &error);
    if (!event || event->kind == kind) return event;
    imap_event_free(event);
  }
  return NULL;
}

static void idling(void) {
  append(other, live, "news", 10);
  imap_event *event = awaited(IMAP_EVENT_EXISTS);
  CHECK(event && event->number == 4, NULL);
  imap_event_free(event);
}

static void streaming(void) {
  imap_request *request = NULL;
  imap_message *message = NULL;
  int64_t total = 0;
  CHECK(imap_stream(one, "UID FETCH 1:* (ENVELOPE BODY.PEEK[])", NULL, &request, &error) == IMAP_OK, &error);
  for (int count = 0;; count++) {
    imap_body *body = NULL;
    uint8_t buffer[4096];
    size_t length = 0;
    while (imap_request_next_body(request, &body, &error) == IMAP_OK && body) {
      int64_t here = 0;
      while (imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_OK && length) here += (int64_t)length;
      CHECK(here == imap_body_size(body), &error);
      total += here;
      imap_body_free(body);
    }
    CHECK(imap_request_next_message(request, &message, &error) == IMAP_OK, &error);
    if (!message) {
      CHECK(count == 4, NULL);
      break;
    }
    CHECK(message->envelope->subject[0], NULL);
    imap_message_free(message);
  }
  imap_request_free(request);
  CHECK(total > 500000, NULL);
  imap_body *body = NULL;
  CHECK(imap_body_open(one, 3, "TEXT", 100000, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  uint8_t byte = 0;
  size_t length = 0;
  CHECK(imap_body_read(body, &byte, 1, &length, &error) == IMAP_OK && length == 1 && byte == 'x', &error);
  imap_body_free(body);
  CHECK(imap_noop(one, &error) == IMAP_OK, &error);
}

static void uploading(void) {
  char name[] = "/tmp/imap-live-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  dprintf(fd, "From: a@example.org\r\nSubject: from a file\r\n\r\n");
  for (int i = 0; i < 20000; i++) dprintf(fd, "line %d\r\n", i);
  off_t size = lseek(fd, 0, SEEK_CUR);
  lseek(fd, 0, SEEK_SET);
  imap_assigned *assigned = NULL;
  imap_upload *upload = imap_upload_new();
  imap_upload_add_message(upload, "\\Flagged", 1000000000, 120, NULL);
  imap_upload_add_fd(upload, fd, -1, NULL);
  imap_upload_add_message(upload, NULL, -1, 0, NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)"Subject: second\r\n\r\nhi\r\n", 23, NULL);
  CHECK(imap_append_upload(one, beside, upload, &assigned, &error) == IMAP_OK, &error);
  printf("uploaded %s of %ld bytes\n", assigned ? imap_set_text(assigned->uids) : "", (long)size);
  imap_assigned_free(assigned);
  imap_upload_free(upload);
  close(fd);
  imap_counts *counts = NULL;
  CHECK(imap_status_of(one, beside, "MESSAGES", &counts, &error) == IMAP_OK && counts->messages == 2, &error);
  imap_counts_free(counts);
}

/* The connection goes; the other client changes things; it comes back and says what. */
static void recovering(void) {
  imap_selected *selected = NULL;
  CHECK(imap_select(one, live, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_fetch(one, "1:*", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
  imap_disconnect(one);
  CHECK(imap_noop(one, &error) == IMAP_ERR_CLOSED, &error);
  CHECK(imap_select(other, live, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_store(other, "1", "+FLAGS (\\Flagged)", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_store(other, "2", "+FLAGS (\\Deleted)", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_expunge(other, NULL, NULL, &error) == IMAP_OK, &error);
  append(other, live, "while it was away", 10);
  CHECK(imap_reconnect(one, &selected, &error) == IMAP_OK && selected, &error);
  int is_told = 0;
  for (size_t i = 0; selected && i < selected->changed_count; i++)
    is_told |= selected->changed[i]->uid == 1 && (selected->changed[i]->flags->bits & IMAP_FLAG_FLAGGED) != 0;
  CHECK(is_told && selected && imap_set_contains(selected->vanished, 2) && selected->exists == 4 && !selected->is_new, NULL);
  CHECK(selected && !imap_set_contains(selected->vanished, 1), NULL);
  printf("recovered origin=%d\n", selected ? (int)selected->origin : -1);
  imap_selected_free(selected);
  CHECK(imap_fetch(one, "1", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
}

static void watching(void) {
  imap_watch_means means = IMAP_WATCH_POLL;
  const char *mailboxes[] = {live, beside, NULL};
  CHECK(imap_watch(one, mailboxes, &means, &error) == IMAP_OK, &error);
  int64_t last = -1;
  append(other, beside, "watched", 10);
  for (int i = 0; i < 20 && last != 3; i++) {
    imap_event *event = awaited(IMAP_EVENT_STATUS);
    if (event && event->counts && !strcmp(event->counts->mailbox, beside)) last = event->counts->messages;
    imap_event_free(event);
  }
  CHECK(last == 3, NULL);
  printf("watched means=%d\n", (int)means);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  alarm(100);
  snprintf(live, sizeof live, "%sLive", argv[1]);
  snprintf(beside, sizeof beside, "%sBeside", argv[1]);
  one = connected(argv + 2);
  other = connected(argv + 2);
  if (!one || !other) return EXIT_FAILURE;
  imap_delete(one, live, NULL);
  imap_delete(one, beside, NULL);
  CHECK(imap_create(one, live, IMAP_ROLE_NONE, &error) == IMAP_OK, &error);
  CHECK(imap_create(one, beside, IMAP_ROLE_NONE, &error) == IMAP_OK, &error);
  append(other, live, "small", 100);
  append(other, live, "middling", 20000);
  append(other, live, "large", 500000);
  CHECK(imap_select(one, live, NULL, &error) == IMAP_OK, &error);
  idling();
  streaming();
  uploading();
  recovering();
  watching();
  imap_client_free(one);
  imap_client_free(other);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
