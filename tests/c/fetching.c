/* fetching: does what its arguments say to messages, one after the other, and prints what each came to:
 *
 *     fetching 1:PORT 2:2 -- "select|INBOX" "fetch|1:*|FLAGS PREVIEW" "content|7" ...
 *
 * Options stand before the two dashes, as in check.h; the words of a step are separated by bars. */

#include "check.h"

static imap_client *client;

#define MOST 8
static const char *words[MOST + 1];
static int count;

static const char *word(int at) { return at < count ? words[at] : NULL; }

static void show_bytes(const uint8_t *data, size_t length) {
  if (length > 60) {
    printf("%zu bytes", length);
    return;
  }
  for (size_t i = 0; i < length; i++) {
    if (data[i] == '\n') fputs("\\n", stdout);
    else if (data[i] == '\r') fputs("\\r", stdout);
    else if (data[i] == '\0') fputs("\\0", stdout);
    else putchar(data[i]);
  }
}

static void show_sections(const imap_message *message) {
  const imap_details *details = message->details;
  for (size_t i = 0; i < details->section_count; i++) {
    const imap_section *section = details->sections[i];
    printf(" %s=", section->label);
    if (section->data) show_bytes(section->data, section->data_len);
    else printf("NULL:%" PRId64, section->size);
  }
}

static void show_message(const imap_message *message) {
  const imap_details *details = message->details;
  printf(" [");
  if (message->number) printf("#%u ", (unsigned)message->number);
  printf("uid=%u", (unsigned)message->uid);
  if (message->flags) printf(" flags=%s", message->flags->text);
  for (size_t i = 0; message->flags && i < message->flags->keyword_count; i++)
    printf(" keyword=%s", message->flags->keywords[i]);
  if (message->modseq != -1) printf(" modseq=%" PRId64, message->modseq);
  if (message->size != -1) printf(" size=%" PRId64, message->size);
  if (details->email_id) printf(" email=%s", details->email_id);
  if (details->thread_id) printf(" thread=%s", details->thread_id);
  if (details->preview) printf(" preview=\"%s\"", details->preview);
  if (details->save_date != -1) printf(" saved=%" PRId64, details->save_date);
  if (details->gmail_message_id) printf(" msgid=%s", details->gmail_message_id);
  if (details->gmail_thread_id) printf(" thrid=%s", details->gmail_thread_id);
  for (size_t i = 0; i < details->gmail_labels->count; i++) printf(" label=%s", details->gmail_labels->items[i]);
  for (size_t i = 0; i < details->annotation_count; i++) {
    const imap_entry *entry = details->annotations[i];
    printf(" %s", entry->name);
    if (entry->attribute) printf(" %s", entry->attribute);
    if (entry->value) printf("=");
    show_bytes(entry->value, entry->value_len);
  }
  show_sections(message);
  for (size_t i = 0; i < details->other_count; i++)
    printf(" %s?=%.*s", details->others[i]->name, (int)details->others[i]->raw_len, details->others[i]->raw);
  for (size_t i = 0; i < details->defect_count; i++) printf(" defect=\"%s\"", details->defects[i]->text);
  putchar(']');
}

static void show_messages(const imap_messages *messages) {
  printf(" count=%zu", messages->count);
  for (size_t i = 0; i < messages->count; i++) show_message(messages->items[i]);
  if (imap_set_count(messages->modified)) printf(" modified=%s", imap_set_text(messages->modified));
  if (imap_set_count(messages->vanished)) printf(" vanished=%s", imap_set_text(messages->vanished));
  if (messages->limited_at) printf(" limited=%u", (unsigned)messages->limited_at);
  if (messages->origin) printf(" origin=%d", (int)messages->origin);
  for (size_t i = 0; i < messages->defect_count; i++) printf(" defect=\"%s\"", messages->defects[i]->text);
}

static imap_status do_messages(imap_error **error) {
  const char *const *params = count > 3 ? words + 3 : NULL;
  imap_messages *messages = NULL;
  imap_status status = !strcmp(words[0], "fetch") ? imap_fetch(client, word(1), word(2), params, &messages, error)
                                                  : imap_store(client, word(1), word(2), params, &messages, error);
  if (messages) show_messages(messages);
  imap_messages_free(messages);
  return status;
}

/* Any command that gives messages. */
static imap_status do_send(imap_error **error) {
  imap_request *request = NULL;
  imap_messages *messages = NULL;
  imap_status status = imap_send(client, word(1), NULL, &request, error);
  if (!status) status = imap_request_take_messages(request, &messages, error);
  if (messages) show_messages(messages);
  imap_messages_free(messages);
  imap_request_free(request);
  return status;
}

/* SELECT or EXAMINE with parameters. */
static imap_status do_open(imap_error **error) {
  imap_request *request = NULL;
  imap_selected *selected = NULL;
  imap_status status = imap_send(client, word(1), count > 2 ? words + 2 : NULL, &request, error);
  if (!status) status = imap_request_take_selected(request, &selected, error);
  if (selected) {
    printf(" %s exists=%u read_only=%d", selected->mailbox, (unsigned)selected->exists, selected->is_read_only);
    if (imap_set_count(selected->vanished)) printf(" vanished=%s", imap_set_text(selected->vanished));
  }
  imap_selected_free(selected);
  imap_request_free(request);
  return status;
}

/* The codes that events have, whole. */
static imap_status do_codes(imap_error **error) {
  imap_event *event = NULL;
  imap_status status;
  while (!(status = imap_next_event(client, &event, error)) && event) {
    const imap_response_code *code = event->code;
    if (code) printf(" %s %s number=%" PRId64, event->name, code->name, code->number);
    for (size_t i = 0; code && i < code->texts->count; i++) printf(" %s", code->texts->items[i]);
    if (event->message) show_message(event->message);
    imap_event_free(event);
  }
  return status;
}

/* The section of the first message that a name finds. */
static imap_status do_section(imap_error **error) {
  imap_messages *messages = NULL;
  imap_status status = imap_fetch(client, word(1), word(2), NULL, &messages, error);
  if (messages && messages->count) {
    const imap_section *section = imap_message_section(messages->items[0], word(3));
    printf(" %s %d", section ? section->label : "NULL", section && section->data);
  }
  imap_messages_free(messages);
  return status;
}

static imap_status do_stream(imap_error **error) {
  imap_request *request = NULL;
  imap_status status = imap_stream(client, word(1), NULL, &request, error);
  while (!status) {
    imap_body *body = NULL;
    imap_message *message = NULL;
    uint8_t buffer[65536];
    size_t length = 1;
    int64_t total = 0;
    while (!(status = imap_request_next_body(request, &body, error)) && body) {
      for (total = 0; !status && length; total += (int64_t)length)
        status = imap_body_read(body, buffer, sizeof buffer, &length, error);
      printf(" %s of %u: %" PRId64, imap_body_label(body), (unsigned)imap_body_uid(body), total);
      length = 1;
      imap_body_free(body);
    }
    if (status || (status = imap_request_next_message(request, &message, error)) || !message) break;
    printf(" [#%u uid=%u", (unsigned)message->number, (unsigned)message->uid);
    if (message->details->preview) printf(" preview=%s", message->details->preview);
    printf("]");
    imap_message_free(message);
  }
  imap_request_free(request);
  return status;
}

static imap_status do_content(imap_error **error) {
  imap_content *content = NULL;
  imap_status status = imap_fetch_content(client, (uint32_t)atoi(word(1)), &content, error);
  if (content) {
    printf(" \"");
    show_bytes((const uint8_t *)content->text, strlen(content->text));
    printf("\"%s part=%s", content->is_html ? " html" : "", content->text_part ? content->text_part->section : "-");
    for (size_t i = 0; i < content->attachment_count; i++) {
      const imap_part *part = content->attachments[i];
      printf(" [%s %s %s", part->section, part->media_type, part->filename ? part->filename : "-");
      imap_body *body = NULL;
      int64_t total = 0;
      size_t length = 1;
      uint8_t buffer[4096];
      imap_status opened = IMAP_OK;
      if (!strcmp(words[0], "content+")) {
        opened = imap_body_open(client, content->message->uid, part->section, 0, IMAP_DECODING_TRANSFER, &body, NULL);
        for (; !opened && length; total += (int64_t)length)
          opened = imap_body_read(body, buffer, sizeof buffer, &length, NULL);
        printf(opened ? " unreadable" : " %" PRId64, total);
      }
      imap_body_free(body);
      putchar(']');
    }
    printf(" subject=%s", content->message->envelope->subject);
    for (size_t i = 0; i < content->message->details->defect_count; i++)
      printf(" defect=\"%s\"", content->message->details->defects[i]->text);
  }
  imap_content_free(content);
  return status;
}

static imap_status do_assigned(imap_error **error) {
  imap_assigned *assigned = NULL;
  imap_status status = !strcmp(words[0], "copy") ? imap_copy(client, word(1), word(2), &assigned, error)
                                                 : imap_move(client, word(1), word(2), &assigned, error);
  if (assigned) {
    printf(" %u %s -> %s", (unsigned)assigned->uid_validity, imap_set_text(assigned->sources),
        imap_set_text(assigned->uids));
    if (assigned->origin) printf(" origin=%d", (int)assigned->origin);
    if (assigned->limited_at) printf(" limited=%u", (unsigned)assigned->limited_at);
  }
  imap_assigned_free(assigned);
  return status;
}

static imap_status do_expunge(imap_error **error) {
  imap_numbers *numbers = NULL;
  imap_status status = imap_expunge(client, word(1), &numbers, error);
  if (numbers) printf(" %s modseq=%" PRId64, imap_set_text(numbers->set), numbers->modseq);
  imap_numbers_free(numbers);
  return status;
}

/* append|MAILBOX|MESSAGE|ENTRY|ATTRIBUTE|VALUE, in which ~ stands for NUL and ^ for CRLF. Or replace|UID|MAILBOX|MESSAGE, in
 * place of a UID "#4". */
static imap_status do_upload(imap_error **error) {
  int is_replace = !strcmp(words[0], "replace"), at = is_replace ? 2 : 1;
  const char *text = word(at + 1) ? word(at + 1) : "";
  imap_upload *upload = NULL;
  imap_assigned *assigned = NULL;
  uint8_t message[256];
  size_t length = 0;
  for (const char *in = text; *in && length + 2 < sizeof message; in++) {
    if (*in == '^') message[length++] = '\r';
    message[length++] = *in == '~' ? '\0' : *in == '^' ? '\n' : (uint8_t)*in;
  }
  if (!is_replace && !word(at + 2)) {
    imap_status status = imap_append(client, word(1), "\\Seen", -1, message, length, &assigned, error);
    if (assigned) printf(" %u %s", (unsigned)assigned->uid_validity, imap_set_text(assigned->uids));
    imap_assigned_free(assigned);
    return status;
  }
  upload = imap_upload_new();
  imap_upload_add_message(upload, "\\Seen", -1, 0, NULL);
  if (word(at + 4))
    imap_upload_add_annotation(upload, word(at + 2), word(at + 3), (const uint8_t *)word(at + 4),
        strlen(word(at + 4)), NULL);
  imap_upload_add_bytes(upload, message, length, NULL);
  if (is_replace && *word(1) == '#') imap_upload_set_replaced(upload, word(1), NULL);
  imap_status status = is_replace
      ? imap_replace(client, (uint32_t)atoi(word(1)), word(2), upload, &assigned, error)
      : imap_append_upload(client, word(1), upload, &assigned, error);
  if (assigned) printf(" %u %s", (unsigned)assigned->uid_validity, imap_set_text(assigned->uids));
  imap_assigned_free(assigned);
  imap_upload_free(upload);
  return status;
}

static imap_status do_events(imap_error **error) {
  imap_event *event = NULL;
  imap_status status;
  while (!(status = imap_next_event(client, &event, error)) && event) {
    printf(" %s number=%u uid=%u", event->name, (unsigned)event->number, (unsigned)event->uid);
    if (imap_set_count(event->set)) printf(" set=%s", imap_set_text(event->set));
    if (event->message) show_message(event->message);
    if (event->code) printf(" [%s]", event->code->name);
    imap_event_free(event);
  }
  return status;
}

static imap_status do_status(imap_error **error) {
  imap_counts *counts = NULL;
  imap_status status = imap_status_of(client, word(1), word(2), &counts, error);
  if (counts) printf(" %s %s", counts->mailbox, counts->mailbox_id ? counts->mailbox_id : "-");
  imap_counts_free(counts);
  return status;
}

static imap_status do_mailbox(imap_error **error) {
  imap_selected *selected = NULL;
  imap_texts *enabled = NULL;
  imap_status status = IMAP_OK;
  if (!strcmp(words[0], "select")) status = imap_select(client, word(1), &selected, error);
  else if (!strcmp(words[0], "selected")) status = imap_get_selected(client, &selected, error);
  else if (!strcmp(words[0], "create")) status = imap_create(client, word(1), IMAP_ROLE_NONE, error);
  else if (!strcmp(words[0], "delete")) status = imap_delete(client, word(1), error);
  else if (!strcmp(words[0], "close")) status = imap_close_mailbox(client, error);
  else if (!strcmp(words[0], "enable")) status = imap_enable(client, word(1), &enabled, error);
  else if (!strcmp(words[0], "login")) status = imap_login(client, word(1), word(2), error);
  else status = imap_noop(client, error);
  if (selected) printf(" exists=%u", (unsigned)selected->exists);
  for (size_t i = 0; enabled && i < enabled->count; i++) printf(" %s", enabled->items[i]);
  imap_texts_free(enabled);
  imap_selected_free(selected);
  return status;
}

static imap_status do_step(imap_error **error) {
  static const struct {
    const char *name;
    imap_status (*step)(imap_error **);
  } steps[] = {{"fetch", do_messages}, {"store", do_messages}, {"send", do_send}, {"section", do_section},
      {"stream", do_stream}, {"content", do_content}, {"content+", do_content}, {"copy", do_assigned},
      {"move", do_assigned}, {"expunge", do_expunge}, {"append", do_upload}, {"replace", do_upload},
      {"events", do_events}, {"open", do_open}, {"codes", do_codes}, {"status", do_status}};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (!strcmp(words[0], steps[i].name)) return steps[i].step(error);
  return do_mailbox(error);
}

static void split(char *text) {
  for (count = 0; count < MOST && text; count++) {
    words[count] = text;
    text = strchr(text, '|');
    if (text) *text++ = '\0';
  }
  words[count] = NULL;
}

int main(int argc, char **argv) {
  int at = 1;
  while (at < argc && strcmp(argv[at], "--")) at++;
  argv[at] = NULL;
  client = connected(argv + 1);
  while (client && ++at < argc) {
    imap_error *error = NULL;
    split(argv[at]);
    printf("%s:", words[0]);
    if (do_step(&error)) {
      printf(" %s", error ? imap_status_name(error->status) : "?");
      if (error && error->code) printf(" [%s]", error->code->name);
      printf(" usable=%d: %s", error && error->is_usable, error ? error->message : "");
    }
    putchar('\n');
    imap_error_free(error);
  }
  imap_client_free(client);
  return failures ? 1 : 0;
}
