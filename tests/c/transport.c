/* transport: what lies below the session: pins and channel bindings, compression, proxies, descriptors and functions of
 * the caller's.
 *
 *     transport SCENARIO [ARGUMENT] OPTION...     "1:143", "20=file": see check.h */

#define _GNU_SOURCE
#include "check.h"

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
  CHECK(imap_delete(client, "Traffic", &error) == IMAP_OK, &error);
}

int main(int argc, char **argv) {
  if (argc < 2) return EXIT_FAILURE;
  alarm(100);
  const char *scenario = argv[1];
  if (!strcmp(scenario, "binding")) binding(argv + 2);
  if (!strcmp(scenario, "compressing")) compressing(argv + 2);
  if (!strcmp(scenario, "leaving")) {
    imap_client *client = connecting(options_of(argv + 2));
    CHECK(imap_logout(client, &error) == IMAP_OK, &error);
    imap_client_free(client);
  }
  if (!strcmp(scenario, "traffic")) {
    imap_client *client = connecting(options_of(argv + 2));
    if (client) traffic(client);
    imap_client_free(client);
  }
  if (!strcmp(scenario, "bomb")) bomb(argv + 2);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
