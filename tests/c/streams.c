/* streams: answers taken item by item, bodies and uploads piece by piece; one scenario a run.
 *
 *     streams SCENARIO OPTION...     with INBOX selected */

#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;

static imap_request *streamed(const char *command) {
  imap_request *request = NULL;
  CHECK(imap_stream(client, command, NULL, &request, &error) == IMAP_OK, &error);
  return request;
}

static imap_message *next(imap_request *request) {
  imap_message *message = NULL;
  CHECK(imap_request_next_message(request, &message, &error) == IMAP_OK, &error);
  return message;
}

/* The number of the next message; 0 at the end. */
static uint32_t next_number(imap_request *request) {
  imap_message *message = next(request);
  uint32_t number = message ? message->number : 0;
  imap_message_free(message);
  return number;
}

/* Reads a body to its end, with a buffer of this size; gives how many bytes, all x. */
static int64_t read_all(imap_body *body, size_t room) {
  uint8_t *buffer = malloc(room);
  size_t length = 0;
  int64_t total = 0;
  imap_status status;
  while ((status = imap_body_read(body, buffer, room, &length, &error)) == IMAP_OK && length > 0) {
    CHECK(length <= room && buffer[0] == 'x' && buffer[length - 1] == 'x', NULL);
    total += (int64_t)length;
  }
  CHECK(status == IMAP_OK, &error);
  CHECK(imap_body_read(body, buffer, room, &length, &error) == IMAP_OK && length == 0, &error);
  free(buffer);
  return total;
}

static void messages(void) {
  imap_request *request = streamed("FETCH 1:3 (FLAGS)");
  imap_mailboxes *mailbox = NULL;
  CHECK(imap_request_next_mailbox(request, &mailbox, &error) == IMAP_ERR_STATE && !mailbox, &error);
  for (uint32_t i = 1; i <= 3; i++) CHECK(next_number(request) == i, NULL);
  CHECK(next_number(request) == 0 && next_number(request) == 0, NULL);
  CHECK(imap_request_is_done(request), NULL);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
  imap_request_free(request);
  /* What has no items cannot be streamed. */
  request = (imap_request *)1;
  CHECK(imap_stream(client, "NOOP", NULL, &request, &error) == IMAP_ERR_INVALID && !request, &error);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

static void refused(void) {
  imap_request *request = streamed("UID FETCH 1 (FLAGS)");
  imap_message *message = (imap_message *)1;
  CHECK(imap_request_next_message(request, &message, &error) == IMAP_ERR_NO && !message, &error);
  CHECK(imap_request_next_message(request, &message, &error) == IMAP_ERR_NO && !message, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* Given up between two of its commands, and while its messages come: the connection goes on. */
static void previews(void) {
  imap_request *request = streamed("UID FETCH 1:2 (PREVIEW)");
  CHECK(imap_request_wait(request, 500, &error) == IMAP_ERR_TIMEOUT, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  request = streamed("UID FETCH 1:2 (PREVIEW)");
  imap_message *message = next(request);
  CHECK(message && message->details->preview && !strcmp(message->details->preview, "hi"), NULL);
  imap_message_free(message);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  /* The server falls silent. */
  request = streamed("UID FETCH 1:2 (PREVIEW)");
  CHECK(imap_request_next_message(request, &message, &error) == IMAP_ERR_TIMEOUT && !message, &error);
  imap_request_free(request);
}

/* Two large literals and a small one, in pieces of many sizes. */
static void bodies(void) {
  imap_request *request = streamed("UID FETCH 7 (BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3])");
  const size_t rooms[] = {1000, 100000};
  for (int i = 0; i < 2; i++) {
    imap_body *body = NULL;
    CHECK(imap_request_next_body(request, &body, &error) == IMAP_OK && body, &error);
    CHECK(imap_body_size(body) == (i ? 300000 : 70000) && imap_body_uid(body) == 7, NULL);
    CHECK(!strcmp(imap_body_label(body), i ? "BODY[2]" : "BODY[1]"), NULL);
    /* All else waits until it is read or freed. */
    imap_message *message = NULL;
    CHECK(imap_request_next_message(request, &message, &error) == IMAP_ERR_STATE, &error);
    CHECK(imap_noop(client, &error) == IMAP_ERR_STATE, &error);
    CHECK(read_all(body, rooms[i]) == imap_body_size(body), NULL);
    imap_body_free(body);
  }
  imap_body *small = NULL;
  CHECK(imap_request_next_body(request, &small, &error) == IMAP_OK && small, &error);
  CHECK(imap_body_size(small) == 5 && read_all(small, 2) == 5, NULL);
  imap_body_free(small);
  CHECK(imap_request_next_body(request, &small, &error) == IMAP_OK && !small, &error);
  imap_message *message = next(request);
  CHECK(message && message->uid == 7 && message->details->section_count == 3, NULL);
  if (message) {
    const imap_section *first = imap_message_section(message, "1"), *last = imap_message_section(message, "3");
    CHECK(first && !first->data && first->size == 70000 && last && last->data_len == 5 && last->size == 5, NULL);
  }
  imap_message_free(message);
  CHECK(imap_request_next_body(request, &small, &error) == IMAP_OK && !small, &error);
  CHECK(next_number(request) == 0, NULL);
  int64_t done = 0, total = 0;
  imap_request_progress(request, &done, &total);
  CHECK(done > 370000 && done < 371000 && total == -1, NULL);
  imap_request_free(request);
}

/* A body that nobody takes is held in its message; one that is freed early is skipped. */
static void held(void) {
  imap_request *request = streamed("UID FETCH 1:2 (BODY.PEEK[])");
  imap_message *message = next(request);
  const imap_section *section = message ? imap_message_section(message, "") : NULL;
  CHECK(section && section->data_len == 300000 && section->data[299999] == 'x', NULL);
  imap_message_free(message);
  imap_body *body = NULL;
  CHECK(imap_request_next_body(request, &body, &error) == IMAP_OK && body, &error);
  uint8_t buffer[100];
  size_t length;
  CHECK(imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_OK && length > 0, &error);
  imap_body_free(body);
  CHECK(next_number(request) == 2 && next_number(request) == 0, NULL);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

static void opened(void) {
  imap_body *body = NULL;
  CHECK(imap_body_open(client, 7, "1", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  CHECK(imap_body_uid(body) == 7 && read_all(body, 5000) == 70000, NULL);
  imap_body_free(body);
  /* From a place on; small ones too. */
  CHECK(imap_body_open(client, 7, "1", 69990, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  CHECK(read_all(body, 5000) == 10, NULL);
  imap_body_free(body);
  CHECK(imap_body_open(client, 9, "1", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_ERR_NO && !body, &error);
  CHECK(imap_body_open(client, 0, "1", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_body_open(client, 7, "1", -1, IMAP_DECODING_NONE, &body, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_body_open(client, 7, "TEXT", 0, IMAP_DECODING_TEXT, &body, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_body_open(client, 7, "1", 0, (imap_decoding)9, &body, &error) == IMAP_ERR_INVALID && !body, &error);
  /* Its encoding and charset are undone. */
  CHECK(imap_body_open(client, 7, "2", 0, IMAP_DECODING_TEXT, &body, &error) == IMAP_OK && body, &error);
  char text[64];
  size_t at = 0, length = 0;
  while (body && imap_body_read(body, (uint8_t *)text + at, 3, &length, &error) == IMAP_OK && length) at += length;
  CHECK(at == 5 && !memcmp(text, "caf\xc3\xa9", 5), &error);
  imap_body_free(body);
}

/* What came of it is given, then what became of the rest. */
static void cut_off(void) {
  imap_body *body = NULL;
  CHECK(imap_body_open(client, 7, "1", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  uint8_t buffer[4096];
  size_t total = 0, length = 0;
  imap_status status;
  while ((status = imap_body_read(body, buffer, sizeof buffer, &length, &error)) == IMAP_OK && length) total += length;
  CHECK(total == 1000 && status == IMAP_ERR_CLOSED && length == 0, &error);
  CHECK(imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_ERR_CLOSED, &error);
  imap_body_free(body);
}

static void *noop_beside(void *data) {
  imap_error *mine = NULL;
  imap_status *status = data;
  *status = imap_noop(client, &mine);
  imap_error_free(mine);
  return NULL;
}

/* The connection stands still for its reader: others wait, the reader itself is told. */
static void stalled(void) {
  imap_status beside = IMAP_ERR_INTERNAL;
  pthread_t other;
  imap_request *request = streamed("FETCH 1:5000 (FLAGS)");
  CHECK(next_number(request) == 1, NULL);
  CHECK(imap_noop(client, &error) == IMAP_ERR_STATE, NULL);
  CHECK(error && strstr(error->message, "read or free message 2 first"), &error);
  pthread_create(&other, NULL, noop_beside, &beside);
  usleep(100000);
  CHECK(beside == IMAP_ERR_INTERNAL, NULL);
  for (uint32_t i = 2; i <= 5000; i++) CHECK(next_number(request) == i, NULL);
  CHECK(next_number(request) == 0, NULL);
  pthread_join(other, NULL);
  CHECK(beside == IMAP_OK, NULL);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* Others wait under their deadline; a stream that is given up lets them go on. */
static void given_up(void) {
  imap_status beside = IMAP_OK;
  pthread_t other;
  imap_request *request = streamed("FETCH 1:5000 (FLAGS)");
  CHECK(next_number(request) == 1, NULL);
  CHECK(imap_noop(client, &error) == IMAP_ERR_STATE, &error);
  pthread_create(&other, NULL, noop_beside, &beside);
  pthread_join(other, NULL);
  CHECK(beside == IMAP_ERR_TIMEOUT, NULL);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* What stands before an answer is kept, if there is room for it. */
static void spooled(void) {
  imap_request *request = streamed("FETCH 1:5000 (FLAGS)");
  CHECK(next_number(request) == 1, NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  for (uint32_t i = 2; i <= 5000; i++) CHECK(next_number(request) == i, NULL);
  CHECK(next_number(request) == 0, NULL);
  imap_request_free(request);
}

/* Ends with the stream: by a cancel of all, by one of the request, by the end of the connection. */
static void ended(void) {
  imap_message *message = NULL;
  imap_request *request = streamed("FETCH 1:5000 (FLAGS)");
  CHECK(next_number(request) == 1, NULL);
  imap_request_cancel(request);
  CHECK(imap_request_next_message(request, &message, &error) == IMAP_ERR_CANCELLED && !message, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  imap_body *body = NULL;
  CHECK(imap_body_open(client, 7, "", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  imap_disconnect(client);
  uint8_t buffer[100];
  size_t length = 1;
  CHECK(imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_ERR_CLOSED && length == 0, &error);
  imap_body_free(body);
}

static void lists(void) {
  imap_request *request = streamed("LIST \"\" *");
  imap_mailboxes *mailbox = NULL;
  int count = 0;
  while (imap_request_next_mailbox(request, &mailbox, &error) == IMAP_OK && mailbox) {
    char name[32];
    snprintf(name, sizeof name, "box%d", ++count);
    CHECK(mailbox->count == 1 && !strcmp(mailbox->items[0]->name, name), NULL);
    imap_mailboxes_free(mailbox);
  }
  CHECK(count == 500, &error);
  imap_request_free(request);
  long before = memory("VmHWM:");
  request = streamed("UID SEARCH ALL");
  imap_numbers *numbers = NULL;
  uint64_t found = 0, parts = 0;
  while (imap_request_next_numbers(request, &numbers, &error) == IMAP_OK && numbers) {
    found += imap_set_count(numbers->set);
    parts++;
    imap_numbers_free(numbers);
  }
  CHECK(found == 2000000 && parts > 100, &error);
  CHECK(memory("VmHWM:") - before < 1024, NULL);
  imap_request_free(request);
}

/* A search that the server does in two parts is one stream; one that it cuts short fails in the end. */
static void searched(void) {
  imap_numbers *numbers = NULL;
  imap_request *request = streamed("UID SEARCH SEEN");
  for (uint32_t part = 0; part < 2; part++) {
    CHECK(imap_request_next_numbers(request, &numbers, &error) == IMAP_OK && numbers, &error);
    CHECK(numbers && imap_set_count(numbers->set) == 1 && imap_set_contains(numbers->set, part ? 4 : 9), NULL);
    imap_numbers_free(numbers);
  }
  CHECK(imap_request_next_numbers(request, &numbers, &error) == IMAP_OK && !numbers, &error);
  imap_request_free(request);
  request = streamed("UID SEARCH RETURN (PARTIAL 1:9) SEEN");
  CHECK(imap_request_next_numbers(request, &numbers, &error) == IMAP_OK && numbers, &error);
  imap_numbers_free(numbers);
  CHECK(imap_request_next_numbers(request, &numbers, &error) == IMAP_ERR_LIMIT && !numbers && error->is_usable, &error);
  imap_request_free(request);
}

/* A body of any size costs no memory. */
static void large_body(void) {
  imap_body *body = NULL;
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  uint8_t *buffer = malloc(64 * 1024);
  memset(buffer, 1, 64 * 1024);
  long before = memory("VmHWM:");
  CHECK(imap_body_open(client, 7, "", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  int64_t total = 0;
  size_t length = 0;
  while (imap_body_read(body, buffer, 64 * 1024, &length, &error) == IMAP_OK && length) total += (int64_t)length;
  CHECK(total == imap_body_size(body) && total >= 10000000000, &error);
  imap_body_free(body);
  free(buffer);
  long grown = memory("VmHWM:") - before;
  printf("%" PRId64 " bytes in %ld KiB\n", total, grown);
  CHECK(grown < 1024, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  client = connected(argv + 2);
  if (!client) return EXIT_FAILURE;
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(messages) SCENARIO(refused) SCENARIO(bodies) SCENARIO(held) SCENARIO(opened) SCENARIO(cut_off)
  SCENARIO(stalled) SCENARIO(given_up) SCENARIO(spooled) SCENARIO(ended) SCENARIO(lists) SCENARIO(searched) SCENARIO(large_body)
  SCENARIO(previews) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
