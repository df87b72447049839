/* transport: what lies below the session: pins and channel bindings, compression, proxies, descriptors and functions of
 * the caller's.
 *
 *     transport SCENARIO [ARGUMENT] OPTION...     "1:143", "20=file": see check.h */

#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static imap_error *error;

static imap_options *options_of(char **arguments) {
  imap_options *options = imap_options_new();
  for (int i = 0; arguments[i]; i++) set_option(options, arguments[i]);
  return options;
}

static void hex(const char *label, const uint8_t *data, size_t data_len) {
  printf("%s ", label);
  for (size_t i = 0; i < data_len; i++) printf("%02x", data[i]);
  printf("\n");
}

/* One line: how connecting to localhost came out. */
static imap_client *connecting(imap_options *options) {
  imap_client *client = NULL;
  imap_status status = imap_connect("localhost", options, &client, &error);
  printf("connect %s%s%s\n", imap_status_name(status), error ? " " : "", error ? error->message : "");
  imap_error_free(error);
  error = NULL;
  imap_options_free(options);
  return client;
}

/* What TLS is bound to. */
static void binding(char **arguments) {
  imap_connection *connection = NULL;
  imap_client *client = connecting(options_of(arguments));
  if (!client) return;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  hex("binding", connection->channel_binding, connection->channel_binding_len);
  CHECK(connection->is_tls == (connection->certificate_len > 0), NULL);
  imap_connection_free(connection);
  imap_client_free(client);
}

/* What TLS was agreed on. */
static void agreed(char **arguments) {
  imap_connection *connection = NULL;
  imap_client *client = connecting(options_of(arguments));
  if (!client) return;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  printf("%s %s\n", connection->tls_version ? connection->tls_version : "none",
      connection->tls_cipher ? connection->tls_cipher : "none");
  imap_connection_free(connection);
  imap_client_free(client);
}

/* Logs in, compresses, and does what the script of the server says. */
static void compressing(char **arguments) {
  imap_client *client = connecting(options_of(arguments));
  imap_connection *connection = NULL;
  if (!client) return;
  CHECK(imap_compress(client, &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_login(client, "alice", "secret", &error) == IMAP_OK, &error);
  imap_status status = imap_compress(client, &error);
  printf("compress %s%s%s\n", imap_status_name(status), error ? " " : "", error ? error->message : "");
  if (error && error->code) printf("code %d\n", error->code->code == IMAP_CODE_COMPRESSIONACTIVE);
  imap_error_free(error);
  error = NULL;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  printf("is_compressed %d\n", connection ? connection->is_compressed : -1);
  if (connection && connection->is_compressed) CHECK(imap_compress(client, &error) == IMAP_ERR_STATE, &error);
  imap_connection_free(connection);
  imap_selected *selected = NULL;
  status = imap_select(client, "INBOX", &selected, &error);
  printf("select %s%s%s\n", imap_status_name(status), error ? " " : "", error ? error->message : "");
  imap_error_free(error);
  error = NULL;
  if (selected) printf("exists %u\n", selected->exists);
  imap_selected_free(selected);
  imap_client_free(client);
}

/* A body that is far larger than what is sent: read in constant memory. */
static void bomb(char **arguments) {
  imap_client *client = connecting(options_of(arguments));
  static uint8_t buffer[65536];
  if (!client) return;
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  long before = memory("VmHWM:");
  imap_body *body = NULL;
  int64_t total = 0;
  size_t length = 0;
  CHECK(imap_body_open(client, 1, "", 0, IMAP_DECODING_NONE, &body, &error) == IMAP_OK && body, &error);
  while (imap_body_read(body, buffer, sizeof buffer, &length, &error) == IMAP_OK && length) total += (int64_t)length;
  printf("total %" PRId64 " memory %s\n", total, memory("VmHWM:") - before < 1024 ? "constant" : "grew");
  imap_body_free(body);
  imap_status status = imap_noop(client, &error);
  printf("noop %s%s%s\n", imap_status_name(status), error ? " " : "", error ? error->message : "");
  imap_error_free(error);
  error = NULL;
  imap_client_free(client);
}

static void connection_line(imap_client *client) {
  imap_connection *connection = NULL;
  CHECK(imap_get_connection(client, &connection, &error) == IMAP_OK, &error);
  if (connection) printf("tls %d compressed %d\n", connection->is_tls, connection->is_compressed);
  imap_connection_free(connection);
}

/* Lines that do not compress well, the same for the same seed. */
static uint8_t *made(size_t size, uint32_t seed) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t *text = malloc(size + 1);
  size_t at = (size_t)snprintf((char *)text, size, "From: a@example.org\r\nSubject: made\r\n\r\n");
  for (; at < size; at++) {
    seed = seed * 1664525 + 1013904223;
    text[at] = at % 72 == 70 && at + 2 < size ? '\r' : at % 72 == 71 ? '\n' : (uint8_t)letters[seed >> 26];
    if (text[at] == '\n' && text[at - 1] != '\r') text[at] = 'x';
  }
  return text;
}

/* Long messages there and back, many requests at once, and the same connection twice. */
static void traffic(imap_client *client) {
  enum { COUNT = 12 };
  const size_t size = 700001;
  imap_request *requests[200];
  connection_line(client);
  imap_delete(client, "Traffic", NULL);
  CHECK(imap_create(client, "Traffic", IMAP_ROLE_NONE, &error) == IMAP_OK, &error);
  for (uint32_t i = 0; i < COUNT; i++) {
    uint8_t *text = made(size, i);
    CHECK(imap_append(client, "Traffic", NULL, -1, text, size, NULL, &error) == IMAP_OK, &error);
    free(text);
  }
  CHECK(imap_select(client, "Traffic", NULL, &error) == IMAP_OK, &error);
  imap_messages *messages = NULL;
  CHECK(imap_fetch(client, "1:*", "BODY.PEEK[]", NULL, &messages, &error) == IMAP_OK, &error);
  size_t same = 0;
  for (size_t i = 0; messages && i < messages->count; i++) {
    uint8_t *text = made(size, (uint32_t)i);
    const imap_section *section = messages->items[i]->details->section_count ? messages->items[i]->details->sections[0] : NULL;
    same += section && section->data_len == size && !memcmp(section->data, text, size);
    free(text);
  }
  printf("same %zu\n", same);
  imap_messages_free(messages);
  for (int i = 0; i < 200; i++)
    CHECK(imap_send(client, i % 2 ? "STATUS Traffic (MESSAGES)" : "UID FETCH 1:* (FLAGS)", NULL, &requests[i], &error) == IMAP_OK, &error);
  for (int i = 0; i < 200; i++) {
    CHECK(imap_request_wait(requests[i], -1, &error) == IMAP_OK, &error);
    imap_request_free(requests[i]);
  }
  CHECK(imap_close_mailbox(client, &error) == IMAP_OK, &error);
  CHECK(imap_delete(client, "Traffic", &error) == IMAP_OK, &error);
}

/* A socket to a port here, connected by ourselves. */
static int dialled(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, NULL);
  return fd;
}

/* A client whose connection is ours; the port is the first argument, as "1:port". */
static imap_client *lent(char **arguments, int *fd) {
  imap_client *client = NULL;
  imap_options *options = options_of(arguments);
  *fd = dialled(atoi(arguments[0] + 2));
  CHECK(imap_start_fd(*fd, *fd, "localhost", options, &client, &error) == IMAP_OK && client, &error);
  imap_options_free(options);
  return client;
}

static void descriptors(char **arguments) {
  int fd = -1, pipes[2];
  imap_client *client = lent(arguments, &fd);
  traffic(client);
  CHECK(imap_logout(client, &error) == IMAP_OK, &error);
  CHECK(imap_reconnect(client, NULL, &error) == IMAP_ERR_STATE, &error);
  imap_client_free(client);
  /* It stayed ours. */
  CHECK(fcntl(fd, F_GETFL) != -1 && close(fd) == 0, NULL);
  CHECK(imap_start_fd(-1, 0, NULL, NULL, &client, &error) == IMAP_ERR_INVALID && !client, &error);
  CHECK(imap_start_fd(0, 12345, NULL, NULL, &client, &error) == IMAP_ERR_INVALID && !client, &error);
  /* A peer that is gone is an error, not a signal. */
  imap_options *options = imap_options_new();
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  int back[2];
  CHECK(pipe(pipes) == 0 && pipe(back) == 0, NULL);
  CHECK(write(back[1], "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", 37) == 37, NULL);
  CHECK(imap_start_fd(back[0], pipes[1], NULL, options, &client, &error) == IMAP_OK, &error);
  close(pipes[0]);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  imap_client_free(client);
  imap_options_free(options);
  close(back[0]);
  close(back[1]);
  close(pipes[1]);
}

struct functions {
  imap_client *client;
  int fd, answers_again, fails, reads, writes;
  atomic_int released;
};

static imap_io carried_in(void *userdata, uint8_t *buffer, size_t capacity, size_t *length) {
  struct functions *functions = userdata;
  functions->reads++;
  if (functions->client && functions->reads % 5 == 0) {
    CHECK(imap_noop(functions->client, &error) == IMAP_ERR_STATE, &error);
    CHECK(imap_get_state(functions->client) != IMAP_STATE_LOGOUT, NULL);
  }
  if (functions->fails == functions->reads) return IMAP_IO_FAILED;
  if (capacity > 1000) capacity = 1000;
  ssize_t got = recv(functions->fd, buffer, capacity, functions->answers_again ? MSG_DONTWAIT : 0);
  if (got < 0) return IMAP_IO_AGAIN;
  *length = (size_t)got;
  return got ? IMAP_IO_DONE : IMAP_IO_FINISHED;
}

static imap_io carried_out(void *userdata, const uint8_t *data, size_t data_len, size_t *length) {
  struct functions *functions = userdata;
  /* Every other time there is no room, as far as the client can tell. */
  if (functions->answers_again && functions->writes++ % 2) return IMAP_IO_AGAIN;
  ssize_t sent = send(functions->fd, data, data_len > 5000 ? 5000 : data_len, MSG_NOSIGNAL);
  *length = sent > 0 ? (size_t)sent : 0;
  return sent > 0 ? IMAP_IO_DONE : IMAP_IO_FAILED;
}

static void released(void *userdata) {
  ((struct functions *)userdata)->released++;
}

static imap_client *called(char **arguments, struct functions *functions) {
  imap_client *client = NULL;
  imap_options *options = options_of(arguments);
  functions->fd = dialled(atoi(arguments[0] + 2));
  CHECK(imap_start_callbacks(carried_in, carried_out, functions, released, "localhost", options, &client, &error) == IMAP_OK,
        &error);
  imap_options_free(options);
  return client;
}

static void *asking(void *client) {
  imap_error *failed = NULL;
  for (int i = 0; i < 50; i++) CHECK(imap_noop(client, &failed) == IMAP_OK, &failed);
  return NULL;
}

static void callbacks(char **arguments) {
  for (int answers_again = 0; answers_again < 2; answers_again++) {
    struct functions functions = {.answers_again = answers_again};
    pthread_t threads[3];
    imap_client *client = called(arguments, &functions);
    functions.client = answers_again ? client : NULL;
    if (!answers_again) traffic(client);
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, asking, client);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    imap_request *request = NULL;
    CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK, &error);
    CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
    CHECK(imap_logout(client, &error) == IMAP_OK, &error);
    CHECK(imap_reconnect(client, NULL, &error) == IMAP_ERR_STATE, &error);
    imap_client_free(client);
    CHECK(functions.released == 0, NULL);
    imap_request_free(request);
    CHECK(functions.released == 1, NULL);
    close(functions.fd);
  }
}

/* Driven by steps alone, when the socket that only we know of says so. */
static void stepping(char **arguments) {
  struct functions functions = {.answers_again = 1};
  imap_client *client = called(arguments, &functions);
  imap_request *request = NULL;
  CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK, &error);
  for (int i = 0; i < 1000 && !imap_request_is_done(request); i++) {
    struct pollfd watched = {.fd = functions.fd, .events = POLLIN};
    CHECK(imap_step(client, &error) == IMAP_OK, &error);
    poll(&watched, 1, 10);
  }
  CHECK(imap_request_wait(request, 0, &error) == IMAP_OK, &error);
  imap_request_free(request);
  imap_client_free(client);
  close(functions.fd);
  CHECK(functions.released == 1, NULL);
  /* One that fails ends the connection; and what cannot begin is released too. */
  struct functions failing = {.fails = 3};
  client = called(arguments, &failing);
  imap_status status = imap_noop(client, &error);
  CHECK(status == IMAP_ERR_STOPPED || status == IMAP_ERR_CLOSED, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  imap_client_free(client);
  close(failing.fd);
  CHECK(failing.released == 1, NULL);
  CHECK(imap_start_callbacks(NULL, carried_out, &failing, released, NULL, NULL, &client, &error) == IMAP_ERR_INVALID, &error);
  CHECK(failing.released == 2 && !client, NULL);
}

/* Timeouts and limits of later options; all else stays. */
static void configuring(char **arguments) {
  imap_client *client = connecting(options_of(arguments));
  imap_options *options = imap_options_new();
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  imap_options_set_number(options, IMAP_OPTION_COMMAND_TIMEOUT, 300, NULL);
  imap_options_set_number(options, IMAP_OPTION_MAX_LINE, 100000, NULL);
  CHECK(imap_configure(client, options, &error) == IMAP_OK, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_TIMEOUT, &error);
  CHECK(imap_login(client, "alice", "secret", &error) == IMAP_OK, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_LIMIT, &error);
  imap_options_set_number(options, IMAP_OPTION_MAX_LINE, 0, NULL);
  CHECK(imap_configure(client, options, &error) == IMAP_ERR_INVALID, &error);
  imap_options_free(options);
  imap_client_free(client);
}

int main(int argc, char **argv) {
  if (argc < 2) return EXIT_FAILURE;
  alarm(100);
  const char *scenario = argv[1];
  if (!strcmp(scenario, "binding")) binding(argv + 2);
  else if (!strcmp(scenario, "agreed")) agreed(argv + 2);
  if (!strcmp(scenario, "compressing")) compressing(argv + 2);
  if (!strcmp(scenario, "leaving")) {
    imap_client *client = connecting(options_of(argv + 2));
    if (client) CHECK(imap_logout(client, &error) == IMAP_OK, &error);
    imap_client_free(client);
  }
  if (!strcmp(scenario, "traffic")) {
    imap_client *client = connecting(options_of(argv + 2));
    if (client) traffic(client);
    imap_client_free(client);
  }
  if (!strcmp(scenario, "unauthenticating")) {
    imap_client *client = connecting(options_of(argv + 2));
    connection_line(client);
    CHECK(imap_unauthenticate(client, &error) == IMAP_OK, &error);
    connection_line(client);
    CHECK(imap_login(client, "bob", "other", &error) == IMAP_OK, &error);
    connection_line(client);
    imap_client_free(client);
  }
  if (!strcmp(scenario, "descriptors")) descriptors(argv + 2);
  if (!strcmp(scenario, "callbacks")) callbacks(argv + 2);
  if (!strcmp(scenario, "stepping")) stepping(argv + 2);
  if (!strcmp(scenario, "configuring")) configuring(argv + 2);
  if (!strcmp(scenario, "bomb")) bomb(argv + 2);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
