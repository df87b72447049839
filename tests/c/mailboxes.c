/* mailboxes: does what its arguments say on one client, and prints all that it is told of mailboxes, their counts,
 * rights and annotations, and what becomes of messages that are put together:
 *
 *     mailboxes 1:PORT 2:2 46:1 -- login|bob|secret 'list||*|RETURN (STATUS (MESSAGES))' ...
 *
 * The words of a step are separated by |; a backslash makes \r, \n and \| of what follows. */

#include "check.h"

#define MOST 12
static char *words[MOST + 1];
static int count;
static imap_client *client;

static void split(char *text) {
  char *out = text;
  memset(words, 0, sizeof words);
  words[0] = text;
  count = 1;
  for (const char *in = text; *in; in++) {
    if (*in == '|' && count < MOST) {
      *out++ = '\0';
      words[count++] = out;
    } else if (*in == '\\' && strchr("rn|", in[1]) && in[1]) {
      in++;
      *out++ = *in == 'r' ? '\r' : *in == 'n' ? '\n' : *in;
    } else {
      *out++ = *in;
    }
  }
  *out = '\0';
}

/* The words from a place on, as values of the ? in a text. */
static const char *const *values(int at) { return at < count ? (const char *const *)(words + at) : NULL; }

static void number(const char *name, int64_t value) {
  if (value != -1) printf(" %s=%" PRId64, name, value);
}

static void show_counts(const imap_counts *counts) {
  number("messages", counts->messages);
  number("unseen", counts->unseen);
  number("recent", counts->recent);
  number("deleted", counts->deleted);
  if (counts->uid_next) printf(" uid_next=%u", (unsigned)counts->uid_next);
  if (counts->uid_validity) printf(" uid_validity=%u", (unsigned)counts->uid_validity);
  number("modseq", counts->highest_modseq);
  number("size", counts->size);
  number("deleted_storage", counts->deleted_storage);
  number("append_limit", counts->append_limit);
  if (counts->mailbox_id) printf(" id=%s", counts->mailbox_id);
  for (size_t i = 0; i < counts->other_count; i++) printf(" other=%s", counts->others[i]->name);
}

static void show_entries(const imap_entries *entries) {
  for (size_t i = 0; i < entries->count; i++) {
    const imap_entry *entry = entries->items[i];
    printf(" {%s %s", entry->mailbox ? entry->mailbox : "-", entry->name);
    if (entry->attribute) printf(" %s", entry->attribute);
    printf("=%s", entry->value ? (const char *)entry->value : "NIL");
    number("size", entry->size);
    putchar('}');
  }
}

static void show_mailboxes(const imap_mailboxes *mailboxes) {
  if (mailboxes->origin) printf(" origin=%d", (int)mailboxes->origin);
  for (size_t i = 0; i < mailboxes->count; i++) {
    const imap_mailbox *mailbox = mailboxes->items[i];
    printf(" [%s", mailbox->name);
    if (mailbox->attributes) printf(" attributes=%u", (unsigned)mailbox->attributes);
    if (mailbox->role) printf(" role=%d", (int)mailbox->role);
    if (mailbox->role_origin) printf("/%d", (int)mailbox->role_origin);
    for (size_t j = 0; j < mailbox->child_info->count; j++) printf(" child=%s", mailbox->child_info->items[j]);
    if (mailbox->old_name) printf(" old=%s", mailbox->old_name);
    if (mailbox->counts) show_counts(mailbox->counts);
    if (mailbox->my_rights) printf(" rights=%s", mailbox->my_rights);
    if (mailbox->metadata) show_entries(mailbox->metadata);
    for (size_t j = 0; j < mailbox->other_count; j++) printf(" other=%s", mailbox->others[j]->name);
    putchar(']');
  }
}

static void show_prefixes(const char *name, const imap_prefix *const *prefixes, size_t n) {
  for (size_t i = 0; i < n; i++)
    printf(" %s=\"%s\"%s", name, prefixes[i]->prefix, prefixes[i]->delimiter ? prefixes[i]->delimiter : "-");
}

static void show_assigned(const imap_assigned *assigned) {
  printf(" uids=%s origin=%d", imap_set_text(assigned->uids), (int)assigned->origin);
}

static imap_status do_mailboxes(imap_error **error) {
  imap_mailboxes *found = NULL;
  imap_status status = !strcmp(words[0], "list")
      ? imap_list(client, words[1], words[2], words[3], &found, error)
      : imap_lsub(client, words[1], words[2], &found, error);
  if (found) show_mailboxes(found);
  imap_mailboxes_free(found);
  return status;
}

static imap_status do_stream(imap_error **error) {
  imap_request *request = NULL;
  imap_mailboxes *next = NULL;
  imap_status status = imap_stream(client, words[1], values(2), &request, error);
  while (!status && !(status = imap_request_next_mailbox(request, &next, error)) && next) {
    show_mailboxes(next);
    imap_mailboxes_free(next);
  }
  imap_request_free(request);
  return status;
}

static imap_status do_counts(imap_error **error) {
  imap_counts *counts = NULL;
  imap_status status = imap_status_of(client, words[1], words[2], &counts, error);
  if (counts) printf(" %s", counts->mailbox), show_counts(counts);
  imap_counts_free(counts);
  return status;
}

static imap_status do_namespace(imap_error **error) {
  imap_namespaces *found = NULL;
  imap_status status = imap_namespace(client, &found, error);
  if (found) {
    printf(" origin=%d", (int)found->origin);
    show_prefixes("personal", found->personal, found->personal_count);
    show_prefixes("other", found->others, found->other_count);
    show_prefixes("shared", found->shared, found->shared_count);
  }
  imap_namespaces_free(found);
  return status;
}

static imap_status do_metadata(imap_error **error) {
  imap_entries *entries = NULL;
  if (!strcmp(words[0], "setmetadata"))
    return imap_setmetadata(
        client, words[1], words[2], (const uint8_t *)words[3], words[3] ? strlen(words[3]) : 0, error);
  imap_status status = imap_getmetadata(client, words[1], words[2], values(3), &entries, error);
  if (entries) show_entries(entries);
  imap_entries_free(entries);
  return status;
}

static void show_reply(imap_request *request) {
  const imap_event *reply = imap_request_reply(request);
  if (reply && reply->code) {
    printf(" code=%s", reply->code->name);
    for (size_t i = 0; i < reply->code->texts->count; i++) printf(" %s", reply->code->texts->items[i]);
  }
}

/* send|COMMAND|PARAM...: its reply's code; take-entries, take-mailboxes, take-quotas: what it gives. */
static imap_status do_send(imap_error **error) {
  imap_request *request = NULL;
  imap_mailboxes *mailboxes = NULL;
  imap_entries *entries = NULL;
  imap_quotas *quotas = NULL;
  imap_status status = imap_send(client, words[1], values(2), &request, error);
  if (!status && !strcmp(words[0], "take-mailboxes"))
    status = imap_request_take_mailboxes(request, &mailboxes, error);
  else if (!status && !strcmp(words[0], "take-entries"))
    status = imap_request_take_entries(request, &entries, error);
  else if (!status && !strcmp(words[0], "take-quotas"))
    status = imap_request_take_quotas(request, &quotas, error);
  else if (!status)
    status = imap_request_wait(request, -1, error);
  if (mailboxes) show_mailboxes(mailboxes);
  if (entries) show_entries(entries);
  for (size_t i = 0; quotas && i < quotas->count; i++) {
    printf(" <%s", quotas->items[i]->root);
    for (size_t j = 0; j < quotas->items[i]->resource_count; j++) {
      const imap_resource *resource = quotas->items[i]->resources[j];
      printf(" %s=%" PRId64 "/%" PRId64, resource->resource, resource->usage, resource->limit);
    }
    putchar('>');
  }
  if (!status) show_reply(request);
  imap_mailboxes_free(mailboxes);
  imap_entries_free(entries);
  imap_quotas_free(quotas);
  imap_request_free(request);
  return status;
}

/* upload|MAILBOX|UID|PIECE...: a piece is n:FLAGS (a new message), t:TEXT, u:URL; UID 0 adds, another is replaced. */
static imap_status do_upload(imap_error **error) {
  imap_upload *upload = imap_upload_new();
  imap_assigned *assigned = NULL;
  imap_status status = IMAP_OK;
  for (int i = 3; i < count && !status; i++) {
    const char *piece = words[i] + 2;
    if (*words[i] == 'n') status = imap_upload_add_message(upload, piece, -1, 0, error);
    else if (*words[i] == 'u') status = imap_upload_add_url(upload, piece, error);
    else status = imap_upload_add_bytes(upload, (const uint8_t *)piece, strlen(piece), error);
  }
  uint32_t uid = (uint32_t)atoi(words[2]);
  if (!status && uid) status = imap_replace(client, uid, words[1], upload, &assigned, error);
  else if (!status) status = imap_append_upload(client, words[1], upload, &assigned, error);
  if (assigned) show_assigned(assigned);
  imap_assigned_free(assigned);
  imap_upload_free(upload);
  return status;
}

/* append|MAILBOX|TEXT; big|MAILBOX|SIZE, a message of so many bytes. */
static imap_status do_append(imap_error **error) {
  imap_assigned *assigned = NULL;
  size_t size = strlen(words[2]);
  char *text = words[2], *big = NULL;
  if (!strcmp(words[0], "big")) {
    size = (size_t)atol(words[2]);
    text = big = malloc(size);
    if (!big) return IMAP_ERR_NO_MEMORY;
    memset(big, 'x', size);
    memcpy(big, "Subject: big\r\n\r\n", 16);
  }
  imap_status status = imap_append(client, words[1], NULL, -1, (const uint8_t *)text, size, &assigned, error);
  if (assigned) show_assigned(assigned);
  imap_assigned_free(assigned);
  free(big);
  return status;
}

/* fetch|UID|SECTION: its bytes, line ends as \r\n. */
static imap_status do_fetch(imap_error **error) {
  imap_messages *messages = NULL;
  char items[100];
  snprintf(items, sizeof items, "BODY.PEEK[%s]", words[2]);
  imap_status status = imap_fetch(client, words[1], items, NULL, &messages, error);
  for (size_t i = 0; messages && i < messages->count; i++) {
    const imap_section *section = imap_message_section(messages->items[i], words[2]);
    putchar(' ');
    for (size_t j = 0; section && j < section->data_len; j++)
      if (section->data[j] == '\r') fputs("\\r", stdout);
      else if (section->data[j] == '\n') fputs("\\n", stdout);
      else putchar(section->data[j]);
  }
  imap_messages_free(messages);
  return status;
}

static imap_status do_simple(imap_error **error) {
#define IS(name) !strcmp(words[0], name)
  if (IS("login")) return imap_login(client, words[1], words[2], error);
  if (IS("select")) return imap_select(client, words[1], NULL, error);
  if (IS("create")) return imap_create(client, words[1], (imap_role)(words[2] ? atoi(words[2]) : 0), error);
  if (IS("delete")) return imap_delete(client, words[1], error);
  if (IS("rename")) return imap_rename(client, words[1], words[2], error);
  if (IS("subscribe")) return imap_subscribe(client, words[1], error);
  if (IS("unsubscribe")) return imap_unsubscribe(client, words[1], error);
  if (IS("unselect")) return imap_unselect(client, error);
  if (IS("enable")) return imap_enable(client, words[1], NULL, error);
  if (IS("setacl")) return imap_setacl(client, words[1], words[2], words[3], error);
  if (IS("noop")) return imap_noop(client, error);
  if (IS("has")) {
    printf(" %d", imap_has(client, words[1]));
    return IMAP_OK;
  }
  if (IS("event")) {
    imap_event *event = NULL;
    imap_status status = imap_next_event(client, &event, error);
    while (event && event->kind == IMAP_EVENT_CONNECTED) {
      imap_event_free(event);
      event = NULL;
      status = imap_next_event(client, &event, error);
    }
    if (event) printf(" %s %s", event->name, event->mailbox ? event->mailbox->name : "-");
    if (event && event->mailbox && event->mailbox->old_name) printf(" old=%s", event->mailbox->old_name);
    imap_event_free(event);
    return status;
  }
#undef IS
  printf(" no such step\n");
  exit(EXIT_FAILURE);
}

static const struct {
  const char *name;
  imap_status (*run)(imap_error **error);
} STEPS[] = {
    {"list", do_mailboxes},
    {"lsub", do_mailboxes},
    {"stream", do_stream},
    {"status", do_counts},
    {"namespace", do_namespace},
    {"getmetadata", do_metadata},
    {"setmetadata", do_metadata},
    {"send", do_send},
    {"take-mailboxes", do_send},
    {"take-entries", do_send},
    {"take-quotas", do_send},
    {"upload", do_upload},
    {"append", do_append},
    {"big", do_append},
    {"fetch", do_fetch},
};

static void step(char *text) {
  imap_error *error = NULL;
  imap_status (*run)(imap_error **) = do_simple;
  split(text);
  for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
    if (!strcmp(words[0], STEPS[i].name)) run = STEPS[i].run;
  printf("%s:", words[0]);
  imap_status status = run(&error);
  CHECK(status == (error ? error->status : IMAP_OK), NULL);
  if (error) {
    printf(" %s usable=%d", imap_status_name(status), error->is_usable);
    if (error->code) printf(" code=%s", error->code->name);
    if (error->code && error->code->text) printf(" %s", error->code->text);
    printf(": %s", error->message);
  }
  putchar('\n');
  imap_error_free(error);
}

int main(int argc, char **argv) {
  int at = 1;
  while (at < argc && strcmp(argv[at], "--") != 0) at++;
  if (at == argc) return EXIT_FAILURE;
  argv[at] = NULL;
  client = connected(argv + 1);
  for (int i = at + 1; client && i < argc; i++) step(argv[i]);
  imap_client_free(client);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
