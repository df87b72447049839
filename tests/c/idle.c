/* idle: waiting for news, and what goes on meanwhile; handlers; one scenario a run.
 *
 *     idle SCENARIO OPTION...     with INBOX selected */

#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;

/* The kind of the next event within this time; -1: none. */
static int idle(int64_t timeout) {
  imap_event *event = NULL;
  CHECK(imap_idle(client, timeout, &event, &error) == IMAP_OK, &error);
  int kind = event ? (int)event->kind : -1;
  imap_event_free(event);
  return kind;
}

static void news(void) {
  CHECK(idle(5000) == IMAP_EVENT_EXISTS, NULL);
  CHECK(idle(5000) == IMAP_EVENT_EXPUNGE, NULL);
  CHECK(idle(300) == -1, NULL);
  CHECK(idle(0) == -1, NULL);
  CHECK(imap_idle(client, -2, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* IDLE is begun anew before the server would end it. */
static void renewed(void) { CHECK(idle(700) == -1, NULL); }

/* The server refuses it, or does not have it. */
static void polled(void) { CHECK(idle(5000) == IMAP_EVENT_EXISTS, NULL); }

static void *idle_until_ended(void *data) {
  imap_status *status = data;
  *status = imap_idle(client, -1, NULL, NULL);
  return NULL;
}

/* Commands of other threads run while this one idles. */
static void yielding(void) {
  imap_status status = IMAP_ERR_INTERNAL;
  pthread_t idler;
  pthread_create(&idler, NULL, idle_until_ended, &status);
  usleep(200000);
  for (int i = 0; i < 3; i++) CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  pthread_join(idler, NULL);
  CHECK(status == IMAP_OK, NULL);
}

static void two_idle(void) {
  imap_status status[2] = {IMAP_ERR_INTERNAL, IMAP_ERR_INTERNAL};
  pthread_t idlers[2];
  for (int i = 0; i < 2; i++) pthread_create(&idlers[i], NULL, idle_until_ended, &status[i]);
  for (int i = 0; i < 2; i++) pthread_join(idlers[i], NULL);
  CHECK(status[0] == IMAP_OK && status[1] == IMAP_OK, NULL);
}

static void cancelled(void) {
  imap_status status = IMAP_OK;
  pthread_t idler;
  pthread_create(&idler, NULL, idle_until_ended, &status);
  usleep(200000);
  imap_cancel(client);
  pthread_join(idler, NULL);
  CHECK(status == IMAP_ERR_CANCELLED, NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  /* As a request. */
  imap_request *request = NULL;
  CHECK(imap_send(client, "IDLE", NULL, &request, &error) == IMAP_OK, &error);
  CHECK(imap_request_wait(request, 200, &error) == IMAP_ERR_TIMEOUT, &error);
  imap_request_cancel(request);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_CANCELLED && error->is_usable, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

static void disconnected(void) {
  imap_status status = IMAP_OK;
  pthread_t idler;
  pthread_create(&idler, NULL, idle_until_ended, &status);
  usleep(200000);
  imap_disconnect(client);
  pthread_join(idler, NULL);
  CHECK(status == IMAP_ERR_CLOSED, NULL);
}

static void *noop_until_ended(void *data) {
  imap_status *status = data;
  *status = imap_noop(client, NULL);
  return NULL;
}

/* A client that is freed while calls are inside: each ends, and nobody touches what is gone. */
static void freed(void) {
  imap_status status[3] = {IMAP_OK, IMAP_OK, IMAP_OK};
  pthread_t threads[3];
  imap_request *request = NULL;
  pthread_create(&threads[0], NULL, idle_until_ended, &status[0]);
  usleep(100000);
  for (int i = 1; i < 3; i++) pthread_create(&threads[i], NULL, noop_until_ended, &status[i]);
  CHECK(imap_send(client, "UID FETCH 1 (FLAGS)", NULL, &request, &error) == IMAP_OK, &error);
  usleep(200000);
  imap_client_free(client);
  client = NULL;
  for (int i = 0; i < 3; i++) {
    pthread_join(threads[i], NULL);
    CHECK(status[i] == IMAP_ERR_CLOSED, NULL);
  }
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_CLOSED, &error);
  imap_request_free(request);
}

/* A peer that no longer answers is found. */
static void dead(void) {
  CHECK(imap_idle(client, 10000, NULL, &error) == IMAP_ERR_TIMEOUT && !error->is_usable, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
}

static char seen[1000];
static int released, wanted = 1000;
static uint32_t handler_id;

static void release(void *userdata) {
  CHECK(userdata == seen, NULL);
  released++;
}

static bool see(void *userdata, const imap_event *event) {
  imap_error *mine = NULL;
  imap_request *request = NULL;
  char *end = (char *)userdata + strlen(userdata);
  snprintf(end, (size_t)(seen + sizeof seen - end), "%s ", event->name);
  /* Nothing can be waited for in here, but sent. */
  CHECK(imap_noop(client, &mine) == IMAP_ERR_STATE, &mine);
  CHECK(imap_step(client, &mine) == IMAP_ERR_STATE, &mine);
  if (event->kind == IMAP_EVENT_FLAGS) {
    CHECK(imap_send(client, "CHECK", NULL, &request, &mine) == IMAP_OK, &mine);
    CHECK(imap_request_wait(request, -1, &mine) == IMAP_ERR_STATE, &mine);
    CHECK(imap_get_state(client) == IMAP_STATE_SELECTED, NULL);
    imap_request_free(request);
  }
  return --wanted > 0;
}

/* Handlers hear of everything, in order, also of what a command asked for. */
static void handled(void) {
  CHECK(imap_add_handler(client, NULL, seen, release, NULL, &error) == IMAP_ERR_INVALID && released == 1, &error);
  CHECK(imap_add_handler(client, see, seen, release, &handler_id, &error) == IMAP_OK && handler_id, &error);
  CHECK(imap_fetch(client, "1:*", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(!strcmp(seen, "FETCH EXISTS FETCH OK "), NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  wanted = 2;
  *seen = 0;
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  /* It wanted no more than the reply to its own CHECK and one other. */
  CHECK(released == 2 && !strcmp(seen, "OK EXISTS "), NULL);
  wanted = 1000;
  CHECK(imap_add_handler(client, see, seen, release, &handler_id, &error) == IMAP_OK, &error);
  imap_remove_handler(client, handler_id);
  imap_remove_handler(client, handler_id);
  CHECK(released == 3, NULL);
  CHECK(imap_add_handler(client, see, seen, release, NULL, &error) == IMAP_OK, &error);
  imap_client_free(client);
  client = NULL;
  CHECK(released == 4, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  alarm(60);
  client = connected(argv + 2);
  if (!client) return EXIT_FAILURE;
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(news) SCENARIO(renewed) SCENARIO(polled) SCENARIO(yielding) SCENARIO(two_idle) SCENARIO(cancelled)
  SCENARIO(disconnected) SCENARIO(freed) SCENARIO(dead) SCENARIO(handled) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
