/* libimap: the workloads by this library.
 *
 *     libimap WORKLOAD streamed|held PORT COUNT [CA] */

#define _GNU_SOURCE
#include "measure.h"

#include <imap.h>

static imap_client *client;
static imap_error *error;
static sums total;

static void check(imap_status status) {
  if (status == IMAP_OK) return;
  fprintf(stderr, "%s\n", error ? error->message : imap_status_name(status));
  exit(EXIT_FAILURE);
}

static void read_addresses(const imap_addresses *list) {
  total.addresses += list->count;
  for (size_t i = 0; i < list->count; i++) {
    const imap_address *one = list->items[i];
    total.touched += touch(one->name) + touch(one->mailbox) + touch(one->host) + touch(one->label);
  }
}

static void read_envelope(const imap_envelope *envelope) {
  read_addresses(envelope->from_list);
  read_addresses(envelope->sender_list);
  read_addresses(envelope->reply_to_list);
  read_addresses(envelope->to_list);
  read_addresses(envelope->cc_list);
  read_addresses(envelope->bcc_list);
  total.touched += touch(envelope->subject) + touch(envelope->message_id) + touch(envelope->in_reply_to) +
      touch(envelope->date_text) + (uint64_t)envelope->date;
}

static void read_pairs(const imap_pairs *pairs) {
  for (size_t i = 0; i < pairs->count; i++) total.touched += touch(pairs->items[i]->name) + touch(pairs->items[i]->value);
}

static void read_part(const imap_part *part) {
  total.parts++;
  total.touched += touch(part->section) + touch(part->media_type) + touch(part->charset) + touch(part->encoding) +
      touch(part->disposition) + touch(part->filename) + touch(part->content_id) + touch(part->description) +
      touch(part->location) + touch(part->md5) + (uint64_t)part->size + (uint64_t)part->lines;
  read_pairs(part->parameters);
  read_pairs(part->disposition_parameters);
  for (size_t i = 0; i < part->languages->count; i++) total.touched += touch(part->languages->items[i]);
  if (part->envelope) read_envelope(part->envelope);
}

static void read_message(const imap_message *message) {
  total.messages++;
  total.numbers += message->uid;
  if (message->size > 0) total.numbers += (uint64_t)message->size;
  total.touched += (uint64_t)message->internal_date;
  if (message->flags) {
    total.flags += (uint64_t)__builtin_popcount(message->flags->bits) + message->flags->keyword_count;
    for (size_t i = 0; i < message->flags->keyword_count; i++) total.touched += touch(message->flags->keywords[i]);
  }
  if (message->envelope) read_envelope(message->envelope);
  const imap_details *details = message->details;
  for (size_t i = 0; i < details->part_count; i++) read_part(details->parts[i]);
  for (size_t i = 0; i < details->section_count; i++) {
    const imap_section *section = details->sections[i];
    total.bytes += section->data_len;
    if (section->data_len) total.touched += section->data[0];
  }
}

static void select_mailbox(const char *kind, long count) {
  char name[64];
  snprintf(name, sizeof name, "%s%ld", kind, count);
  check(imap_select(client, name, NULL, &error));
}

static void fetch(const char *set, const char *items) {
  imap_messages *messages;
  begin();
  check(imap_fetch(client, set, items, NULL, &messages, &error));
  for (size_t i = 0; i < messages->count; i++) read_message(messages->items[i]);
  end(&total);
  imap_messages_free(messages);
}

static void fetch_streamed(const char *set, const char *items) {
  imap_request *request;
  imap_message *message;
  char command[256];
  snprintf(command, sizeof command, *set == '#' ? "FETCH %s (%s)" : "UID FETCH %s (%s)", set + (*set == '#'), items);
  begin();
  check(imap_stream(client, command, NULL, &request, &error));
  for (;;) {
    check(imap_request_next_message(request, &message, &error));
    if (!message) break;
    read_message(message);
    imap_message_free(message);
  }
  imap_request_free(request);
  end(&total);
}

static void bodies_streamed(const char *set) {
  static uint8_t buffer[64 * 1024];
  imap_request *request;
  imap_message *message;
  imap_body *body;
  size_t length;
  char command[256];
  snprintf(command, sizeof command, "UID FETCH %s (BODY.PEEK[])", set);
  begin();
  check(imap_stream(client, command, NULL, &request, &error));
  for (;;) {
    check(imap_request_next_body(request, &body, &error));
    if (body) {
      do {
        check(imap_body_read(body, buffer, sizeof buffer, &length, &error));
        total.bytes += length;
      } while (length > 0);
      imap_body_free(body);
      continue;
    }
    check(imap_request_next_message(request, &message, &error));
    if (!message) break;
    total.messages++;
    total.numbers += message->uid;
    imap_message_free(message);
  }
  imap_request_free(request);
  end(&total);
}

static void read_numbers(const imap_numbers *found) {
  uint32_t first, last;
  uint64_t at = 0;
  total.messages += imap_set_count(found->set);
  while (imap_set_next_span(found->set, &at, &first, &last)) total.numbers += ((uint64_t)first + last) * (last - first + 1) / 2;
}

static void search(int is_streamed) {
  imap_numbers *found;
  begin();
  if (is_streamed) {
    imap_request *request;
    check(imap_stream(client, "UID SEARCH ALL", NULL, &request, &error));
    for (;;) {
      check(imap_request_next_numbers(request, &found, &error));
      if (!found) break;
      read_numbers(found);
      imap_numbers_free(found);
    }
    imap_request_free(request);
  } else {
    check(imap_search(client, "ALL", NULL, &found, &error));
    read_numbers(found);
  }
  end(&total);
}

static void noops(long count) {
  begin();
  for (long i = 0; i < count; i++) check(imap_noop(client, &error));
  end(&total);
}

static void statuses(long count) {
  imap_request **requests = calloc((size_t)count, sizeof *requests);
  begin();
  for (long i = 0; i < count; i++) {
    char name[32];
    const char *params[] = {name, NULL};
    snprintf(name, sizeof name, "box%ld", i);
    check(imap_send(client, "STATUS ? (MESSAGES)", params, &requests[i], &error));
  }
  for (long i = 0; i < count; i++) {
    imap_counts *counts;
    check(imap_request_take_counts(requests[i], &counts, &error));
    total.messages++;
    total.numbers += (uint64_t)counts->messages;
    imap_counts_free(counts);
    imap_request_free(requests[i]);
  }
  end(&total);
  free(requests);
}

static void appends(long count) {
  enum { SIZE = 100000 };
  uint8_t *message = malloc(SIZE);
  memset(message, 'x', SIZE);
  begin();
  for (long i = 0; i < count; i++) {
    imap_assigned *assigned;
    check(imap_append(client, "sent", NULL, -1, message, SIZE, &assigned, &error));
    total.messages++;
    imap_assigned_free(assigned);
  }
  end(&total);
  free(message);
}

static void dial(const char *port, const char *ca) {
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PORT, port, NULL);
  if (ca) {
    /* One certificate, or the loading of the system's is measured. */
    imap_options_set_text(options, IMAP_OPTION_CA_FILE, ca, NULL);
    imap_options_set_number(options, IMAP_OPTION_CA_SYSTEM, 0, NULL);
  } else {
    imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
    imap_options_set_number(options, IMAP_OPTION_DANGER_PLAINTEXT_LOGIN, 1, NULL);
  }
  check(imap_connect("localhost", options, &client, &error));
  imap_options_free(options);
  check(imap_login(client, "alice", "secret", &error));
}

int main(int argc, char **argv) {
  if (argc < 5) return EXIT_FAILURE;
  const char *workload = argv[1];
  int is_streamed = !strcmp(argv[2], "streamed");
  long count = atol(argv[4]);
  char set[64];
  dial(argv[3], argc > 5 ? argv[5] : NULL);
  if (!strcmp(workload, "W1")) {
    snprintf(set, sizeof set, "#1:%ld", count);
    select_mailbox("mail", count);
    (is_streamed ? fetch_streamed : fetch)(set, "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE");
  } else if (!strcmp(workload, "W2") || !strcmp(workload, "W8") || !strcmp(workload, "W3")) {
    int is_one = !strcmp(workload, "W3");
    snprintf(set, sizeof set, "1:%ld", count);
    select_mailbox(is_one ? "large" : "bodies", count);
    if (is_streamed) bodies_streamed(is_one ? "1" : set);
    else fetch(is_one ? "1" : set, "BODY.PEEK[]");
  } else if (!strcmp(workload, "W4")) {
    snprintf(set, sizeof set, "1:%ld", count);
    select_mailbox("mail", count);
    (is_streamed ? fetch_streamed : fetch)(set, "FLAGS");
  } else if (!strcmp(workload, "W5")) {
    select_mailbox("hits", count);
    search(is_streamed);
  } else if (!strcmp(workload, "W6")) {
    noops(count);
  } else if (!strcmp(workload, "W7")) {
    statuses(count);
  } else if (!strcmp(workload, "W9")) {
    appends(count);
  }
  imap_client_free(client);
  return EXIT_SUCCESS;
}
