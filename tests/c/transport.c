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

int main(int argc, char **argv) {
  if (argc < 2) return EXIT_FAILURE;
  alarm(100);
  const char *scenario = argv[1];
  if (!strcmp(scenario, "binding")) binding(argv + 2);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
