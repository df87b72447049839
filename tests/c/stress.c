/* stress: many threads with all sorts of calls on one client, against a server that tells with each answer which
 * question it answers and that fails at random. Whatever succeeds must be right.
 *
 *     stress SECONDS THREADS OPTION...     the options keep the credentials */

#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static imap_client *client;
static time_t end;
static atomic_long done, failed, reconnects;
static pthread_mutex_t reconnecting = PTHREAD_MUTEX_INITIALIZER;

static uint32_t body_size(uint32_t number) { return 50 + (number * 7919) % 40000; }
static uint8_t body_byte(uint32_t number, uint32_t at) { return (uint8_t)('a' + (number + at) % 26); }

/* What may come of a call when the server fails and others cancel; anything else is a fault. Brings a lost connection
 * back. */
static int is_fine(imap_status status, imap_error **error, const char *what) {
  int may_be = status == IMAP_OK || status == IMAP_ERR_CLOSED || status == IMAP_ERR_CANCELLED || status == IMAP_ERR_STATE ||
      status == IMAP_ERR_TIMEOUT;
  if (!may_be) {
    printf("%s: %s: %s\n", what, imap_status_name(status), *error ? (*error)->message : "");
    failures++;
  }
  atomic_fetch_add(status == IMAP_OK ? &done : &failed, 1);
  imap_error_free(*error);
  *error = NULL;
  if (status != IMAP_OK && imap_get_state(client) == IMAP_STATE_LOGOUT && !pthread_mutex_trylock(&reconnecting)) {
    if (imap_reconnect(client, NULL, NULL) == IMAP_OK) reconnects++;
    else usleep(2000);
    pthread_mutex_unlock(&reconnecting);
  }
  /* While the connection is away calls end at once: most of the time is for those that do something. */
  if (status == IMAP_ERR_CLOSED) usleep(1000);
  return status == IMAP_OK;
}

static void check_message(const imap_message *message, uint32_t number) {
  char keyword[32];
  snprintf(keyword, sizeof keyword, "is-%u", (unsigned)number);
  CHECK(message->uid == number && message->number == number, NULL);
  CHECK(message->flags && !strcmp(message->flags->text, keyword), NULL);
}

static void check_body(const uint8_t *bytes, size_t length, uint32_t number, uint32_t from) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != body_byte(number, from + (uint32_t)i)) {
      CHECK(0 && "a body of another message", NULL);
      return;
    }
}

static void fetch_one(uint32_t number) {
  char set[16];
  imap_messages *messages = NULL;
  imap_error *error = NULL;
  snprintf(set, sizeof set, "%u", (unsigned)number);
  if (is_fine(imap_fetch(client, set, "FLAGS BODY.PEEK[]", NULL, &messages, &error), &error, "fetch")) {
    CHECK(messages->count == 1, NULL);
    if (messages->count == 1) {
      check_message(messages->items[0], number);
      const imap_section *section = imap_message_section(messages->items[0], "");
      CHECK(section && section->data_len == body_size(number), NULL);
      if (section) check_body(section->data, section->data_len, number, 0);
    }
  }
  imap_messages_free(messages);
}

static void status_of(uint32_t number) {
  char mailbox[16];
  imap_counts *counts = NULL;
  imap_error *error = NULL;
  snprintf(mailbox, sizeof mailbox, "box%u", (unsigned)number);
  if (is_fine(imap_status_of(client, mailbox, "MESSAGES", &counts, &error), &error, "status"))
    CHECK(!strcmp(counts->mailbox, mailbox) && counts->messages == number, NULL);
  imap_counts_free(counts);
}

static void search_one(uint32_t number) {
  char value[16];
  const char *params[] = {value, NULL};
  imap_numbers *found = NULL;
  imap_error *error = NULL;
  snprintf(value, sizeof value, "%u", (unsigned)number);
  if (is_fine(imap_search(client, "UID ?", params, &found, &error), &error, "search"))
    CHECK(imap_set_count(found->set) == 1 && imap_set_contains(found->set, number), NULL);
  imap_numbers_free(found);
}

/* Several at once, some cancelled, some in a hurry, some forgotten. */
static void requests(uint32_t number, unsigned *seed) {
  enum { COUNT = 8 };
  imap_request *all[COUNT] = {NULL};
  imap_error *error = NULL;
  for (uint32_t i = 0; i < COUNT; i++) {
    char command[64];
    snprintf(command, sizeof command, "UID FETCH %u (FLAGS)", (unsigned)(number + i));
    is_fine(imap_send(client, command, NULL, &all[i], &error), &error, "send");
    if (all[i] && rand_r(seed) % 4 == 0) imap_request_hurry(all[i]);
    if (all[i] && rand_r(seed) % 4 == 0) imap_request_cancel(all[i]);
  }
  for (uint32_t i = 0; i < COUNT; i++) {
    imap_messages *messages = NULL;
    int64_t bytes = 0, total = 0;
    if (!all[i]) continue;
    imap_request_progress(all[i], &bytes, &total);
    imap_request_is_ready(all[i]);
    if (rand_r(seed) % 4 && is_fine(imap_request_take_messages(all[i], &messages, &error), &error, "take")) {
      CHECK(messages->count == 1, NULL);
      if (messages->count == 1) check_message(messages->items[0], number + i);
    }
    imap_messages_free(messages);
    imap_request_free(all[i]);
  }
}

/* A stream whose bodies are read whole, in part, or not at all. */
static void stream(uint32_t number, unsigned *seed) {
  char command[64];
  imap_request *request = NULL;
  imap_error *error = NULL;
  snprintf(command, sizeof command, "UID FETCH %u:%u (FLAGS BODY.PEEK[])", (unsigned)number, (unsigned)(number + 20));
  if (!is_fine(imap_stream(client, command, NULL, &request, &error), &error, "stream")) return;
  for (uint32_t i = number;; i++) {
    imap_message *message = NULL;
    imap_body *body = NULL;
    if (rand_r(seed) % 3) imap_request_next_body(request, &body, NULL);
    uint8_t buffer[3000];
    size_t length = 0;
    uint32_t at = 0;
    while (body && imap_body_read(body, buffer, sizeof buffer, &length, NULL) == IMAP_OK && length && rand_r(seed) % 20) {
      check_body(buffer, length, i, at);
      at += (uint32_t)length;
    }
    imap_body_free(body);
    if (!is_fine(imap_request_next_message(request, &message, &error), &error, "next") || !message) break;
    check_message(message, i);
    imap_message_free(message);
    if (rand_r(seed) % 60 == 0) break;
  }
  imap_request_free(request);
}

typedef struct {
  uint32_t number, at;
} source;

static imap_io read_source(void *userdata, uint8_t *buffer, size_t capacity, size_t *length) {
  source *from = userdata;
  size_t here = 0;
  while (here < capacity && here < 5000 && from->at < body_size(from->number)) buffer[here++] = body_byte(from->number, from->at++);
  *length = here;
  return IMAP_IO_DONE;
}

static void release_source(void *userdata) { free(userdata); }

static void upload(uint32_t number, unsigned *seed) {
  char mailbox[16];
  imap_error *error = NULL;
  imap_assigned *assigned = NULL;
  imap_upload *made = imap_upload_new();
  snprintf(mailbox, sizeof mailbox, "box%u", (unsigned)number);
  imap_upload_add_message(made, "\\Seen", -1, 0, NULL);
  if (rand_r(seed) % 2) {
    source *from = calloc(1, sizeof *from);
    from->number = number;
    imap_upload_add_reader(made, body_size(number), read_source, from, release_source, NULL);
  } else {
    uint8_t *bytes = malloc(body_size(number));
    for (uint32_t i = 0; i < body_size(number); i++) bytes[i] = body_byte(number, i);
    imap_upload_add_bytes(made, bytes, body_size(number), NULL);
    free(bytes);
  }
  if (is_fine(imap_append_upload(client, mailbox, made, &assigned, &error), &error, "append"))
    CHECK(imap_set_count(assigned->uids) == 1 && imap_set_contains(assigned->uids, number), NULL);
  imap_assigned_free(assigned);
  imap_upload_free(made);
}

static bool hear(void *userdata, const imap_event *event) {
  return event->name && ++*(int *)userdata < 100;
}

static void release_count(void *userdata) { free(userdata); }

static void handle(unsigned *seed) {
  uint32_t id = 0;
  imap_error *error = NULL;
  is_fine(imap_add_handler(client, hear, calloc(1, sizeof(int)), release_count, &id, &error), &error, "add_handler");
  usleep((unsigned)rand_r(seed) % 1000);
  imap_remove_handler(client, id);
}

static void listen_to(unsigned *seed) {
  imap_event *event = NULL;
  imap_error *error = NULL;
  is_fine(imap_idle(client, rand_r(seed) % 100, &event, &error), &error, "idle");
  imap_event_free(event);
  while (imap_next_event(client, &event, NULL) == IMAP_OK && event) imap_event_free(event);
}

static void disturb(unsigned *seed) {
  imap_error *error = NULL;
  imap_connection *connection = NULL;
  switch (rand_r(seed) % 200) {
    case 0: imap_disconnect(client); break;
    case 1: case 2: case 3: imap_cancel(client); break;
    default:
      if (is_fine(imap_get_connection(client, &connection, &error), &error, "connection"))
        CHECK(connection->summary, NULL);
      imap_connection_free(connection);
  }
}

static void *work(void *data) {
  unsigned seed = *(unsigned *)data * 7919;
  imap_error *error = NULL;
  while (time(NULL) < end && failures < 20) {
    uint32_t number = 1 + (uint32_t)rand_r(&seed) % 4000;
    switch (rand_r(&seed) % 12) {
      case 0: case 1: fetch_one(number); break;
      case 2: case 3: status_of(number); break;
      case 4: search_one(number); break;
      case 5: case 6: requests(number, &seed); break;
      case 7: stream(number, &seed); break;
      case 8: upload(number, &seed); break;
      case 9: listen_to(&seed); break;
      case 10: handle(&seed); break;
      default:
        is_fine(imap_noop(client, &error), &error, "noop");
        disturb(&seed);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  int count = atoi(argv[2]);
  /* Whoever waits for ever ends here. */
  alarm((unsigned)atoi(argv[1]) + 60);
  client = connected(argv + 3);
  if (!client || imap_select(client, "INBOX", NULL, NULL)) return EXIT_FAILURE;
  end = time(NULL) + atoi(argv[1]);
  pthread_t *threads = calloc((size_t)count, sizeof *threads);
  unsigned *seeds = calloc((size_t)count, sizeof *seeds);
  for (int i = 0; i < count; i++) {
    seeds[i] = (unsigned)i + 1;
    pthread_create(&threads[i], NULL, work, &seeds[i]);
  }
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  free(threads);
  free(seeds);
  imap_client_free(client);
  printf("%ld calls right, %ld ended by faults and cancels, %ld reconnects\n", (long)done, (long)failed, (long)reconnects);
  printf("%d failures\n", failures);
  return failures || done < 100 ? EXIT_FAILURE : EXIT_SUCCESS;
}
