/* loops: clients that are driven by poll() and imap_step() alone; one scenario a run.
 *
 *     loops SCENARIO HOST OPTION... */

#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One round of the loop: at most so long. */
static imap_status turn(int64_t most) {
  struct pollfd polled[2] = {{imap_fd(client), (short)imap_wants(client), 0}, {imap_wake_fd(client), POLLIN, 0}};
  int64_t timeout = imap_timeout_ms(client);
  if (timeout < 0 || timeout > most) timeout = most;
  poll(polled, 2, (int)timeout);
  return imap_step(client, &error);
}

/* Steps until the request is ready; the loop itself never waits longer than its own interval. */
static void until_ready(imap_request *request) {
  int64_t end = milliseconds() + 20000;
  while (!imap_request_is_ready(request) && milliseconds() < end)
    if (turn(1000)) break;
  imap_error_free(error);
  error = NULL;
  CHECK(imap_request_is_ready(request), NULL);
}

static imap_status sent(const char *command) {
  imap_request *request = NULL;
  CHECK(imap_send(client, command, NULL, &request, &error) == IMAP_OK, &error);
  until_ready(request);
  CHECK(imap_request_is_done(request), NULL);
  imap_status status = imap_request_wait(request, 0, &error);
  imap_request_free(request);
  return status;
}

/* Connects, logs in, reads, sends a message, idles. */
static void session(void) {
  imap_request *request = NULL;
  CHECK(sent("NOOP") == IMAP_OK, &error);
  CHECK(imap_get_state(client) >= IMAP_STATE_AUTHENTICATED, NULL);
  CHECK(sent("SELECT INBOX") == IMAP_OK, &error);
  CHECK(imap_stream(client, "UID FETCH 1:* (BODY.PEEK[])", NULL, &request, &error) == IMAP_OK, &error);
  int count = 0;
  int64_t total = 0;
  for (;;) {
    imap_body *body = NULL;
    imap_message *message = NULL;
    until_ready(request);
    CHECK(imap_request_next_body(request, &body, &error) == IMAP_OK, &error);
    while (body) {
      uint8_t buffer[5000];
      size_t length = 0;
      until_ready(request);
      CHECK(imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_OK, &error);
      total += (int64_t)length;
      if (length > 0) continue;
      imap_body_free(body);
      until_ready(request);
      CHECK(imap_request_next_body(request, &body, &error) == IMAP_OK, &error);
    }
    until_ready(request);
    CHECK(imap_request_next_message(request, &message, &error) == IMAP_OK, &error);
    if (!message) break;
    count++;
    imap_message_free(message);
  }
  CHECK(count > 0 && total > 100000, NULL);
  imap_request_free(request);
  /* A message that is written as there is room. */
  imap_upload *upload = imap_upload_new();
  imap_upload_add_message(upload, NULL, -1, 0, NULL);
  imap_upload_add_later(upload, 50000, NULL);
  CHECK(imap_send_upload(client, 0, "INBOX", upload, &request, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  uint8_t bytes[7000];
  memset(bytes, 'x', sizeof bytes);
  memcpy(bytes, "X: y\r\n\r\n", 8);
  for (size_t done = 0, taken = 0; done < 50000; done += taken) {
    until_ready(request);
    CHECK(imap_request_write(request, bytes, sizeof bytes, &taken, &error) == IMAP_OK && taken, &error);
    if (!taken) break;
  }
  until_ready(request);
  CHECK(imap_request_wait(request, 0, &error) == IMAP_OK, &error);
  imap_request_free(request);
  /* News come while an IDLE is held. */
  CHECK(imap_send(client, "IDLE", NULL, &request, &error) == IMAP_OK, &error);
  imap_event *event = NULL;
  int64_t end = milliseconds() + 20000;
  while (milliseconds() < end && imap_next_event(client, &event, &error) == IMAP_OK && !event)
    if (turn(500)) break;
  CHECK(event, &error);
  imap_event_free(event);
  imap_request_cancel(request);
  until_ready(request);
  CHECK(imap_request_wait(request, 0, &error) == IMAP_ERR_CANCELLED, &error);
  imap_request_free(request);
  CHECK(imap_fd(client) >= 0 && imap_fd(NULL) == -1 && imap_wants(NULL) == 0 && imap_timeout_ms(NULL) == -1, NULL);
  CHECK(sent("NOOP") == IMAP_OK, &error);
}

/* The connection fails: the step says so, and the requests. */
static void failing(void) {
  imap_request *request = NULL;
  CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK, &error);
  imap_status status = IMAP_OK;
  int64_t end = milliseconds() + 20000;
  while (status == IMAP_OK && milliseconds() < end) {
    imap_error_free(error);
    error = NULL;
    status = turn(1000);
  }
  CHECK(status != IMAP_OK && error, &error);
  printf("%s\n", imap_status_name(status));
  CHECK(imap_request_is_ready(request) && imap_request_wait(request, 0, &error) != IMAP_OK, &error);
  imap_request_free(request);
  CHECK(imap_fd(client) == -1, NULL);
}

/* What another call has found is left to the next step to tell, which is due at once. */
static void told(void) {
  imap_event *event = NULL;
  int64_t end = milliseconds() + 20000;
  while (imap_get_state(client) != IMAP_STATE_LOGOUT && milliseconds() < end) {
    CHECK(imap_next_event(client, &event, &error) == IMAP_OK, &error);
    imap_event_free(event);
    usleep(1000);
  }
  CHECK(imap_fd(client) == -1 && imap_timeout_ms(client) == 0, NULL);
  CHECK(imap_step(client, &error) == IMAP_ERR_CLOSED, &error);
  imap_error_free(error);
  error = NULL;
  CHECK(imap_timeout_ms(client) == -1, NULL);
}

static void *cancel_soon(void *data) {
  (void)data;
  usleep(100000);
  imap_cancel(client);
  return NULL;
}

/* A cancel from another thread wakes the loop, and ends what is in flight. */
static void cancelled(void) {
  imap_request *request = NULL;
  pthread_t other;
  CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK, &error);
  pthread_create(&other, NULL, cancel_soon, NULL);
  imap_status status = IMAP_OK;
  int64_t begin = milliseconds();
  while (status == IMAP_OK && milliseconds() < begin + 20000) status = turn(20000);
  CHECK(status == IMAP_ERR_CANCELLED && milliseconds() < begin + 10000, &error);
  pthread_join(other, NULL);
  CHECK(imap_request_wait(request, 0, &error) == IMAP_ERR_CANCELLED, &error);
  imap_request_free(request);
}

static void *connect_beside(void *data) {
  imap_status *status = data;
  *status = imap_noop(client, NULL);
  return NULL;
}

/* Whatever the connection is about, a call that waits for it is cancelled at once. */
static void connecting(void) {
  imap_status status = IMAP_OK;
  pthread_t other;
  int64_t begin = milliseconds();
  pthread_create(&other, NULL, connect_beside, &status);
  usleep(200000);
  imap_cancel(client);
  pthread_join(other, NULL);
  CHECK(status == IMAP_ERR_CANCELLED && milliseconds() < begin + 10000, NULL);
  pthread_create(&other, NULL, connect_beside, &status);
  usleep(200000);
  imap_disconnect(client);
  pthread_join(other, NULL);
  CHECK(status == IMAP_ERR_CLOSED && milliseconds() < begin + 10000, NULL);
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  alarm(100);
  imap_options *options = imap_options_new();
  for (int i = 3; argv[i]; i++) set_option(options, argv[i]);
  CHECK(imap_start(argv[2], options, &client, &error) == IMAP_OK, &error);
  imap_options_free(options);
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(session) SCENARIO(failing) SCENARIO(told) SCENARIO(cancelled) SCENARIO(connecting) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
