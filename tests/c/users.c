/* users: another user, another language, another protocol, on one connection.
 *
 *     users SCENARIO OPTION... */

#include "check.h"

static imap_client *client;
static imap_error *error;

static int is(const imap_texts *texts, size_t count, const char *first) {
  return texts && texts->count == count && !strcmp(texts->items[0], first);
}

/* The RFCs' own bytes, and answers that are none. */
static void played(void) {
  imap_texts *texts = NULL;
  char *url = NULL;
  CHECK(imap_language(client, NULL, &texts, &error) == IMAP_OK && is(texts, 3, "EN"), &error);
  imap_texts_free(texts);
  CHECK(imap_language(client, "DE", &texts, &error) == IMAP_OK && is(texts, 1, "DE"), &error);
  imap_texts_free(texts);
  CHECK(imap_language(client, "UR", &texts, &error) == IMAP_ERR_NO && !texts, &error);
  CHECK(imap_comparator(client, NULL, &texts, &error) == IMAP_OK && is(texts, 1, "i;unicode-casemap"), &error);
  imap_texts_free(texts);
  CHECK(imap_comparator(client, "cz;* i;basic", &texts, &error) == IMAP_OK && is(texts, 3, "i;basic"), &error);
  imap_texts_free(texts);
  CHECK(imap_comparator(client, "x", &texts, &error) == IMAP_ERR_NO && error->code->code == IMAP_CODE_BADCOMPARATOR, &error);
  CHECK(imap_getjmapaccess(client, &url, &error) == IMAP_OK && url && !strcmp(url, "https://example.com/.s/[jmap]"), &error);
  imap_text_free(url);
  CHECK(imap_getjmapaccess(client, &url, &error) == IMAP_ERR_PROTOCOL && !url && error->is_usable, &error);
  CHECK(imap_proxyauth(client, "carol", &error) == IMAP_OK, &error);
  CHECK(imap_enable(client, "CONDSTORE", NULL, &error) == IMAP_OK && imap_is_enabled(client, "CONDSTORE"), &error);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_proxyauth(client, "dave", &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_unauthenticate(client, &error) == IMAP_OK, &error);
  CHECK(imap_get_state(client) == IMAP_STATE_NOT_AUTHENTICATED && !imap_is_enabled(client, "CONDSTORE"), NULL);
  CHECK(imap_get_selected(client, NULL, &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_unauthenticate(client, &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_login(client, "dave", "secret", &error) == IMAP_OK && imap_get_state(client) == IMAP_STATE_AUTHENTICATED, &error);
  /* Refused before a byte is sent. */
  CHECK(imap_language(client, "d\"e", &texts, &error) == IMAP_ERR_INVALID && !texts, &error);
  CHECK(imap_comparator(client, "a\r\nb", &texts, &error) == IMAP_ERR_UNSUPPORTED || imap_comparator(client, "a(", &texts, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_proxyauth(client, "", &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_proxyauth(client, "a\r\nb", &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_proxyauth(client, NULL, &error) == IMAP_ERR_INVALID && imap_unauthenticate(NULL, NULL) == IMAP_ERR_INVALID, &error);
  CHECK(imap_language(NULL, NULL, NULL, NULL) == IMAP_ERR_INVALID && imap_comparator(NULL, NULL, NULL, NULL) == IMAP_ERR_INVALID, NULL);
  CHECK(imap_getjmapaccess(NULL, NULL, NULL) == IMAP_ERR_INVALID, NULL);
}

/* A server that lacks them all. */
static void lacking(void) {
  CHECK(imap_language(client, NULL, NULL, &error) == IMAP_ERR_UNSUPPORTED, &error);
  CHECK(imap_comparator(client, NULL, NULL, &error) == IMAP_ERR_UNSUPPORTED, &error);
  CHECK(imap_getjmapaccess(client, NULL, &error) == IMAP_ERR_UNSUPPORTED, &error);
  CHECK(imap_unauthenticate(client, &error) == IMAP_ERR_UNSUPPORTED, &error);
}

/* An administrator, then bob, on one connection. */
static void unauthenticated(void) {
  CHECK(imap_unauthenticate(client, &error) == IMAP_OK, &error);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_has(client, "AUTH=PLAIN"), NULL);
  CHECK(imap_login(client, "bob", "secret-b", &error) == IMAP_OK, &error);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
}

static void jmap(void) {
  char *url = NULL;
  CHECK(imap_getjmapaccess(client, &url, &error) == IMAP_OK && url && !strncmp(url, "http", 4), &error);
  imap_text_free(url);
}

int main(int argc, char **argv) {
  const char *scenario = argc > 1 ? argv[1] : "";
  client = connected(argv + 2);
#define IS(text) (!strcmp(scenario, text))
  if (IS("played")) played();
  else if (IS("lacking")) lacking();
  else if (IS("unauthenticated")) unauthenticated();
  else if (IS("jmap")) jmap();
  else failures++;
  imap_client_free(client);
  printf("%d failures\n", (int)failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
