/* show: sends one command of no meaning and prints the events that the server answers with, in the form of
 * the cases of tests/wire: `show PORT`. */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {"OTHER", "EXISTS", "RECENT", "EXPUNGE", "VANISHED", "MESSAGE", "FLAGS",
    "MAILBOX", "STATUS", "METADATA", "ALERT", "NOTICE", "ACCESS", "CAPABILITY", "SEARCH", "PROGRESS", "UNSELECTED",
    "?", "BYE", "?", "OVERFLOW", "TAGGED"};
static const char *const DEFECTS[] = {"SYNTAX", "MISSING", "ENCODING", "NUMBER", "LIMIT", "FOREIGN"};

static void number(const char *label, int64_t value) {
  if (value != -1) printf(" %s=%lld", label, (long long)value);
}

static void positive(const char *label, uint32_t value) {
  if (value) printf(" %s=%u", label, (unsigned)value);
}

static void plain(const char *label, const char *text) {
  if (text) printf(" %s=%s", label, text);
}

static void quoted(const char *label, const char *text) {
  if (text) printf(" %s=\"%s\"", label, text);
}

static void joined(const char *label, const char *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i) putchar('|');
    else printf(" %s=", label);
    fputs(items[i], stdout);
  }
}

static void others(const imap_item *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) printf("  other %s values=%zu\n", items[i]->name, items[i]->value_count);
}

static void show_flags(const imap_flags *flags) {
  printf("  flags bits=%u", (unsigned)flags->bits);
  joined("keywords", flags->keywords, flags->keyword_count);
  printf("%s%s\n", *flags->text ? " " : "", flags->text);
}

static void show_code(const imap_response_code *code) {
  printf("  code %s", code->name);
  number("number", code->number);
  quoted("text", code->text);
  joined("texts", code->texts->items, code->texts->count);
  if (imap_set_count(code->set)) printf(" set=%s", imap_set_text(code->set));
  if (code->assigned) {
    printf(" assigned=%u:%s:", (unsigned)code->assigned->uid_validity, imap_set_text(code->assigned->sources));
    fputs(imap_set_text(code->assigned->uids), stdout);
  }
  putchar('\n');
}

static void show_addresses(const char *field, const imap_addresses *list) {
  for (size_t i = 0; i < list->count; i++) {
    const imap_address *address = list->items[i];
    printf("  %s", field);
    if (address->name) printf(" \"%s\"", address->name);
    if (address->address) printf(" <%s>", address->address);
    quoted("group", address->group);
    putchar('\n');
  }
}

static void show_envelope(const imap_envelope *envelope) {
  int is_raw = envelope->raw_subject && strcmp(envelope->subject, (const char *)envelope->raw_subject) != 0;
  printf("  subject \"%s\"%s\n", envelope->subject, is_raw ? " raw" : "");
  if (envelope->date != -1) printf("  date %lld zone=%d\n", (long long)envelope->date, (int)envelope->date_zone);
  show_addresses("from", envelope->from_list);
  show_addresses("sender", envelope->sender_list);
  show_addresses("reply_to", envelope->reply_to_list);
  show_addresses("to", envelope->to_list);
  show_addresses("cc", envelope->cc_list);
  show_addresses("bcc", envelope->bcc_list);
  if (envelope->in_reply_to) printf("  in_reply_to %s\n", *envelope->in_reply_to ? envelope->in_reply_to : "\"\"");
  if (envelope->message_id) printf("  message_id %s\n", envelope->message_id);
}

static void show_part(const imap_part *part) {
  printf("  part \"%s\" %s", part->section, part->media_type);
  plain("charset", part->charset);
  if (*part->encoding) plain("encoding", part->encoding);
  number("size", part->size);
  number("lines", part->lines);
  positive("depth", part->depth);
  plain("disposition", part->disposition);
  plain("filename", part->filename);
  plain("id", part->content_id);
  quoted("description", part->description);
  joined("languages", part->languages->items, part->languages->count);
  plain("location", part->location);
  plain("md5", part->md5);
  if (part->envelope) quoted("envelope", part->envelope->subject);
  putchar('\n');
  /* The others stand in the line already, or name no more than how the part was sent. */
  for (size_t i = 0; i < part->parameters->count; i++) {
    const imap_pair *pair = part->parameters->items[i];
    if (strcmp(pair->name, "charset") && strcmp(pair->name, "name") && strcmp(pair->name, "boundary") &&
        strcmp(pair->name, "format"))
      printf("  parameter %s=\"%s\"\n", pair->name, pair->value ? pair->value : "NULL");
  }
}

static void escaped(const uint8_t *data, size_t length) {
  fputs(" \"", stdout);
  for (size_t i = 0; i < length; i++) {
    if (data[i] == '\r') fputs("\\r", stdout);
    else if (data[i] == '\n') fputs("\\n", stdout);
    else if (data[i] == '\0') fputs("\\0", stdout);
    else putchar(data[i]);
  }
  puts("\"");
}

static void show_section(const imap_section *section) {
  printf("  section %s", section->label);
  number("offset", section->offset);
  if (section->data) escaped(section->data, section->data_len);
  else if (section->size >= 0) printf(" size=%lld\n", (long long)section->size);
  else puts(" NIL");
}

static void show_extensions(const imap_details *details) {
  const imap_texts *labels = details->gmail_labels;
  if (details->email_id || details->thread_id || details->preview || details->save_date != -1
      || details->gmail_message_id || details->gmail_thread_id || labels->count) {
    fputs("  extension", stdout);
    plain("email_id", details->email_id);
    plain("thread_id", details->thread_id);
    quoted("preview", details->preview);
    number("save_date", details->save_date);
    plain("gmail_message_id", details->gmail_message_id);
    plain("gmail_thread_id", details->gmail_thread_id);
    joined("gmail_labels", labels->items, labels->count);
    putchar('\n');
  }
  for (size_t i = 0; i < details->annotation_count; i++) {
    const imap_entry *entry = details->annotations[i];
    printf("  annotation %s", entry->name);
    if (entry->attribute) printf(" %s", entry->attribute);
    if (entry->value) escaped(entry->value, entry->value_len);
    else puts(" NIL");
  }
}

static void show_message(const imap_message *message) {
  const imap_details *details = message->details;
  printf("  message number=%u", (unsigned)message->number);
  positive("uid", message->uid);
  number("size", message->size);
  number("modseq", message->modseq);
  number("internal_date", message->internal_date);
  if (message->internal_date != -1) printf(" zone=%d", (int)details->internal_date_zone);
  putchar('\n');
  if (message->flags) show_flags(message->flags);
  if (message->envelope) show_envelope(message->envelope);
  for (size_t i = 0; i < details->part_count; i++) show_part(details->parts[i]);
  for (size_t i = 0; i < details->section_count; i++) show_section(details->sections[i]);
  show_extensions(details);
  others(details->others, details->other_count);
  for (size_t i = 0; i < details->defect_count; i++) printf("  defect %s\n", DEFECTS[details->defects[i]->kind]);
}

static void show_mailbox(const imap_mailbox *mailbox) {
  printf("  mailbox \"%s\"", mailbox->name);
  quoted("delimiter", mailbox->delimiter);
  positive("attributes", mailbox->attributes);
  positive("role", (uint32_t)mailbox->role);
  joined("names", mailbox->attribute_names->items, mailbox->attribute_names->count);
  joined("child_info", mailbox->child_info->items, mailbox->child_info->count);
  quoted("old_name", mailbox->old_name);
  putchar('\n');
  others(mailbox->others, mailbox->other_count);
}

static void show_counts(const imap_counts *counts) {
  printf("  counts \"%s\"", counts->mailbox);
  number("messages", counts->messages);
  number("unseen", counts->unseen);
  number("recent", counts->recent);
  number("deleted", counts->deleted);
  positive("uid_next", counts->uid_next);
  positive("uid_validity", counts->uid_validity);
  number("highest_modseq", counts->highest_modseq);
  number("size", counts->size);
  number("deleted_storage", counts->deleted_storage);
  number("append_limit", counts->append_limit);
  plain("mailbox_id", counts->mailbox_id);
  putchar('\n');
  others(counts->others, counts->other_count);
}

static void show_values(const imap_value *const *values, size_t count) {
  uint32_t depth = 0;
  int opened = 0;
  fputs("  values", stdout);
  for (size_t i = 0; i < count; i++) {
    for (; depth > values[i]->depth; depth--) putchar(')'), opened = 0;
    if (!opened) putchar(' ');
    opened = values[i]->kind == IMAP_VALUE_LIST;
    if (opened) putchar('('), depth++;
    else if (values[i]->kind == IMAP_VALUE_NIL) fputs("NIL", stdout);
    else printf(values[i]->kind == IMAP_VALUE_STRING ? "\"%s\"" : "%s", values[i]->text);
  }
  for (; depth > 0; depth--) putchar(')');
  putchar('\n');
}

static void show(const imap_event *event) {
  printf("%s %s", KINDS[event->kind], event->name ? event->name : "NULL");
  if (event->number) printf(" %u", (unsigned)event->number);
  quoted("text", event->text);
  putchar('\n');
  if (event->is_earlier) puts("  is_earlier");
  if (event->code) show_code(event->code);
  int is_generic = event->kind == IMAP_EVENT_OTHER || event->kind == IMAP_EVENT_CAPABILITY ||
      event->kind == IMAP_EVENT_METADATA;
  if (is_generic && event->value_count) show_values(event->values, event->value_count);
  if (event->kind == IMAP_EVENT_SEARCH)
    printf("  update %u at %u %s\n", (unsigned)event->update_id, (unsigned)event->position, event->is_removed ? "out" : "in");
  if (imap_set_count(event->set)) printf("  set %s\n", imap_set_text(event->set));
  if (event->mailbox) show_mailbox(event->mailbox);
  if (event->counts) show_counts(event->counts);
  if (event->message) show_message(event->message);
  if (event->flags) show_flags(event->flags);
  putchar('\n');
}

/* Whether the parser by itself makes the same of the response; it may tell several things. */
static int agrees(const imap_event *event) {
  imap_events *events = NULL;
  uint8_t *response = malloc(event->raw_len + 2);
  if (!response) return 0;
  memcpy(response, event->raw, event->raw_len);
  memcpy(response + event->raw_len, "\r\n", 2);
  imap_status status = imap_parse_responses(response, event->raw_len + 2, &events, NULL);
  int same = status == IMAP_OK && events->count > 0;
  for (size_t i = 0; same && i < events->count; i++)
    same = events->items[i]->kind == event->kind && !strcmp(events->items[i]->name, event->name);
  imap_events_free(events);
  free(response);
  return same;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_events *events = NULL;
  imap_error *error = NULL;
  if (argc != 2) return EXIT_FAILURE;
  imap_options *options = imap_options_new();
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  imap_options_set_text(options, IMAP_OPTION_PORT, argv[1], NULL);
  imap_status status = imap_connect("127.0.0.1", options, &client, &error);
  imap_options_free(options);
  if (status == IMAP_OK) status = imap_command(client, "X-CASE", NULL, &events, &error);
  if (status) {
    fprintf(stderr, "%s: %s\n", imap_status_name(status), error->message);
    imap_error_free(error);
  } else {
    for (size_t i = 0; i + 1 < events->count; i++) {
      show(events->items[i]);
      if (events->items[i]->raw_len && !agrees(events->items[i])) printf("  the parser by itself disagrees\n");
    }
  }
  imap_events_free(events);
  imap_client_free(client);
  return status == IMAP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
