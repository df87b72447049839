/* predecessors: what callers of the two older libraries do, and how it is done here; one scenario a run.
 *
 *     predecessors SCENARIO OPTION...     the options name a server in plaintext */

#define _GNU_SOURCE
#include "check.h"

static imap_client *client;
static imap_error *error;

/* The events of what a server might send. */
static imap_events *parsed(const char *sent) {
  imap_events *events = NULL;
  CHECK(imap_parse_responses((const uint8_t *)sent, strlen(sent), &events, &error) == IMAP_OK, &error);
  return events;
}

static const imap_event *only(const imap_events *events) {
  CHECK(events && events->count == 1, NULL);
  return events->items[0];
}

/* Every untagged response has its name, its values, and itself as it was sent. */
static void responses(void) {
  static const char *const sent[][2] = {
      {"OK", "* OK hello"}, {"NO", "* NO hm"}, {"BAD", "* BAD hm"}, {"PREAUTH", "* PREAUTH hi"}, {"BYE", "* BYE so long"},
      {"FETCH", "* 1 FETCH (UID 7)"}, {"EXPUNGE", "* 1 EXPUNGE"}, {"EXISTS", "* 1 EXISTS"}, {"RECENT", "* 1 RECENT"},
      {"ESEARCH", "* ESEARCH (TAG \"a\") UID ALL 1:3"}, {"VANISHED", "* VANISHED 1:3"},
      {"UIDFETCH", "* 7 UIDFETCH (FLAGS ())"}, {"SEARCH", "* SEARCH 1 2"}, {"SORT", "* SORT 2 1"},
      {"THREAD", "* THREAD (2)(3 6 (4 23)(44 7 96))"}, {"CAPABILITY", "* CAPABILITY IMAP4rev1"}, {"FLAGS", "* FLAGS (\\Seen)"},
      {"LIST", "* LIST () \"/\" a"}, {"LSUB", "* LSUB () \"/\" a"}, {"XLIST", "* XLIST (\\Inbox) \"/\" a"},
      {"STATUS", "* STATUS a (MESSAGES 1)"}, {"NAMESPACE", "* NAMESPACE NIL NIL NIL"}, {"ENABLED", "* ENABLED CONDSTORE"},
      {"QUOTA", "* QUOTA \"\" (STORAGE 1 2)"}, {"QUOTAROOT", "* QUOTAROOT a \"\""}, {"ID", "* ID (\"name\" \"x\")"},
      {"ACL", "* ACL a bob lrs"}, {"NOOP", "* NOOP"}, {"LISTRIGHTS", "* LISTRIGHTS a bob la r"},
      {"MYRIGHTS", "* MYRIGHTS a lrs"}, {"METADATA", "* METADATA a (/shared/comment x)"},
      {"LANGUAGE", "* LANGUAGE (\"en\")"}, {"COMPARATOR", "* COMPARATOR \"i;octet\""},
      {"CONVERTED", "* 1 CONVERTED (TAG \"a\") (BINARY[1] {2}\r\nxy)"},
  };
  for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
    char line[128];
    snprintf(line, sizeof line, "%s\r\n", sent[i][1]);
    imap_events *events = parsed(line);
    const imap_event *event = only(events);
    CHECK(!strcmp(event->name, sent[i][0]), NULL);
    CHECK(event->raw_len == strlen(sent[i][1]) && !memcmp(event->raw, sent[i][1], event->raw_len), NULL);
    imap_events_free(events);
  }
}

/* What nobody understands is kept: responses, codes, FETCH items; what is broken costs itself. */
static void unknown(void) {
  imap_events *events = parsed("* X-NEW (a 7 \"b\" (NIL))\r\n");
  const imap_event *event = only(events);
  CHECK(event->kind == IMAP_EVENT_OTHER && event->value_count == 6, NULL);
  CHECK(event->values[0]->kind == IMAP_VALUE_LIST && event->values[2]->number == 7, NULL);
  CHECK(event->values[5]->kind == IMAP_VALUE_NIL && event->values[5]->depth == 2, NULL);
  imap_events_free(events);
  events = parsed("* OK [X-CODE with data] hello\r\n");
  event = only(events);
  CHECK(event->code && event->code->code == IMAP_CODE_OTHER && !strcmp(event->code->name, "X-CODE"), NULL);
  CHECK(event->code && !strcmp(event->code->text, "with data") && !strcmp(event->text, "hello"), NULL);
  imap_events_free(events);
  events = parsed("* 3 FETCH (X-NEW (1 2) UID 9 ENVELOPE (broken) FLAGS (\\Seen))\r\n");
  const imap_message *message = only(events)->message;
  CHECK(message && message->uid == 9 && message->number == 3 && message->flags->bits == IMAP_FLAG_SEEN, NULL);
  CHECK(message && message->details->other_count == 1 && !strcmp(message->details->others[0]->name, "X-NEW"), NULL);
  CHECK(message && message->details->defect_count > 0 && message->details->defects[0]->kind != IMAP_DEFECT_FOREIGN, NULL);
  imap_events_free(events);
}

/* Oddities of real servers that are forgiven. */
static void oddities(void) {
  imap_events *events = parsed(
      "* SEARCH 1 2 \r\n* CAPABILITY IMAP4rev1 IDLE \r\n* STATUS INBOX (MESSAGES 5 ) \r\n* OK\r\n* BYE\r\n+\r\n"
      "* FLAGS (\\Seen \\* a]b)\r\n* 1 FETCH (RFC822[] {003}\r\nabc)\r\n* 1 FETCH (flags (\\SEEN) uid 4)\r\n"
      "* ok [uidnext 7] hm\r\n* LIST () \"/\" \"Grüße\"\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nab\r\n FLAGS ())\r\n");
  static const char *const names[] = {
      "SEARCH", "CAPABILITY", "STATUS", "OK", "BYE", "+", "FLAGS", "FETCH", "FETCH", "OK", "LIST", "FETCH"};
  CHECK(events->count == sizeof names / sizeof *names, NULL);
  for (size_t i = 0; i < events->count; i++) CHECK(!strcmp(events->items[i]->name, names[i]), NULL);
  CHECK(events->items[2]->counts->messages == 5, NULL);
  CHECK(events->items[6]->flags->bits & IMAP_FLAG_ANY, NULL);
  const imap_section *section = imap_message_section(events->items[7]->message, "");
  CHECK(section && section->data_len == 3, NULL);
  CHECK(events->items[8]->message->flags->bits == IMAP_FLAG_SEEN, NULL);
  CHECK(events->items[9]->code->code == IMAP_CODE_UIDNEXT && events->items[9]->code->number == 7, NULL);
  CHECK(!strcmp(events->items[10]->mailbox->name, "Grüße"), NULL);
  CHECK(events->items[11]->message->uid == 1 && events->items[11]->message->flags, NULL);
  imap_events_free(events);
}

/* Envelopes, parts and dispositions. */
static void messages(void) {
  imap_events *events = parsed(
      "* 12 FETCH (ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"Hi\" ((\"Terry Gray\" NIL \"gray\" \"cac.example\")) "
      "NIL NIL ((NIL NIL \"list\" NIL)(NIL NIL \"imap\" \"cac.example\")(NIL NIL NIL NIL)) NIL NIL NIL \"<a@b>\") "
      "BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)"
      "(\"APPLICATION\" \"PDF\" NIL NIL NIL \"BASE64\" 4554 NIL (\"ATTACHMENT\" (\"FILENAME\" \"a.pdf\")) NIL) \"MIXED\"))\r\n");
  const imap_message *message = only(events)->message;
  const imap_envelope *envelope = message->envelope;
  CHECK(envelope->from_list->count == 1 && !strcmp(envelope->from_list->items[0]->address, "gray@cac.example"), NULL);
  CHECK(!strcmp(envelope->from_list->items[0]->name, "Terry Gray") && envelope->date == 837595405, NULL);
  CHECK(envelope->to_list->count == 1 && !strcmp(envelope->to_list->items[0]->group, "list"), NULL);
  CHECK(message->details->part_count == 3, NULL);
  const imap_part *part = message->details->parts[2];
  CHECK(!strcmp(part->section, "2") && !strcmp(part->media_type, "application/pdf"), NULL);
  CHECK(!strcmp(part->disposition, "attachment") && !strcmp(part->filename, "a.pdf") && part->parent == 0, NULL);
  imap_events_free(events);
}

/* No host is this machine; the greeting stays readable; a port may be text or number; the result outlives all. */
static void connecting(char **arguments) {
  imap_options *options = imap_options_new();
  for (int i = 0; arguments[i]; i++) set_option(options, arguments[i]);
  CHECK(imap_connect(NULL, options, &client, &error) == IMAP_OK, &error);
  imap_options_free(options);
  imap_connection *connection = NULL;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  imap_messages *kept = NULL;
  imap_selected *selected = NULL;
  CHECK(imap_select(client, "INBOX", &selected, &error) == IMAP_OK && selected->exists == 43, &error);
  CHECK(selected && selected->uid_validity == 0 && !selected->is_read_only, NULL);
  imap_selected_free(selected);
  CHECK(imap_fetch(client, "1", "FLAGS", NULL, &kept, &error) == IMAP_OK, &error);
  imap_client_free(client);
  client = NULL;
  CHECK(connection && strstr(connection->greeting, "welcome"), NULL);
  CHECK(connection && !strcmp(connection->address, "127.0.0.1") && connection->port > 0, NULL);
  CHECK(connection && *connection->host == '\0', NULL);
  CHECK(kept && kept->count == 1 && kept->items[0]->flags->keyword_count == 1, NULL);
  CHECK(kept && !strcmp(kept->items[0]->flags->keywords[0], "work"), NULL);
  imap_messages_free(kept);
  imap_connection_free(connection);
}

/* A failure of the connection reaches every request; each kind of failure has its status. */
static void failing(void) {
  imap_request *requests[3] = {NULL};
  CHECK(imap_noop(client, &error) == IMAP_ERR_NO && !strcmp(error->server_text, "not now"), &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_BAD && error->is_usable && error->code->code == IMAP_CODE_CLIENTBUG, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_NO && error->is_retryable && error->code->code == IMAP_CODE_INUSE, &error);
  for (int i = 0; i < 3; i++) CHECK(imap_send(client, "noop", NULL, &requests[i], &error) == IMAP_OK, &error);
  for (int i = 0; i < 3; i++) {
    CHECK(imap_request_wait(requests[i], -1, &error) == IMAP_ERR_CLOSED && !error->is_usable, &error);
    imap_request_free(requests[i]);
  }
  CHECK(!strcmp(imap_status_name(IMAP_ERR_NO), "IMAP_ERR_NO"), NULL);
  CHECK(strcmp(imap_status_name(IMAP_ERR_BAD), imap_status_name(IMAP_ERR_PROTOCOL)), NULL);
}

/* Nobody listens: the system's own error code comes along. */
static void refused(void) {
  imap_options *options = imap_options_new();
  CHECK(imap_options_set_number(options, IMAP_OPTION_PORT, 1, &error) == IMAP_OK, &error);
  CHECK(imap_connect("127.0.0.1", options, &client, &error) == IMAP_ERR_CONNECT && error->os_code != 0, &error);
  imap_options_free(options);
}

/* One criterion in three forms; strings of every kind; flags, numbers and sets are checked before anything is sent. */
static void encoding(void) {
  const char *const names[] = {"LDJ", NULL}, *const quoted[] = {"a \"b\" \\c", NULL}, *const none[] = {"", NULL};
  const char *const long_one[] = {"Zoë", NULL}, *const star[] = {"*", NULL}, *const date[] = {"2003-04-01", NULL};
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "FROM \"LDJ\"", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "(FROM \"LDJ\")", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "FROM ?", names, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "SUBJECT ?", quoted, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "SUBJECT ?", none, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "SUBJECT ?", long_one, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "SUBJECT ?", star, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_search(client, "SINCE ?", date, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_fetch(client, "9,3:1,2", "ALL", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_list(client, "", "a%", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_store(client, "1", "+FLAGS \\Seen", NULL, NULL, &error) == IMAP_OK, &error);
  const char *const fields[] = {"name", "x \"y\"", NULL};
  CHECK(imap_id(client, NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_id(client, fields, NULL, &error) == IMAP_OK, &error);
  static const uint8_t nul[] = "a\0b";
  CHECK(imap_append(client, "INBOX", NULL, -1, nul, 3, NULL, &error) == IMAP_OK, &error);
  /* Refused, each before a byte was sent. */
  const char *const breaking[] = {"a\r\nb DELETE INBOX", NULL}, *const flag[] = {"a b", NULL}, *const two[] = {"a", "b", NULL};
  CHECK(imap_search(client, "FROM ?", breaking, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_search(client, "KEYWORD ?", flag, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_search(client, "FROM ?", two, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_search(client, "FROM ? TO ?", names, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_search(client, "LARGER ?", names, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_fetch(client, "0", "FLAGS", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_fetch(client, "4294967296", "FLAGS", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_fetch(client, "-1", "FLAGS", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_store(client, "1", "+FLAGS (a*)", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_create(client, "a\nb", IMAP_ROLE_NONE, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_command(client, "X-A {3}", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_command(client, "X-A {3+}\r\nabc", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  imap_set *set = NULL;
  CHECK(imap_set_parse("4294967295", &set, &error) == IMAP_OK, &error);
  imap_set_free(set);
  CHECK(imap_set_parse("4294967296", &set, &error) == IMAP_ERR_INVALID, &error);
}

/* A line that a timeout cuts is not lost; what follows closely is there at once. */
static void waiting(void) {
  imap_event *event = NULL;
  CHECK(imap_idle(client, 300, &event, &error) == IMAP_OK && !event, &error);
  CHECK(imap_idle(client, 5000, &event, &error) == IMAP_OK && event && event->kind == IMAP_EVENT_EXISTS, &error);
  CHECK(event && event->number == 44, NULL);
  imap_event_free(event);
  int count = 0;
  while (imap_next_event(client, &event, &error) == IMAP_OK && event) {
    count++;
    imap_event_free(event);
  }
  CHECK(count == 2, NULL);
}

/* Messages of three sizes. */
static void literals(void) {
  static const size_t sizes[] = {100, 5000, 70000};
  for (size_t i = 0; i < 3; i++) {
    uint8_t *message = malloc(sizes[i]);
    memset(message, 'x', sizes[i]);
    CHECK(imap_append(client, "INBOX", NULL, -1, message, sizes[i], NULL, &error) == IMAP_OK, &error);
    free(message);
  }
}

int main(int argc, char **argv) {
  const char *scenario = argc > 1 ? argv[1] : "";
#define IS(text) (!strcmp(scenario, text))
  if (IS("responses")) responses(), unknown(), oddities(), messages();
  else if (IS("connecting")) connecting(argv + 2);
  else if (IS("refused")) refused();
  else {
    client = connected(argv + 2);
    if (IS("failing")) failing();
    else if (IS("encoding")) encoding();
    else if (IS("waiting")) waiting();
    else if (IS("literals")) literals();
    else failures++;
  }
  imap_client_free(client);
  printf("%d failures\n", (int)failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
