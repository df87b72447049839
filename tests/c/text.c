/* text: the functions that need no connection. */

#include "check.h"

static imap_error *error;

/* Takes a text that a call gave, and says whether it is this one. */
static int is(char *text, const char *expected) {
  int same = text && !strcmp(text, expected);
  if (!same) printf("got \"%s\" for \"%s\"\n", text ? text : "(null)", expected);
  imap_text_free(text);
  return same;
}

static void names(void) {
  char *text = NULL;
  CHECK(imap_encode_utf7("Entw\xc3\xbcrfe & mehr", &text, &error) == IMAP_OK && is(text, "Entw&APw-rfe &- mehr"), &error);
  CHECK(imap_decode_utf7("Entw&APw-rfe &- mehr", &text, &error) == IMAP_OK && is(text, "Entw\xc3\xbcrfe & mehr"), &error);
  CHECK(imap_decode_utf7("&not valid", &text, &error) == IMAP_OK && is(text, "&not valid"), &error);
  CHECK(imap_encode_utf7("\xff", &text, &error) == IMAP_ERR_INVALID && !text, &error);
  CHECK(imap_encode_utf7(NULL, &text, &error) == IMAP_ERR_INVALID && !text, &error);
  CHECK(imap_decode_utf7("a", NULL, &error) == IMAP_OK, &error);
}

static void headers(void) {
  char *text = NULL;
  const char *value = "=?utf-8?q?Zo=C3=AB?= =?iso-8859-1?q?_M=FCller?=";
  CHECK(imap_decode_header((const uint8_t *)value, strlen(value), &text, &error) == IMAP_OK && is(text, "Zo\xc3\xab M\xc3\xbcller"), &error);
  CHECK(imap_decode_header(NULL, 0, &text, &error) == IMAP_OK && is(text, ""), &error);
  CHECK(imap_decode_header(NULL, 1, &text, &error) == IMAP_ERR_INVALID && !text, &error);
  const char *header = "Subject: =?utf-8?b?w4RyZ2Vy?=\r\n again\r\nTo: a@b.c\r\n\r\nNot: this\r\n";
  imap_pairs *fields = NULL;
  CHECK(imap_parse_header((const uint8_t *)header, strlen(header), &fields, &error) == IMAP_OK && fields->count == 2, &error);
  CHECK(fields && !strcmp(fields->items[0]->value, "\xc3\x84rger again") && !strcmp(fields->items[1]->name, "To"), NULL);
  CHECK(fields && !fields->items[2], NULL);
  imap_pairs_free(fields);
  imap_pairs_free(NULL);
  CHECK(imap_parse_header(NULL, 0, &fields, &error) == IMAP_OK && fields->count == 0 && fields->items, &error);
  imap_pairs_free(fields);
}

static void flags(void) {
  imap_flags *found = NULL;
  CHECK(imap_parse_flags("(\\seen $Junk work)", &found, &error) == IMAP_OK, &error);
  CHECK(found && found->bits == (IMAP_FLAG_SEEN | IMAP_FLAG_JUNK) && found->keyword_count == 1, NULL);
  CHECK(found && !strcmp(found->keywords[0], "work"), NULL);
  imap_flags_free(found);
  CHECK(imap_parse_flags("", &found, &error) == IMAP_OK && found->bits == 0 && !*found->text, &error);
  imap_flags_free(found);
  CHECK(imap_parse_flags("a) b", &found, &error) == IMAP_ERR_INVALID && !found, &error);
  CHECK(imap_parse_flags(NULL, &found, &error) == IMAP_ERR_INVALID && !found, &error);
  imap_flags_free(NULL);
}

static void dates(void) {
  int64_t seconds = 0;
  int32_t zone = 0;
  char *text = NULL;
  CHECK(imap_parse_date("\"17-Jul-1996 02:44:25 -0700\"", &seconds, &zone, &error) == IMAP_OK, &error);
  CHECK(seconds == 837596665 && zone == -420, NULL);
  CHECK(imap_format_date(seconds, zone, false, &text, &error) == IMAP_OK && is(text, "17-Jul-1996 02:44:25 -0700"), &error);
  CHECK(imap_format_date(seconds, zone, true, &text, &error) == IMAP_OK && is(text, "17-Jul-1996"), &error);
  CHECK(imap_parse_date("1-Feb-1994", &seconds, &zone, &error) == IMAP_OK && seconds == 760060800 && zone == 0, &error);
  CHECK(imap_parse_date("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)", &seconds, NULL, &error) == IMAP_OK && seconds == 837595405, &error);
  CHECK(imap_parse_date("yesterday", &seconds, &zone, &error) == IMAP_ERR_INVALID && seconds == -1, &error);
  CHECK(imap_format_date(INT64_MAX, 0, false, &text, &error) == IMAP_ERR_INVALID && !text, &error);
  CHECK(imap_format_date(0, INT32_MAX, false, &text, &error) == IMAP_ERR_INVALID && !text, &error);
}

static void preparing(void) {
  char *text = NULL;
  CHECK(imap_saslprep("I\xc2\xadX", &text, &error) == IMAP_OK && is(text, "IX"), &error);
  CHECK(imap_saslprep("\x07", &text, &error) == IMAP_ERR_INVALID && !text, &error);
  imap_text_free(NULL);
}

static void responses(void) {
  static const char sent[] = "* 3 EXISTS\r\n* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\nA1 OK [READ-WRITE] done\r\n* BYE unfin";
  imap_events *events = NULL;
  CHECK(imap_parse_responses((const uint8_t *)sent, sizeof sent - 1, &events, &error) == IMAP_OK && events->count == 3, &error);
  CHECK(events && events->items[0]->kind == IMAP_EVENT_EXISTS && events->items[0]->number == 3, NULL);
  CHECK(events && events->items[1]->message && events->items[1]->message->details->sections[0]->data_len == 5, NULL);
  CHECK(events && events->items[2]->kind == IMAP_EVENT_TAGGED && events->items[2]->code->code == IMAP_CODE_READ_WRITE, NULL);
  imap_events_free(events);
  CHECK(imap_parse_responses(NULL, 0, &events, &error) == IMAP_OK && events->count == 0, &error);
  imap_events_free(events);
  /* Nothing that a server can send does harm, however it is cut. */
  for (size_t length = 0; length < sizeof sent; length++) {
    CHECK(imap_parse_responses((const uint8_t *)sent, length, &events, &error) == IMAP_OK, &error);
    imap_events_free(events);
  }
}

/* What other libraries have constants for: the numbers of the flags, attributes and ports are in the header. */
static void constants(void) {
  imap_flags *found = NULL;
  imap_events *events = NULL;
  const char *all = "\\Seen \\Answered \\Flagged \\Deleted \\Draft \\Recent";
  CHECK(imap_parse_flags(all, &found, &error) == IMAP_OK && found->bits == 63 && !found->keyword_count, &error);
  imap_flags_free(found);
  const char *list = "* LIST (\\MARKED \\subscribed \\Remote) \"/\" a\r\n* LIST (\\HasChildren \\UnMarked) \"/\" b\r\n"
                     "* LIST (\\TRASH) \"/\" c\r\n";
  CHECK(imap_parse_responses((const uint8_t *)list, strlen(list), &events, &error) == IMAP_OK && events->count == 3, &error);
  CHECK(events && events->items[0]->mailbox->attributes ==
          (IMAP_ATTRIBUTE_MARKED | IMAP_ATTRIBUTE_SUBSCRIBED | IMAP_ATTRIBUTE_REMOTE), NULL);
  CHECK(events && events->items[1]->mailbox->attributes == (IMAP_ATTRIBUTE_HAS_CHILDREN | IMAP_ATTRIBUTE_UNMARKED), NULL);
  CHECK(events && events->items[2]->mailbox->role == IMAP_ROLE_TRASH, NULL);
  imap_events_free(events);
  CHECK(!strcmp(imap_version(), IMAP_VERSION), NULL);
}

int main(void) {
  constants();
  names();
  headers();
  flags();
  dates();
  preparing();
  responses();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
