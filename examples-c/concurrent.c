/* concurrent: one connection, two threads: one fetches all messages while the other searches.
 *
 *     IMAP_PASSWORD=... concurrent imaps://user@host WORD */

#include <imap.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  imap_client *client;
  const char *word;
  imap_error *error;
  unsigned long long count;
} job;

static void *fetch(void *data) {
  job *work = data;
  imap_messages *messages;
  if (imap_fetch(work->client, "1:*", "FLAGS ENVELOPE", NULL, &messages, &work->error) == IMAP_OK) {
    work->count = messages->count;
    imap_messages_free(messages);
  }
  return NULL;
}

static void *search(void *data) {
  job *work = data;
  const char *params[] = {work->word, NULL};
  imap_numbers *found;
  if (imap_search(work->client, "TEXT ?", params, &found, &work->error) == IMAP_OK) {
    work->count = imap_set_count(found->set);
    imap_numbers_free(found);
  }
  return NULL;
}

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "concurrent: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_error *error;
  if (argc != 3) return fprintf(stderr, "usage: concurrent imaps://user@host WORD\n"), EXIT_FAILURE;

  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_status status = imap_connect_url(argv[1], options, &client, &error);
  imap_options_free(options);
  if (status) return fail(argv[1], error);
  if (imap_examine(client, "INBOX", NULL, &error)) return fail("INBOX", error);

  job fetching = {client, argv[2], NULL, 0}, searching = {client, argv[2], NULL, 0};
  pthread_t fetcher, searcher;
  pthread_create(&fetcher, NULL, fetch, &fetching);
  pthread_create(&searcher, NULL, search, &searching);
  pthread_join(fetcher, NULL);
  pthread_join(searcher, NULL);
  if (fetching.error) return fail("FETCH", fetching.error);
  if (searching.error) return fail("SEARCH", searching.error);
  printf("%llu messages, %llu of them with \"%s\"\n", fetching.count, searching.count, argv[2]);

  imap_logout(client, NULL);
  imap_client_free(client);
  return EXIT_SUCCESS;
}
