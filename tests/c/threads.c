/* threads: many threads on one client, each sure that its answers are its own; cancelling from another thread and from
 * a signal handler; disconnecting under waiting calls; fork.
 *
 *     threads PORT CA USER PASSWORD     the inbox holds at least eight messages */

#define _DEFAULT_SOURCE
#include <imap.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static imap_client *client;
static atomic_int failures;
static imap_set *all;

static void check(int is_right, const char *what, int line, const imap_error *error) {
  if (is_right) return;
  printf("threads.c:%d: %s: %s\n", line, what, error ? error->message : "no error");
  failures++;
}
#define CHECK(condition, error) check(!!(condition), #condition, __LINE__, error)

static imap_client *connected(const char *port, const char *ca, const char *user, const char *password) {
  imap_client *made = NULL;
  imap_error *error = NULL;
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PORT, port, NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, ca, NULL);
  imap_options_set_text(options, IMAP_OPTION_USER, user, NULL);
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, password, NULL);
  CHECK(imap_connect("localhost", options, &made, &error) == IMAP_OK, error);
  imap_error_free(error);
  imap_options_free(options);
  return made;
}

/* Fetches one message and makes sure that it is that one. */
static void fetch_one(uint32_t uid) {
  char set[16];
  imap_messages *messages = NULL;
  imap_error *error = NULL;
  snprintf(set, sizeof set, "%u", (unsigned)uid);
  CHECK(imap_fetch(client, set, "ENVELOPE RFC822.SIZE", NULL, &messages, &error) == IMAP_OK, error);
  CHECK(messages && messages->count == 1 && messages->items[0]->uid == uid, error);
  imap_messages_free(messages);
  imap_error_free(error);
}

static void search_one(uint32_t uid) {
  char value[16];
  const char *params[] = {value, NULL};
  imap_numbers *found = NULL;
  imap_error *error = NULL;
  snprintf(value, sizeof value, "%u", (unsigned)uid);
  CHECK(imap_search(client, "UID ?", params, &found, &error) == IMAP_OK, error);
  CHECK(found && imap_set_count(found->set) == 1 && imap_set_contains(found->set, uid), error);
  imap_numbers_free(found);
  imap_error_free(error);
}

static void status_of(const char *mailbox) {
  imap_counts *counts = NULL;
  imap_error *error = NULL;
  CHECK(imap_status_of(client, mailbox, "MESSAGES UIDNEXT", &counts, &error) == IMAP_OK, error);
  CHECK(counts && strcmp(counts->mailbox, mailbox) == 0, error);
  imap_counts_free(counts);
  imap_error_free(error);
}

static void *mixed(void *data) {
  uint32_t seed = *(uint32_t *)data;
  uint64_t count = imap_set_count(all);
  for (uint32_t i = 0; i < 60; i++) {
    uint32_t uid = imap_set_at(all, (seed * 7919 + i * 31) % count);
    switch ((seed + i) % 4) {
      case 0: fetch_one(uid); break;
      case 1: search_one(uid); break;
      case 2: status_of(i % 2 ? "Drafts" : "Sent"); break;
      default: CHECK(imap_noop(client, NULL) == IMAP_OK, NULL);
    }
  }
  return NULL;
}

static void many_threads(void) {
  pthread_t threads[8];
  uint32_t seeds[8];
  for (uint32_t i = 0; i < 8; i++) {
    seeds[i] = i + 1;
    pthread_create(&threads[i], NULL, mixed, &seeds[i]);
  }
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

/* Requests that are all in flight together keep their answers apart. */
static void many_requests(void) {
  enum { COUNT = 60 };
  imap_request *requests[COUNT];
  uint64_t count = imap_set_count(all);
  for (int i = 0; i < COUNT; i++) {
    char command[64];
    snprintf(command, sizeof command, "UID FETCH %u (FLAGS)", (unsigned)imap_set_at(all, (uint64_t)i % count));
    CHECK(imap_send(client, command, NULL, &requests[i], NULL) == IMAP_OK, NULL);
  }
  for (int i = COUNT - 1; i >= 0; i--) {
    imap_messages *messages = NULL;
    imap_error *error = NULL;
    CHECK(imap_request_take_messages(requests[i], &messages, &error) == IMAP_OK, error);
    CHECK(messages && messages->count == 1, error);
    CHECK(messages && messages->items[0]->uid == imap_set_at(all, (uint64_t)i % count), error);
    imap_messages_free(messages);
    imap_error_free(error);
    imap_request_free(requests[i]);
  }
}

static void *cancel_soon(void *data) {
  (void)data;
  usleep(20000);
  imap_cancel(client);
  return NULL;
}

static void on_alarm(int number) {
  (void)number;
  imap_cancel(client);
}

/* Commands without end until a cancel stops one. */
static void until_cancelled(void) {
  imap_status status = IMAP_OK;
  while (status == IMAP_OK) status = imap_fetch(client, "1:*", "BODY.PEEK[]", NULL, NULL, NULL);
  CHECK(status == IMAP_ERR_CANCELLED, NULL);
  CHECK(imap_noop(client, NULL) == IMAP_OK, NULL);
}

static void cancelling(void) {
  pthread_t other;
  pthread_create(&other, NULL, cancel_soon, NULL);
  until_cancelled();
  pthread_join(other, NULL);
  struct sigaction action = {0};
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, NULL);
  struct itimerval soon = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  until_cancelled();
}

static void *until_closed(void *data) {
  (void)data;
  imap_status status = IMAP_OK;
  while (status == IMAP_OK) status = imap_fetch(client, "1:*", "ENVELOPE", NULL, NULL, NULL);
  CHECK(status == IMAP_ERR_CLOSED, NULL);
  return NULL;
}

static void disconnecting(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, until_closed, NULL);
  usleep(20000);
  imap_disconnect(client);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK(imap_get_state(client) == IMAP_STATE_LOGOUT, NULL);
}

static void forking(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    imap_status status = imap_noop(client, NULL);
    imap_client_free(client);
    /* Another program in its place: what the parent left in this copy's memory is nobody's to free. */
    execl("/bin/sh", "sh", "-c", status == IMAP_ERR_FORKED ? "exit 0" : "exit 1", (char *)NULL);
    _exit(1);
  }
  int how = 1;
  waitpid(child, &how, 0);
  CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0, NULL);
  CHECK(imap_noop(client, NULL) == IMAP_OK, NULL);
}

/* How many descriptors are open. */
static int descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

/* An idle client holds its socket and no other descriptor. */
static void idling(char **argv) {
  int before = descriptors();
  imap_client *other = connected(argv[1], argv[2], argv[3], argv[4]);
  CHECK(imap_noop(other, NULL) == IMAP_OK, NULL);
  CHECK(descriptors() == before + 1, NULL);
  imap_client_free(other);
  CHECK(descriptors() == before, NULL);
}

/* A request outlives its client and ends with CLOSED. */
static void outliving(void) {
  imap_request *request = NULL;
  imap_error *error = NULL;
  CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK || error->status == IMAP_ERR_CLOSED, error);
  imap_client_free(client);
  client = NULL;
  CHECK(imap_request_wait(request, 1000, NULL) == IMAP_ERR_CLOSED, NULL);
  imap_request_free(request);
  imap_error_free(error);
}

int main(int argc, char **argv) {
  imap_numbers *found = NULL;
  if (argc != 5) return EXIT_FAILURE;
  client = connected(argv[1], argv[2], argv[3], argv[4]);
  if (!client) return EXIT_FAILURE;
  CHECK(imap_examine(client, "INBOX", NULL, NULL) == IMAP_OK, NULL);
  CHECK(imap_search(client, "ALL", NULL, &found, NULL) == IMAP_OK, NULL);
  CHECK(imap_set_copy(found->set, &all, NULL) == IMAP_OK && imap_set_count(all) >= 8, NULL);
  imap_numbers_free(found);
  many_threads();
  many_requests();
  idling(argv);
  forking();
  cancelling();
  disconnecting();
  outliving();
  imap_set_free(all);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
