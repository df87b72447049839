/* scheduling: what goes out when; one scenario a run.
 *
 *     scheduling SCENARIO OPTION... */

#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;

static imap_request *status_of(const char *mailbox, int number) {
  char name[32];
  const char *params[] = {name, NULL};
  imap_request *request = NULL;
  snprintf(name, sizeof name, "%s%d", mailbox, number);
  CHECK(imap_send(client, "STATUS ? (MESSAGES)", params, &request, &error) == IMAP_OK, &error);
  return request;
}

/* Each answer is its own mailbox's: boxN has N messages. */
static void take(imap_request *request, const char *mailbox, int number) {
  char name[32];
  imap_counts *counts = NULL;
  snprintf(name, sizeof name, "%s%d", mailbox, number);
  CHECK(imap_request_take_counts(request, &counts, &error) == IMAP_OK, &error);
  CHECK(counts && !strcmp(counts->mailbox, name) && counts->messages == number, NULL);
  imap_counts_free(counts);
  imap_request_free(request);
}

static void bursts(void) {
  enum { COUNT = 500 };
  static imap_request *requests[COUNT];
  for (int i = 0; i < COUNT; i++) requests[i] = status_of("box", i);
  for (int i = COUNT - 1; i >= 0; i--) take(requests[i], "box", i);
}

/* Who asks again and again, and never waits, sees the answer come. */
static void asked(void) {
  imap_request *request = status_of("box", 7);
  time_t last = time(NULL) + 20;
  while (!imap_request_is_ready(request) && time(NULL) < last) usleep(1000);
  CHECK(imap_request_is_ready(request), NULL);
  take(request, "box", 7);
  request = status_of("box", 8);
  while (!imap_request_is_done(request) && time(NULL) < last) usleep(1000);
  CHECK(imap_request_is_done(request), NULL);
  take(request, "box", 8);
}

static void hurried(void) {
  imap_request *requests[5], *noop = NULL;
  for (int i = 0; i < 5; i++) requests[i] = status_of("box", i);
  CHECK(imap_send(client, "NOOP", NULL, &noop, &error) == IMAP_OK, &error);
  imap_request_hurry(noop);
  imap_request_hurry(requests[4]);
  imap_request_hurry(requests[0]);
  imap_request_hurry(NULL);
  CHECK(imap_request_wait(noop, -1, &error) == IMAP_OK, &error);
  for (int i = 0; i < 5; i++) take(requests[i], "box", i);
  imap_request_free(noop);
}

static imap_request *others[3];

static void *send_three(void *data) {
  (void)data;
  for (int i = 0; i < 3; i++) others[i] = status_of("b", i);
  return NULL;
}

/* A thread with many requests lets others have their turn. */
static void fair(void) {
  pthread_t other;
  imap_request *requests[6];
  for (int i = 0; i < 6; i++) requests[i] = status_of("a", i);
  pthread_create(&other, NULL, send_three, NULL);
  pthread_join(other, NULL);
  for (int i = 0; i < 6; i++) take(requests[i], "a", i);
  for (int i = 0; i < 3; i++) take(others[i], "b", i);
}

/* What needs a mailbox waits for its SELECT; numbers never meet what can renumber. */
static void ordered(void) {
  const char *commands[] = {"SELECT INBOX", "UID FETCH 1 (FLAGS)", "UID SEARCH ALL", "FETCH 2 (FLAGS)", "EXPUNGE",
      "FETCH 1 (FLAGS)", "SEARCH UNSEEN", "MOVE 1 box", "FETCH 1 (FLAGS)"};
  enum { COUNT = sizeof commands / sizeof *commands };
  imap_request *requests[COUNT];
  for (int i = 0; i < COUNT; i++) CHECK(imap_send(client, commands[i], NULL, &requests[i], &error) == IMAP_OK, &error);
  for (int i = 0; i < COUNT; i++) {
    CHECK(imap_request_wait(requests[i], -1, &error) == IMAP_OK, &error);
    imap_request_free(requests[i]);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  client = connected(argv + 2);
  if (!client) return EXIT_FAILURE;
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(bursts) SCENARIO(asked) SCENARIO(hurried) SCENARIO(fair) SCENARIO(ordered) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
