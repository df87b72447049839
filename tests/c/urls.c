/* urls: signs URLs of messages and reads what is behind them.
 *
 *     urls SCENARIO OPTION...     `server`: a real one, with a message in bob's inbox; `played`: the RFCs' bytes */

#include "check.h"

static imap_client *client;
static imap_error *error;

static int is(const imap_entry *entry, const char *value) {
  return entry && entry->value && entry->value_len == strlen(value) && !memcmp(entry->value, value, entry->value_len);
}

static void server(void) {
  static const char message[] = "From: a@b.c\r\nSubject: by URL\r\n\r\nread me\r\n";
  char *url = NULL, rump[256];
  imap_entries *entries = NULL;
  imap_assigned *assigned = NULL;
  CHECK(imap_append(client, "INBOX", NULL, -1, (const uint8_t *)message, strlen(message), &assigned, &error) == IMAP_OK, &error);
  unsigned uid = assigned ? (unsigned)imap_set_at(assigned->uids, 0) : 0;
  snprintf(rump, sizeof rump, "imap://bob@localhost/INBOX;UIDVALIDITY=%u/;UID=%u/;SECTION=TEXT;URLAUTH=user+bob",
      assigned ? (unsigned)assigned->uid_validity : 0, uid);
  imap_assigned_free(assigned);
  CHECK(imap_genurlauth(client, rump, NULL, &url, &error) == IMAP_OK && url, &error);
  CHECK(url && strstr(url, ":internal:"), NULL);
  CHECK(imap_urlfetch(client, url, &entries, &error) == IMAP_OK && entries->count == 1, &error);
  CHECK(entries && is(entries->items[0], "read me\r\n") && !strcmp(entries->items[0]->name, url), NULL);
  imap_entries_free(entries);
  /* Void after its key is. */
  CHECK(imap_resetkey(client, "INBOX", "INTERNAL", &error) == IMAP_OK, &error);
  CHECK(imap_urlfetch(client, url, &entries, &error) != IMAP_OK || !entries->items[0]->value, &error);
  imap_entries_free(entries);
  CHECK(imap_resetkey(client, NULL, NULL, &error) == IMAP_OK, &error);
  imap_text_free(url);
}

static void played(void) {
  char *url = NULL;
  imap_entries *entries = NULL;
  imap_request *request = NULL;
  imap_texts *texts = NULL;
  CHECK(imap_genurlauth(client, "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred", "INTERNAL", &url, &error) == IMAP_OK, &error);
  CHECK(url && !strcmp(url, "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038"), NULL);
  CHECK(imap_urlfetch(client, url, &entries, &error) == IMAP_OK && entries->count == 1, &error);
  CHECK(entries && is(entries->items[0], "Si vis pacem, para bellum.\r\n"), NULL);
  imap_entries_free(entries);
  CHECK(imap_send(client, "URLFETCH (\"imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=anonymous:internal:91354a473744909de610943775f92038\" BODYPARTSTRUCTURE BINARY)",
      NULL, &request, &error) == IMAP_OK, &error);
  CHECK(imap_request_take_entries(request, &entries, &error) == IMAP_OK && entries->count == 2, &error);
  CHECK(entries && !strcmp(entries->items[0]->attribute, "BODYPARTSTRUCTURE") && entries->items[0]->value[0] == '(', NULL);
  CHECK(entries && !strcmp(entries->items[1]->attribute, "BINARY") && is(entries->items[1], "Si vis pacem, para bellum.\r\n"), NULL);
  imap_entries_free(entries);
  imap_request_free(request);
  /* Damaged, missing and foreign answers cost themselves. */
  CHECK(imap_urlfetch(client, url, &entries, &error) == IMAP_OK && entries->count == 1 && !entries->items[0]->value, &error);
  imap_entries_free(entries);
  CHECK(imap_urlfetch(client, url, &entries, &error) == IMAP_OK && entries->count == 0, &error);
  imap_entries_free(entries);
  CHECK(imap_urlfetch(client, url, &entries, &error) == IMAP_OK && entries->count == 0, &error);
  imap_entries_free(entries);
  imap_text_free(url);
  CHECK(imap_genurlauth(client, "imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous", NULL, &url, &error) == IMAP_ERR_NO && !url
      && error->code->code == IMAP_CODE_BADURL, &error);
  CHECK(imap_genurlauth(client, "imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous", NULL, &url, &error) == IMAP_ERR_PROTOCOL && !url, &error);
  CHECK(imap_send(client, "GENURLAUTH imap://a@b/;uid=1;urlauth=anonymous INTERNAL", NULL, &request, &error) == IMAP_OK, &error);
  CHECK(imap_request_take_texts(request, &texts, &error) == IMAP_OK && texts->count == 1, &error);
  imap_texts_free(texts);
  imap_request_free(request);
  CHECK(imap_resetkey(client, NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_resetkey(client, "INBOX", "XSAMPLE INTERNAL", &error) == IMAP_OK, &error);
  /* Refused before a byte is sent. */
  CHECK(imap_genurlauth(client, "imap://a@b/;uid=1", NULL, &url, &error) == IMAP_ERR_INVALID && !url, &error);
  CHECK(imap_genurlauth(client, "imap://a@b/;uid=1;urlauth=anonymous", "a b", &url, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_urlfetch(client, "imap://a b", &entries, &error) == IMAP_ERR_INVALID && !entries, &error);
  CHECK(imap_urlfetch(client, "http://a/\r\n", &entries, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_resetkey(client, NULL, "INTERNAL", &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_genurlauth(NULL, NULL, NULL, NULL, NULL) == IMAP_ERR_INVALID && imap_resetkey(NULL, NULL, NULL, NULL) == IMAP_ERR_INVALID, NULL);
  CHECK(imap_urlfetch(client, NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
}

int main(int argc, char **argv) {
  client = connected(argv + 2);
  if (argc > 1 && !strcmp(argv[1], "server")) server();
  else played();
  imap_client_free(client);
  printf("%d failures\n", (int)failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
