/* sasl: a mechanism of the caller's own, step by step.
 *
 *     sasl SCENARIO OPTION... */

#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <pthread.h>

static imap_client *client;
static imap_error *error;

static imap_request *begun(const char *mechanism, const char *first) {
  imap_request *request = NULL;
  CHECK(imap_send_authenticate(client, mechanism, (const uint8_t *)first, first ? strlen(first) : 0, &request, &error) == IMAP_OK, &error);
  return request;
}

/* The next challenge is this; NULL: there is none. */
static int asks(imap_request *request, const char *expected) {
  const uint8_t *data = (const uint8_t *)"x";
  size_t length = 7;
  CHECK(imap_request_challenge(request, &data, &length, &error) == IMAP_OK, &error);
  if (!expected) return !data && length == 0;
  return data && length == strlen(expected) && !memcmp(data, expected, length) && !data[length];
}

static imap_status respond(imap_request *request, const char *answer) {
  return imap_request_respond(request, (const uint8_t *)answer, strlen(answer), &error);
}

/* LOGIN, the mechanism, by hand: two prompts. */
static void by_hand(void) {
  imap_request *request = begun("LOGIN", NULL);
  CHECK(asks(request, "Username:") && asks(request, "Username:"), NULL);
  CHECK(respond(request, "bob") == IMAP_OK, &error);
  CHECK(asks(request, "Password:") && respond(request, "secret-b") == IMAP_OK, &error);
  CHECK(asks(request, NULL), NULL);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
  CHECK(respond(request, "more") == IMAP_ERR_STATE, &error);
  imap_request_free(request);
  CHECK(imap_get_state(client) == IMAP_STATE_AUTHENTICATED && imap_noop(client, &error) == IMAP_OK, &error);
}

/* Given up by the caller, refused in the middle, refused at the end, with first bytes, without an answer. */
static void played(void) {
  imap_request *request = begun("X-OWN", NULL);
  CHECK(asks(request, "who"), NULL);
  imap_request_cancel(request);
  CHECK(imap_request_challenge(request, NULL, NULL, &error) == IMAP_ERR_CANCELLED && error->is_usable, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  request = begun("X-OWN", NULL);
  CHECK(asks(request, "who") && respond(request, "me") == IMAP_OK, &error);
  CHECK(imap_request_challenge(request, NULL, NULL, &error) == IMAP_ERR_AUTH && error->is_usable, &error);
  imap_request_free(request);
  /* Not base64: the exchange is given up, and the connection with it. */
  request = begun("x-own", "first");
  CHECK(asks(request, "") && respond(request, "") == IMAP_OK, &error);
  CHECK(asks(request, NULL), NULL);
  imap_request_free(request);
  CHECK(imap_get_state(client) == IMAP_STATE_AUTHENTICATED, NULL);
  /* Refused before a byte is sent. */
  CHECK(imap_send_authenticate(client, "a b", NULL, 0, &request, &error) == IMAP_ERR_INVALID && !request, &error);
  CHECK(imap_send_authenticate(client, NULL, NULL, 0, &request, &error) == IMAP_ERR_INVALID && !request, &error);
  CHECK(imap_send_authenticate(client, "X-OWN", NULL, 0, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_send_authenticate(client, "X-OWN", NULL, 5, &request, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_request_challenge(NULL, NULL, NULL, NULL) == IMAP_ERR_INVALID, NULL);
  CHECK(imap_request_respond(NULL, NULL, 0, NULL) == IMAP_ERR_INVALID, NULL);
}

/* Nonsense where base64 should be; a mechanism that is not offered; an OK that nobody wanted any more. */
static void broken(void) {
  imap_request *request = begun("X-OTHER", NULL);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_UNSUPPORTED, &error);
  imap_request_free(request);
  request = begun("X-OWN", NULL);
  CHECK(imap_request_challenge(request, NULL, NULL, &error) == IMAP_ERR_PROTOCOL, &error);
  imap_request_free(request);
}

static void impostor(void) {
  imap_request *request = begun("X-OWN", NULL);
  CHECK(asks(request, "who"), NULL);
  imap_request_cancel(request);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
}

/* Freed while the server waits for an answer; silence that is the caller's costs no deadline. */
static void slow(void) {
  imap_request *request = begun("X-OWN", NULL);
  CHECK(asks(request, "who"), NULL);
  CHECK(imap_request_wait(request, 1200, &error) == IMAP_ERR_TIMEOUT, &error);
  CHECK(respond(request, "me") == IMAP_OK && asks(request, "sure"), &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* By steps that never wait. */
static void stepped(void) {
  imap_request *request = begun("X-OWN", NULL);
  const uint8_t *data = NULL;
  size_t length = 0;
  for (int i = 0; i < 200 && !imap_request_is_done(request); i++) {
    struct pollfd ready = {imap_fd(client), (short)imap_wants(client), 0};
    poll(&ready, 1, 50);
    CHECK(imap_step(client, &error) == IMAP_OK, &error);
    if (!imap_request_is_ready(request) || imap_request_is_done(request)) continue;
    CHECK(imap_request_challenge(request, &data, &length, &error) == IMAP_OK && data && length == 3, &error);
    CHECK(respond(request, "me") == IMAP_OK, &error);
  }
  CHECK(imap_request_wait(request, 0, &error) == IMAP_OK, &error);
  imap_request_free(request);
}

/* Whoever must answer cannot wait for anything else: that is told at once. */
static void own_thread(void) {
  imap_request *request = begun("X-OWN", NULL);
  CHECK(asks(request, "who"), NULL);
  CHECK(imap_noop(client, &error) == IMAP_ERR_STATE && error->is_usable, &error);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_STATE, &error);
  CHECK(respond(request, "me") == IMAP_OK && asks(request, NULL), &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* A server that never stops asking. */
static void endless(void) {
  imap_request *request = begun("X-OWN", NULL);
  for (int i = 0; i < 2; i++) CHECK(asks(request, "who") && respond(request, "me") == IMAP_OK, &error);
  CHECK(imap_request_challenge(request, NULL, NULL, &error) == IMAP_ERR_PROTOCOL && error->is_usable, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* The server accepts what was given up: nobody knows any more whose connection it is. */
static void too_late(void) {
  const char *params[] = {"bob", "secret", NULL};
  imap_request *request = NULL;
  CHECK(imap_send(client, "LOGIN ? ?", params, &request, &error) == IMAP_OK, &error);
  imap_request_cancel(request);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_CANCELLED && error->may_be_done, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
}

static void *logging_in(void *unused) {
  (void)unused;
  imap_error *failure = NULL;
  CHECK(imap_login(client, "bob", "secret", &failure) == IMAP_ERR_CANCELLED && failure->is_usable, &failure);
  return NULL;
}

static int64_t received(void) {
  imap_connection *connection = NULL;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  int64_t bytes = connection ? connection->bytes_received : 0;
  imap_connection_free(connection);
  return bytes;
}

/* A server that has the password hashed two thousand million times: it is cancelled, also by steps. */
static void hashing(void) {
  pthread_t thread;
  int64_t before = received();
  CHECK(!pthread_create(&thread, NULL, logging_in, NULL), NULL);
  while (received() == before) poll(NULL, 0, 1);
  imap_cancel(client);
  pthread_join(thread, NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* SCRAM was refused, and is gone: PLAIN is taken when it is named, and not before. */
static void weaker(void) {
  CHECK(imap_login(client, "bob", "secret", &error) == IMAP_ERR_AUTH && error->is_usable, &error);
  CHECK(imap_login(client, "bob", "secret", &error) == IMAP_ERR_UNSUPPORTED && error->is_usable, &error);
  CHECK(imap_authenticate(client, "PLAIN", "bob", "secret", NULL, &error) == IMAP_OK, &error);
}

/* Logged in by the options; who we are is said by who made the mailbox. */
static void logged_in(void) {
  CHECK(imap_get_state(client) == IMAP_STATE_AUTHENTICATED, NULL);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
}

/* With a certificate, and as nobody; Cyrus 3.12 falls over an assertion of its own when nobody goes on. */
static void bare(const char *mechanism) {
  CHECK(imap_authenticate(client, mechanism, NULL, NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_get_state(client) == IMAP_STATE_AUTHENTICATED && imap_has(client, "IDLE"), NULL);
}

/* A token that the server does not take: it says why. */
static void refused(const char *mechanism) {
  CHECK(imap_authenticate(client, mechanism, "alice", "no.such.token", NULL, &error) == IMAP_ERR_AUTH && error->is_usable &&
            error->server_data && strstr(error->server_data, "\"status\""), &error);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

int main(int argc, char **argv) {
  const char *scenario = argc > 1 ? argv[1] : "";
  client = connected(argv + 2);
#define IS(text) (!strcmp(scenario, text))
  if (IS("by_hand")) by_hand();
  else if (IS("played")) played();
  else if (IS("broken")) broken();
  else if (IS("impostor")) impostor();
  else if (IS("slow")) slow();
  else if (IS("stepped")) stepped();
  else if (IS("own_thread")) own_thread();
  else if (IS("endless")) endless();
  else if (IS("too_late")) too_late();
  else if (IS("hashing")) hashing();
  else if (IS("weaker")) weaker();
  else if (IS("logged_in")) logged_in();
  else if (IS("EXTERNAL") || IS("ANONYMOUS")) bare(scenario);
  else if (IS("OAUTHBEARER") || IS("XOAUTH2")) refused(scenario);
  else failures++;
  imap_client_free(client);
  printf("%d failures\n", (int)failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
