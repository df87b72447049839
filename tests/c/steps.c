/* steps: does what its arguments say, one after the other on one client, and prints what each came to:
 *
 *     steps number:1:PORT number:2:2 connect:127.0.0.1 login:alice:secret select:INBOX fetch:1:*:FLAGS ...
 *
 * The words of a step are separated by colons that a backslash can escape; \r and \n stand for themselves. */

#include <imap.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static imap_options *options;
static imap_client *client;

#define MOST 8
static char *words[MOST];
static int count;

/* The word at a place, or NULL. */
static const char *word(int at) { return at < count ? words[at] : NULL; }

static void split(char *text) {
  char *out = text;
  memset(words, 0, sizeof words);
  words[0] = text;
  count = 1;
  for (const char *in = text; *in; in++) {
    if (*in == ':' && count < MOST) {
      *out++ = '\0';
      words[count++] = out;
    } else if (*in == '\\' && in[1]) {
      in++;
      *out++ = *in == 'r' ? '\r' : *in == 'n' ? '\n' : *in;
    } else {
      *out++ = *in;
    }
  }
  *out = '\0';
}

/* Who did what the last result tells: the step "origin" prints it. */
static imap_origin last_origin;

static void show_texts(const imap_texts *texts) {
  for (size_t i = 0; i < texts->count; i++) printf(" %s", texts->items[i]);
}

static void show_selected(const imap_selected *selected) {
  printf(" %s exists=%u uid_next=%u uid_validity=%d read_only=%d flags=%s permanent=%s", selected->mailbox,
      (unsigned)selected->exists, (unsigned)selected->uid_next, selected->uid_validity != 0, selected->is_read_only,
      selected->flags->text, selected->permanent_flags->text);
}

static void show_defects(const imap_defect *const *defects, size_t count) {
  for (size_t i = 0; i < count; i++) printf(" defect=%s", defects[i]->text);
}

static void show_messages(const imap_messages *messages) {
  last_origin = messages->origin;
  printf(" count=%zu", messages->count);
  for (size_t i = 0; i < messages->count; i++) {
    const imap_message *message = messages->items[i];
    printf(" [uid=%u", (unsigned)message->uid);
    if (message->flags) printf(" flags=%s", message->flags->text);
    if (message->size != -1) printf(" size=%" PRId64, message->size);
    if (message->internal_date != -1) printf(" date=%" PRId64, message->internal_date);
    if (message->envelope) printf(" subject=%s", message->envelope->subject);
    for (size_t j = 0; j < message->details->part_count; j++)
      printf(" part=%s:%s", message->details->parts[j]->section, message->details->parts[j]->media_type);
    for (size_t j = 0; j < message->details->section_count; j++)
      printf(" %s=%zu", message->details->sections[j]->label, message->details->sections[j]->data_len);
    show_defects(message->details->defects, message->details->defect_count);
    printf("]");
  }
  show_defects(messages->defects, messages->defect_count);
}

static void show_mailboxes(const imap_mailboxes *mailboxes) {
  last_origin = mailboxes->origin;
  printf(" count=%zu", mailboxes->count);
  for (size_t i = 0; i < mailboxes->count; i++) {
    const imap_mailbox *mailbox = mailboxes->items[i];
    printf(" [%s", mailbox->name);
    if (mailbox->counts) printf(" messages=%" PRId64, mailbox->counts->messages);
    putchar(']');
  }
  show_defects(mailboxes->defects, mailboxes->defect_count);
}

static void show_assigned(const imap_assigned *assigned) {
  last_origin = assigned->origin;
  printf(" uids=%s sources=%s origin=%d", imap_set_text(assigned->uids), imap_set_text(assigned->sources),
      (int)assigned->origin);
}

static imap_status do_connect(imap_error **error) {
  imap_client_free(client);
  client = NULL;
  if (!strcmp(words[0], "url")) return imap_connect_url(word(1), options, &client, error);
  if (!strcmp(words[0], "start")) return imap_start(word(1), options, &client, error);
  return imap_connect(word(1), options, &client, error);
}

static imap_status do_option(imap_error **error) {
  imap_option option = (imap_option)atoi(words[1]);
  if (!strcmp(words[0], "number")) return imap_options_set_number(options, option, atoll(words[2]), error);
  return imap_options_set_text(options, option, word(2), error);
}

static imap_status do_select(imap_error **error) {
  imap_selected *selected = NULL;
  imap_status status = !strcmp(words[0], "select") ? imap_select(client, word(1), &selected, error)
      : !strcmp(words[0], "examine")               ? imap_examine(client, word(1), &selected, error)
                                                   : imap_get_selected(client, &selected, error);
  if (selected) show_selected(selected);
  imap_selected_free(selected);
  return status;
}

/* Of the last search that asked for updates. */
static uint32_t last_update;

static void show_numbers(const imap_numbers *numbers) {
  if (numbers->update_id) last_update = numbers->update_id;
  last_origin = numbers->origin;
  printf(" set=%s total=%" PRId64, imap_set_text(numbers->set), numbers->total);
  show_defects(numbers->defects, numbers->defect_count);
}

static imap_status do_numbers(imap_error **error) {
  imap_numbers *numbers = NULL;
  const char *params[] = {word(2), word(3), NULL};
  imap_status status = !strcmp(words[0], "search")
      ? imap_search(client, word(1), count > 2 ? params : NULL, &numbers, error)
      : imap_expunge(client, word(1), &numbers, error);
  if (numbers) show_numbers(numbers);
  imap_numbers_free(numbers);
  return status;
}

/* sort:KEYS:CRITERIA[:PARAM] */
static imap_status do_sort(imap_error **error) {
  imap_numbers *numbers = NULL;
  const char *params[] = {word(3), NULL};
  imap_status status = imap_sort(client, word(1), word(2), count > 3 ? params : NULL, &numbers, error);
  if (numbers) {
    last_origin = numbers->origin;
    printf(" set=%s origin=%d", imap_set_text(numbers->set), (int)numbers->origin);
    show_defects(numbers->defects, numbers->defect_count);
  }
  imap_numbers_free(numbers);
  return status;
}

static imap_status do_messages(imap_error **error) {
  imap_messages *messages = NULL;
  const char *params[] = {word(3), NULL};
  const char *const *values = count > 3 ? params : NULL;
  imap_status status = !strcmp(words[0], "fetch") ? imap_fetch(client, word(1), word(2), values, &messages, error)
                                                  : imap_store(client, word(1), word(2), values, &messages, error);
  if (messages) show_messages(messages);
  imap_messages_free(messages);
  return status;
}

static imap_status do_assigned(imap_error **error) {
  imap_assigned *assigned = NULL;
  imap_status status;
  if (!strcmp(words[0], "copy")) status = imap_copy(client, word(1), word(2), &assigned, error);
  else if (!strcmp(words[0], "move")) status = imap_move(client, word(1), word(2), &assigned, error);
  else
    status = imap_append(client, word(1), word(3), word(4) ? atoll(word(4)) : -1, (const uint8_t *)word(2),
        word(2) ? strlen(word(2)) : 0, &assigned, error);
  if (assigned) show_assigned(assigned);
  imap_assigned_free(assigned);
  return status;
}

static imap_status do_mailboxes(imap_error **error) {
  imap_mailboxes *mailboxes = NULL;
  imap_status status = !strcmp(words[0], "list") ? imap_list(client, word(1), word(2), word(3), &mailboxes, error)
                                                 : imap_lsub(client, word(1), word(2), &mailboxes, error);
  if (mailboxes) show_mailboxes(mailboxes);
  imap_mailboxes_free(mailboxes);
  return status;
}

static imap_status do_counts(imap_error **error) {
  imap_counts *counts = NULL;
  imap_status status = imap_status_of(client, word(1), word(2), &counts, error);
  if (counts) last_origin = counts->origin;
  if (counts) printf(" %s messages=%" PRId64 " unseen=%" PRId64, counts->mailbox, counts->messages, counts->unseen);
  imap_counts_free(counts);
  return status;
}

static imap_status do_namespace(imap_error **error) {
  imap_namespaces *namespaces = NULL;
  imap_status status = imap_namespace(client, &namespaces, error);
  if (namespaces) {
    last_origin = namespaces->origin;
    printf(" personal=%zu prefix=\"%s\" delimiter=%s", namespaces->personal_count,
        namespaces->personal_count ? namespaces->personal[0]->prefix : "",
        namespaces->personal_count ? namespaces->personal[0]->delimiter : "");
  }
  imap_namespaces_free(namespaces);
  return status;
}

static imap_status do_capability(imap_error **error) {
  imap_texts *texts = NULL;
  imap_status status = imap_capability(client, &texts, error);
  if (texts) printf(" %s", texts->count > 0 ? "told" : "none");
  if (texts && word(1)) show_texts(texts);
  imap_texts_free(texts);
  return status;
}

static imap_status do_command(imap_error **error) {
  imap_events *events = NULL;
  imap_status status = imap_command(client, word(1), NULL, &events, error);
  for (size_t i = 0; events && i < events->count; i++) printf(" %s", events->items[i]->name);
  imap_events_free(events);
  return status;
}

static imap_status do_connection(imap_error **error) {
  imap_connection *connection = NULL;
  imap_status status = imap_get_connection(client, &connection, error);
  if (connection && !strcmp(words[0], "summary")) {
    printf(" %s | %s |", strchr(connection->summary, ' ') + 1, connection->protocol ? connection->protocol : "-");
    show_texts(connection->capabilities);
    printf(" |");
    show_texts(connection->enabled);
    printf(" | idle=%d", connection->is_idle);
  } else if (connection)
    printf(" tls=%d verified=%d state=%d capabilities=%d received=%d", connection->is_tls, connection->is_verified,
        (int)connection->state, connection->capabilities->count > 0, connection->bytes_received > 0);
  imap_connection_free(connection);
  return status;
}

/* Prints all events that are there. */
static imap_status do_events(imap_error **error) {
  imap_event *event = NULL;
  imap_status status;
  while ((status = imap_next_event(client, &event, error)) == IMAP_OK && event) {
    printf(" [%s", event->name);
    if (event->number) printf(" %u", (unsigned)event->number);
    if (event->text) printf(" %s", event->text);
    /* What is no UTF-8 is told beside the text, byte by byte. */
    if (event->text && strstr(event->text, "\xEF\xBF\xBD"))
      for (size_t i = 0; i < event->raw_len; i++) printf("%s%02x", i ? "" : " ", event->raw[i]);
    if (event->kind == IMAP_EVENT_ACCESS) printf(" (%s)", event->code->name);
    printf("%s]", event->is_early ? " early" : "");
    imap_event_free(event);
  }
  return status;
}

static void show_acl(const imap_acl *acl) {
  printf(" %s", acl->mailbox);
  for (size_t i = 0; i < acl->grant_count; i++) printf(" [%s %s]", acl->grants[i]->identifier, acl->grants[i]->rights);
  if (acl->my_rights) printf(" mine=%s", acl->my_rights);
  if (acl->required) printf(" required=%s", acl->required);
  show_texts(acl->optional);
}

static void show_quotas(const imap_quotas *quotas) {
  for (size_t i = 0; i < quotas->count; i++) {
    printf(" [%s", quotas->items[i]->root);
    for (size_t j = 0; j < quotas->items[i]->resource_count; j++) {
      const imap_resource *one = quotas->items[i]->resources[j];
      printf(" %s=%" PRId64 "/%" PRId64, one->resource, one->usage, one->limit);
    }
    printf("]");
  }
}

static void show_entries(const imap_entries *entries) {
  last_origin = entries->origin;
  for (size_t i = 0; i < entries->count; i++)
    printf(" [%s %s=%s]", entries->items[i]->mailbox, entries->items[i]->name,
        entries->items[i]->value ? (const char *)entries->items[i]->value : "NIL");
}

static void show_pairs(const imap_pairs *pairs) {
  for (size_t i = 0; i < pairs->count; i++)
    printf(" %s=%s", pairs->items[i]->name, pairs->items[i]->value ? pairs->items[i]->value : "NIL");
}

static void show_list(const imap_numbers_list *list) {
  if (list->count) last_origin = list->items[0]->origin;
  for (size_t i = 0; i < list->count; i++)
    printf(" [%s set=%s]", list->items[i]->mailbox ? list->items[i]->mailbox : "-", imap_set_text(list->items[i]->set));
}

static void show_threads(const imap_threads *threads) {
  last_origin = threads->origin;
  for (size_t i = 0; i < threads->count; i++) printf(" %u@%u", (unsigned)threads->numbers[i], (unsigned)threads->depths[i]);
  printf(" origin=%d", (int)threads->origin);
}

/* send:COMMAND:TAKE[:PARAM]: the same commands as requests. */
static imap_status do_send(imap_error **error) {
  imap_request *request = NULL;
  const char *params[] = {word(3), word(4), NULL};
  imap_status status = imap_send(client, word(1), count > 3 ? params : NULL, &request, error);
  if (status) return status;
  const char *kind = word(2) ? word(2) : "";
#define TAKE(name, type, show)                                               \
  if (!strcmp(kind, #name)) {                                                \
    type *taken = NULL;                                                      \
    status = imap_request_take_##name(request, &taken, error);               \
    if (taken) show;                                                         \
    imap_##name##_free(taken);                                               \
    if (status == IMAP_OK) status = imap_request_take_##name(request, &taken, NULL) == IMAP_ERR_STATE \
        ? IMAP_OK : IMAP_ERR_INTERNAL;                                       \
  } else
  TAKE(messages, imap_messages, show_messages(taken))
  TAKE(numbers, imap_numbers, printf(" set=%s", imap_set_text(taken->set)))
  TAKE(assigned, imap_assigned, show_assigned(taken))
  TAKE(mailboxes, imap_mailboxes, show_mailboxes(taken))
  TAKE(counts, imap_counts, printf(" %s messages=%" PRId64, taken->mailbox, taken->messages))
  TAKE(selected, imap_selected, show_selected(taken))
  TAKE(namespaces, imap_namespaces, printf(" personal=%zu", taken->personal_count))
  TAKE(texts, imap_texts, printf(" %s", taken->count > 0 ? "told" : "none"))
  TAKE(pairs, imap_pairs, show_pairs(taken))
  TAKE(acl, imap_acl, show_acl(taken))
  TAKE(quotas, imap_quotas, show_quotas(taken))
  TAKE(entries, imap_entries, show_entries(taken))
  TAKE(numbers_list, imap_numbers_list, show_list(taken))
  TAKE(threads, imap_threads, show_threads(taken))
  TAKE(events, imap_events, printf(" count=%zu", taken->count))
  status = imap_request_wait(request, -1, error);
  const imap_event *reply = imap_request_reply(request);
  if (reply) printf(" reply=%s", reply->code ? reply->code->name : "-");
  printf(" done=%d", imap_request_is_done(request));
  imap_request_free(request);
  return status;
}

/* abandon:COMMAND: sends it and frees the request at once. */
static imap_status do_abandon(imap_error **error) {
  imap_request *request = NULL;
  imap_status status = imap_send(client, word(1), NULL, &request, error);
  if (!strcmp(words[0], "cancelled") && status == IMAP_OK) {
    imap_request_cancel(request);
    status = imap_request_wait(request, 5000, error);
  }
  imap_request_free(request);
  return status;
}

static imap_status do_acl(imap_error **error) {
  imap_acl *acl = NULL;
  imap_status status = !strcmp(words[0], "getacl") ? imap_getacl(client, word(1), &acl, error)
      : !strcmp(words[0], "myrights")              ? imap_myrights(client, word(1), &acl, error)
                                                   : imap_listrights(client, word(1), word(2), &acl, error);
  if (acl) show_acl(acl);
  imap_acl_free(acl);
  return status;
}

static imap_status do_quota(imap_error **error) {
  imap_quotas *quotas = NULL;
  imap_status status = !strcmp(words[0], "getquota") ? imap_getquota(client, word(1), &quotas, error)
      : !strcmp(words[0], "getquotaroot")            ? imap_getquotaroot(client, word(1), &quotas, error)
                                                     : imap_setquota(client, word(1), word(2), &quotas, error);
  if (quotas) show_quotas(quotas);
  imap_quotas_free(quotas);
  return status;
}

/* getmetadata:MAILBOX:WHAT, setmetadata:MAILBOX:ENTRY[:VALUE] */
static imap_status do_metadata(imap_error **error) {
  imap_entries *entries = NULL;
  if (!strcmp(words[0], "setmetadata"))
    return imap_setmetadata(client, word(1), word(2), (const uint8_t *)word(3), word(3) ? strlen(word(3)) : 0, error);
  imap_status status = imap_getmetadata(client, word(1), word(2), NULL, &entries, error);
  if (entries) show_entries(entries);
  imap_entries_free(entries);
  return status;
}

static imap_status do_id(imap_error **error) {
  imap_pairs *pairs = NULL;
  const char *fields[] = {word(1), word(2), NULL};
  imap_status status = imap_id(client, word(1) ? fields : NULL, &pairs, error);
  if (pairs) show_pairs(pairs);
  imap_pairs_free(pairs);
  return status;
}

static imap_status do_enable(imap_error **error) {
  imap_texts *enabled = NULL;
  imap_status status = imap_enable(client, word(1), &enabled, error);
  if (enabled) show_texts(enabled);
  imap_texts_free(enabled);
  return status;
}

/* idle:MS waits for one event. */
static imap_status do_idle(imap_error **error) {
  imap_event *event = NULL;
  imap_status status = imap_idle(client, atoll(words[1]), &event, error);
  if (event) printf(" %s", event->name);
  imap_event_free(event);
  return status;
}

/* progress:COMMAND sends it, waits for the first event, and prints how far it is. */
static imap_status do_progress(imap_error **error) {
  imap_request *request = NULL;
  imap_event *event = NULL;
  int64_t done = 0, total = 0;
  imap_status status = imap_send(client, word(1), NULL, &request, error);
  while (!status && !event && !imap_request_is_done(request)) status = imap_next_event(client, &event, error);
  imap_request_progress(request, &done, &total);
  if (event && event->kind == IMAP_EVENT_PROGRESS)
    printf(" %s %" PRId64 "/%" PRId64, event->text, event->done, event->total);
  printf(" request %" PRId64 "/%" PRId64, done, total);
  imap_event_free(event);
  if (!status) status = imap_request_wait(request, -1, error);
  imap_request_free(request);
  return status;
}

/* thread:ALGORITHM:CRITERIA */
static imap_status do_thread(imap_error **error) {
  imap_threads *threads = NULL;
  imap_status status = imap_thread(client, words[1][0] ? word(1) : NULL, word(2), NULL, &threads, error);
  if (threads) show_threads(threads);
  imap_threads_free(threads);
  return status;
}

static imap_status do_esearch(imap_error **error) {
  imap_numbers_list *list = NULL;
  imap_status status = imap_esearch(client, word(1), NULL, &list, error);
  if (list) show_list(list);
  imap_numbers_list_free(list);
  return status;
}

/* uidbatches:SIZE */
static imap_status do_uidbatches(imap_error **error) {
  imap_numbers *numbers = NULL;
  imap_status status = imap_uidbatches(client, (uint32_t)atoi(word(1)), 0, 0, &numbers, error);
  if (numbers) show_numbers(numbers);
  imap_numbers_free(numbers);
  return status;
}

static imap_status do_content(imap_error **error) {
  imap_content *content = NULL;
  imap_status status = imap_fetch_content(client, (uint32_t)atoi(word(1)), &content, error);
  if (content) {
    printf(" \"%s\" attachments=%zu", content->text, content->attachment_count);
    show_defects(content->message->details->defects, content->message->details->defect_count);
  }
  imap_content_free(content);
  return status;
}

/* body:UID:SECTION */
static imap_status do_body(imap_error **error) {
  imap_body *body = NULL;
  uint8_t buffer[100];
  size_t length = 1, total = 0;
  imap_status status = imap_body_open(client, (uint32_t)atoi(word(1)), word(2), 0, IMAP_DECODING_NONE, &body, error);
  for (; !status && length; total += length) status = imap_body_read(body, buffer, sizeof buffer, &length, error);
  if (body) printf(" size=%" PRId64 " read=%zu", imap_body_size(body), total);
  imap_body_free(body);
  return status;
}

/* stream:COMMAND: of FETCH with each message's bodies, of LIST and LSUB, else of SEARCH. */
static imap_status do_stream(imap_error **error) {
  imap_request *request = NULL;
  imap_status status = imap_stream(client, word(1), NULL, &request, error);
  for (int more = 1; more && !status;) {
    imap_body *body = NULL;
    imap_message *message = NULL;
    imap_mailboxes *mailboxes = NULL;
    imap_numbers *numbers = NULL;
    if (strstr(word(1), "FETCH")) {
      while (!(status = imap_request_next_body(request, &body, error)) && body) imap_body_free(body);
      if (!status) status = imap_request_next_message(request, &message, error);
      if (message) printf(" uid=%u", (unsigned)message->uid);
      if (message && message->details->preview) printf(" preview=%s", message->details->preview);
    } else if (strstr(word(1), "SEARCH")) {
      status = imap_request_next_numbers(request, &numbers, error);
      if (numbers) show_numbers(numbers);
    } else {
      status = imap_request_next_mailbox(request, &mailboxes, error);
      if (mailboxes) show_mailboxes(mailboxes);
    }
    more = message || mailboxes || numbers;
    imap_message_free(message);
    imap_mailboxes_free(mailboxes);
    imap_numbers_free(numbers);
  }
  imap_request_free(request);
  return status;
}

/* upload:MAILBOX:TEXT, several:MAILBOX:TEXT:TEXT, replace:MAILBOX:TEXT:MESSAGE[:FLAGS[:URL]], sendupload:MAILBOX:TEXT:
 * messages of one piece, or of that and what a URL names; MESSAGE is a UID or "#4", sendreplace does the same by a
 * request. sized:MAILBOX:TEXT:SIZE:FLAGS is a text that is filled up to a size. */
static imap_status do_upload(imap_error **error) {
  imap_assigned *assigned = NULL;
  imap_request *request = NULL;
  imap_status status;
  imap_upload *upload = imap_upload_new();
  imap_upload_add_message(upload, word(4), -1, 0, NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)word(2), strlen(word(2)), NULL);
  if (!strcmp(words[0], "sized")) {
    size_t size = (size_t)atoi(word(3)) - strlen(word(2));
    uint8_t *filling = malloc(size);
    memset(filling, 'A', size);
    imap_upload_add_bytes(upload, filling, size, NULL);
    free(filling);
  }
  uint32_t uid = 0;
  if (strstr(words[0], "replace") && *word(3) == '#') imap_upload_set_replaced(upload, word(3), NULL);
  else if (strstr(words[0], "replace")) uid = (uint32_t)atoi(word(3));
  if (word(5)) imap_upload_add_url(upload, word(5), NULL);
  if (!strcmp(words[0], "several")) {
    imap_upload_add_message(upload, NULL, -1, 0, NULL);
    imap_upload_add_bytes(upload, (const uint8_t *)word(3), strlen(word(3)), NULL);
  }
  if (!strcmp(words[0], "replace"))
    status = imap_replace(client, uid, word(1), upload, &assigned, error);
  else if (strncmp(words[0], "send", 4))
    status = imap_append_upload(client, word(1), upload, &assigned, error);
  else if (!(status = imap_send_upload(client, uid, word(1), upload, &request, error)))
    status = imap_request_take_assigned(request, &assigned, error);
  if (assigned) show_assigned(assigned);
  imap_assigned_free(assigned);
  imap_request_free(request);
  imap_upload_free(upload);
  return status;
}

/* challenge:MECHANISM:ANSWER gives the same answer to each challenge. */
static imap_status do_challenge(imap_error **error) {
  imap_request *request = NULL;
  const uint8_t *data = NULL;
  size_t length = 0;
  imap_status status = imap_send_authenticate(client, word(1), NULL, 0, &request, error);
  while (!status && !(status = imap_request_challenge(request, &data, &length, error)) && data) {
    printf(" %s", (const char *)data);
    status = imap_request_respond(request, (const uint8_t *)word(2), strlen(word(2)), error);
  }
  if (!status) status = imap_request_wait(request, -1, error);
  imap_request_free(request);
  return status;
}

/* resync:MAILBOX:UIDVALIDITY:MODSEQ */
static imap_status do_resync(imap_error **error) {
  imap_selected *selected = NULL;
  imap_status status = imap_resync(client, word(1), (uint32_t)atoi(word(2)), atoll(word(3)), NULL, &selected, error);
  if (selected) {
    show_selected(selected);
    last_origin = selected->origin;
    printf(" new=%d vanished=%s origin=%d", selected->is_new, imap_set_text(selected->vanished), (int)selected->origin);
    printf(" changed=%zu", selected->changed_count);
  }
  imap_selected_free(selected);
  return status;
}

/* watch:MAILBOX */
static imap_status do_watch(imap_error **error) {
  imap_watch_means means = IMAP_WATCH_POLL;
  const char *mailboxes[] = {word(1), NULL};
  imap_status status = imap_watch(client, mailboxes, &means, error);
  printf(" means=%d", (int)means);
  return status;
}

static imap_status do_texts(imap_error **error) {
  imap_texts *texts = NULL;
  imap_status status = !strcmp(words[0], "language") ? imap_language(client, word(1), &texts, error)
                                                     : imap_comparator(client, word(1), &texts, error);
  if (texts) show_texts(texts);
  imap_texts_free(texts);
  return status;
}

/* jmapaccess, genurlauth:URL, urlfetch:URL */
static imap_status do_url(imap_error **error) {
  char *url = NULL;
  imap_entries *entries = NULL;
  imap_status status = !strcmp(words[0], "urlfetch") ? imap_urlfetch(client, word(1), &entries, error)
      : !strcmp(words[0], "genurlauth")              ? imap_genurlauth(client, word(1), NULL, &url, error)
                                                     : imap_getjmapaccess(client, &url, error);
  if (url) printf(" %s", url);
  if (entries) show_entries(entries);
  imap_text_free(url);
  imap_entries_free(entries);
  return status;
}

/* recent prints what the mailbox last had of recent messages. */
static imap_status do_recent(imap_error **error) {
  imap_selected *selected = NULL;
  imap_status status = imap_get_selected(client, &selected, error);
  if (selected) printf(" %u read_only=%d", (unsigned)selected->recent, selected->is_read_only);
  imap_selected_free(selected);
  return status;
}

/* many:N sends STATUS of box1 to boxN at once, and waits for all. */
static imap_status do_many(imap_error **error) {
  enum { ALL = 200 };
  imap_request *requests[ALL] = {NULL};
  imap_status status = IMAP_OK;
  int all = atoi(words[1]);
  for (int i = 0; i < all && i < ALL && !status; i++) {
    char command[40];
    snprintf(command, sizeof command, "STATUS box%d (MESSAGES)", i + 1);
    status = imap_send(client, command, NULL, &requests[i], error);
  }
  for (int i = 0; i < all && i < ALL; i++) {
    if (!status) status = imap_request_wait(requests[i], -1, error);
    imap_request_free(requests[i]);
  }
  return status;
}

/* log:FILE[:MOST] writes the log of clients to come to a file, and no more than so many lines. */
struct log {
  FILE *file;
  int left;
};

static bool log_line(void *userdata, imap_log_kind kind, const char *line) {
  struct log *log = userdata;
  fprintf(log->file, "%s: %s\n", kind == IMAP_LOG_SENT ? "C" : kind == IMAP_LOG_RECEIVED ? "S" : "#", line);
  fflush(log->file);
  if (client && imap_noop(client, NULL) != IMAP_ERR_STATE) fprintf(log->file, "a callback could wait\n");
  return --log->left != 0;
}

static void release_log(void *userdata) {
  struct log *log = userdata;
  fprintf(log->file, "released\n");
  fclose(log->file);
  free(log);
}

static imap_status do_log(imap_error **error) {
  struct log *log = malloc(sizeof *log);
  if (log) *log = (struct log){fopen(word(1), "w"), word(2) ? atoi(word(2)) : -1};
  if (!log || !log->file) exit(2);
  return imap_options_set_log(options, log_line, log, release_log, error);
}

/* trace:FILE writes the client's trace, lost:FILE that of the last error. */
static char *last_trace;

static imap_status do_trace(imap_error **error) {
  char *trace = NULL;
  imap_status status = !strcmp(words[0], "trace") ? imap_get_trace(client, &trace, error) : IMAP_OK;
  const char *text = !strcmp(words[0], "trace") ? trace : last_trace;
  FILE *file = fopen(word(1), "w");
  if (!file) exit(2);
  fputs(text ? text : "none", file);
  fclose(file);
  imap_text_free(trace);
  return status;
}

static void keep_trace(const imap_error *error) {
  free(last_trace);
  last_trace = error->trace ? malloc(strlen(error->trace) + 1) : NULL;
  if (last_trace) strcpy(last_trace, error->trace);
}

static imap_status step(imap_error **error) {
  const char *name = words[0];
#define IS(text) (!strcmp(name, text))
  if (IS("number") || IS("text")) return do_option(error);
  if (IS("connect") || IS("url") || IS("start")) return do_connect(error);
  if (IS("login")) return imap_login(client, word(1), word(2), error);
  if (IS("auth")) return imap_authenticate(client, word(1), word(2), word(3), word(4), error);
  if (IS("select") || IS("examine") || IS("selected")) return do_select(error);
  if (IS("search") || IS("expunge")) return do_numbers(error);
  if (IS("sort")) return do_sort(error);
  if (IS("fetch") || IS("store")) return do_messages(error);
  if (IS("copy") || IS("move") || IS("append")) return do_assigned(error);
  if (IS("list") || IS("lsub")) return do_mailboxes(error);
  if (IS("status")) return do_counts(error);
  if (IS("namespace")) return do_namespace(error);
  if (IS("capability")) return do_capability(error);
  if (IS("command")) return do_command(error);
  if (IS("connection") || IS("summary")) return do_connection(error);
  if (IS("events")) return do_events(error);
  if (IS("send")) return do_send(error);
  if (IS("getacl") || IS("myrights") || IS("listrights")) return do_acl(error);
  if (IS("setacl")) return imap_setacl(client, word(1), word(2), word(3), error);
  if (IS("deleteacl")) return imap_deleteacl(client, word(1), word(2), error);
  if (IS("getquota") || IS("getquotaroot") || IS("setquota")) return do_quota(error);
  if (IS("getmetadata") || IS("setmetadata")) return do_metadata(error);
  if (IS("id")) return do_id(error);
  if (IS("log")) return do_log(error);
  if (IS("nolog")) return imap_options_set_log(options, NULL, NULL, NULL, error);
  if (IS("trace") || IS("lost")) return do_trace(error);
  if (IS("abandon") || IS("cancelled")) return do_abandon(error);
  if (IS("create")) return imap_create(client, word(1), (imap_role)(word(2) ? atoi(word(2)) : 0), error);
  if (IS("delete")) return imap_delete(client, word(1), error);
  if (IS("rename")) return imap_rename(client, word(1), word(2), error);
  if (IS("subscribe")) return imap_subscribe(client, word(1), error);
  if (IS("unsubscribe")) return imap_unsubscribe(client, word(1), error);
  if (IS("noop")) return imap_noop(client, error);
  if (IS("check")) return imap_check(client, error);
  if (IS("close")) return imap_close_mailbox(client, error);
  if (IS("unselect")) return imap_unselect(client, error);
  if (IS("logout")) return imap_logout(client, error);
  if (IS("progress")) return do_progress(error);
  if (IS("recent")) return do_recent(error);
  if (IS("many")) return do_many(error);
  if (IS("enable")) return do_enable(error);
  if (IS("enabled")) return printf(" %d", imap_is_enabled(client, word(1))), IMAP_OK;
  if (IS("thread")) return do_thread(error);
  if (IS("esearch")) return do_esearch(error);
  if (IS("uidbatches")) return do_uidbatches(error);
  if (IS("cancelupdate")) return imap_cancelupdate(client, last_update, error);
  if (IS("content")) return do_content(error);
  if (IS("body")) return do_body(error);
  if (IS("stream")) return do_stream(error);
  if (IS("upload") || IS("several") || IS("replace") || IS("sendupload") || IS("sendreplace") || IS("sized"))
    return do_upload(error);
  if (IS("origin")) return printf(" %d", (int)last_origin), IMAP_OK;
  if (IS("challenge")) return do_challenge(error);
  if (IS("resync")) return do_resync(error);
  if (IS("watch")) return do_watch(error);
  if (IS("notify")) return imap_notify(client, word(1), NULL, error);
  if (IS("compress")) return imap_compress(client, error);
  if (IS("proxyauth")) return imap_proxyauth(client, word(1), error);
  if (IS("unauthenticate")) return imap_unauthenticate(client, error);
  if (IS("language") || IS("comparator")) return do_texts(error);
  if (IS("jmapaccess") || IS("genurlauth") || IS("urlfetch")) return do_url(error);
  if (IS("resetkey")) return imap_resetkey(client, word(1), word(2), error);
  if (IS("reconnect")) return imap_reconnect(client, NULL, error);
  if (IS("idle")) return do_idle(error);
  if (IS("has")) return printf(" %d", imap_has(client, word(1))), IMAP_OK;
  if (IS("state")) return printf(" %d", (int)imap_get_state(client)), IMAP_OK;
  if (IS("cancel")) return imap_cancel(client), IMAP_OK;
  if (IS("disconnect")) return imap_disconnect(client), IMAP_OK;
  fprintf(stderr, "no such step: %s\n", name);
  exit(2);
}

int main(int argc, char **argv) {
  options = imap_options_new();
  for (int i = 1; i < argc; i++) {
    imap_error *error = NULL;
    split(argv[i]);
    printf("%s:", words[0]);
    imap_status status = step(&error);
    if (status) {
      printf(" %s usable=%d", imap_status_name(status), error->is_usable);
      if (error->may_be_done) printf(" may_be_done");
      if (error->code) printf(" code=%s", error->code->name);
      if (error->code && error->code->code == IMAP_CODE_REFERRAL) printf("(%s)", error->code->texts->items[0]);
      if (error->server_data) printf(" data=%s", error->server_data);
      if (error->retry_after != -1) printf(" retry_after=%" PRId64, error->retry_after);
      printf(": %s", error->message);
      keep_trace(error);
    }
    if ((status == IMAP_OK) != (error == NULL) || (error && error->status != status)) printf(" ERROR MISMATCH");
    putchar('\n');
    fflush(stdout);
    imap_error_free(error);
  }
  imap_client_free(client);
  imap_options_free(options);
  free(last_trace);
  return EXIT_SUCCESS;
}
