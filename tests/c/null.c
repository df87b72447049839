/* null: every function with NULL and nonsense where something is needed. None may crash, outputs must be NULL, and the
 * status must be INVALID. */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(int is_right, const char *what, int line) {
  if (is_right) return;
  printf("null.c:%d: %s\n", line, what);
  failures++;
}
#define CHECK(condition) check(!!(condition), #condition, __LINE__)

/* A call that must say INVALID, with an error that explains. */
#define INVALID(call)                                              \
  do {                                                             \
    imap_error *error = NULL;                                      \
    imap_status status = call;                                     \
    CHECK(status == IMAP_ERR_INVALID);                             \
    CHECK(error && error->status == IMAP_ERR_INVALID && *error->message); \
    imap_error_free(error);                                        \
  } while (0)

/* The same, with an output that must be NULL afterwards. */
#define INVALID_OUT(type, call)             \
  do {                                      \
    type *out = (type *)(void *)&failures;  \
    INVALID(call);                          \
    CHECK(out == NULL);                     \
  } while (0)

static void without_client(void) {
  INVALID(imap_logout(NULL, &error));
  INVALID(imap_noop(NULL, &error));
  INVALID(imap_compress(NULL, &error));
  INVALID(imap_configure(NULL, NULL, &error));
  INVALID(imap_login(NULL, "a", "b", &error));
  INVALID(imap_authenticate(NULL, "PLAIN", "a", "b", NULL, &error));
  INVALID(imap_create(NULL, "a", IMAP_ROLE_NONE, &error));
  INVALID(imap_delete(NULL, "a", &error));
  INVALID(imap_rename(NULL, "a", "b", &error));
  INVALID(imap_subscribe(NULL, "a", &error));
  INVALID(imap_unsubscribe(NULL, "a", &error));
  INVALID(imap_close_mailbox(NULL, &error));
  INVALID(imap_unselect(NULL, &error));
  INVALID(imap_check(NULL, &error));
  INVALID_OUT(imap_connection, imap_get_connection(NULL, &out, &error));
  INVALID_OUT(imap_event, imap_idle(NULL, 1, &out, &error));
  INVALID(imap_watch(NULL, NULL, NULL, &error));
  INVALID(imap_notify(NULL, "NONE", NULL, &error));
  INVALID_OUT(imap_texts, imap_enable(NULL, "CONDSTORE", &out, &error));
  INVALID_OUT(imap_selected, imap_reconnect(NULL, &out, &error));
  INVALID_OUT(imap_selected, imap_resync(NULL, "a", 7, 9, NULL, &out, &error));
  CHECK(!imap_is_enabled(NULL, "CONDSTORE"));
  INVALID_OUT(imap_request, imap_stream(NULL, "FETCH 1 (FLAGS)", NULL, &out, &error));
  INVALID_OUT(imap_body, imap_body_open(NULL, 1, "", 0, IMAP_DECODING_NONE, &out, &error));
  INVALID(imap_step(NULL, &error));
  INVALID_OUT(imap_numbers, imap_sort(NULL, "DATE", "ALL", NULL, &out, &error));
  INVALID_OUT(imap_threads, imap_thread(NULL, NULL, "ALL", NULL, &out, &error));
  INVALID_OUT(imap_numbers_list, imap_esearch(NULL, "ALL", NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_uidbatches(NULL, 500, 0, 0, &out, &error));
  INVALID_OUT(imap_acl, imap_getacl(NULL, "a", &out, &error));
  INVALID_OUT(imap_acl, imap_listrights(NULL, "a", "b", &out, &error));
  INVALID_OUT(imap_acl, imap_myrights(NULL, "a", &out, &error));
  INVALID(imap_cancelupdate(NULL, 1, &error));
  INVALID(imap_setacl(NULL, "a", "b", "lr", &error));
  INVALID(imap_deleteacl(NULL, "a", "b", &error));
  INVALID_OUT(imap_quotas, imap_getquota(NULL, "", &out, &error));
  INVALID_OUT(imap_quotas, imap_getquotaroot(NULL, "a", &out, &error));
  INVALID_OUT(imap_quotas, imap_setquota(NULL, "", "", &out, &error));
  INVALID_OUT(imap_entries, imap_getmetadata(NULL, "", "/a", NULL, &out, &error));
  INVALID(imap_setmetadata(NULL, "", "/a", NULL, 0, &error));
  INVALID_OUT(imap_pairs, imap_id(NULL, NULL, &out, &error));
  CHECK(imap_fd(NULL) == -1 && imap_wake_fd(NULL) == -1 && imap_wants(NULL) == 0 && imap_timeout_ms(NULL) == -1);
  INVALID(imap_add_handler(NULL, NULL, NULL, NULL, NULL, &error));
  imap_remove_handler(NULL, 1);
  INVALID_OUT(imap_texts, imap_capability(NULL, &out, &error));
  INVALID_OUT(imap_mailboxes, imap_list(NULL, "", "*", NULL, &out, &error));
  INVALID_OUT(imap_mailboxes, imap_lsub(NULL, "", "*", &out, &error));
  INVALID_OUT(imap_counts, imap_status_of(NULL, "a", "MESSAGES", &out, &error));
  INVALID_OUT(imap_namespaces, imap_namespace(NULL, &out, &error));
  INVALID_OUT(imap_selected, imap_select(NULL, "a", &out, &error));
  INVALID_OUT(imap_selected, imap_examine(NULL, "a", &out, &error));
  INVALID_OUT(imap_selected, imap_get_selected(NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_search(NULL, "ALL", NULL, &out, &error));
  INVALID_OUT(imap_messages, imap_fetch(NULL, "1", "FLAGS", NULL, &out, &error));
  INVALID_OUT(imap_content, imap_fetch_content(NULL, 1, &out, &error));
  INVALID_OUT(imap_messages, imap_store(NULL, "1", "FLAGS ()", NULL, &out, &error));
  INVALID_OUT(imap_assigned, imap_copy(NULL, "1", "a", &out, &error));
  INVALID_OUT(imap_assigned, imap_move(NULL, "1", "a", &out, &error));
  INVALID_OUT(imap_numbers, imap_expunge(NULL, NULL, &out, &error));
  INVALID_OUT(imap_assigned, imap_append(NULL, "a", NULL, -1, (const uint8_t *)"x", 1, &out, &error));
  INVALID_OUT(imap_event, imap_next_event(NULL, &out, &error));
  INVALID_OUT(imap_request, imap_send(NULL, "NOOP", NULL, &out, &error));
  INVALID_OUT(imap_events, imap_command(NULL, "NOOP", NULL, &out, &error));
  {
    char *trace = (char *)1;
    INVALID(imap_get_trace(NULL, &trace, &error));
    CHECK(trace == NULL);
    INVALID(imap_options_set_log(NULL, NULL, NULL, NULL, &error));
  }
  imap_disconnect(NULL);
  imap_cancel(NULL);
  imap_client_free(NULL);
  CHECK(imap_get_state(NULL) == IMAP_STATE_LOGOUT);
  CHECK(!imap_has(NULL, "IDLE"));
}

static void without_request(void) {
  INVALID(imap_request_wait(NULL, -1, &error));
  INVALID_OUT(imap_messages, imap_request_take_messages(NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_request_take_numbers(NULL, &out, &error));
  INVALID_OUT(imap_numbers_list, imap_request_take_numbers_list(NULL, &out, &error));
  INVALID_OUT(imap_threads, imap_request_take_threads(NULL, &out, &error));
  INVALID_OUT(imap_assigned, imap_request_take_assigned(NULL, &out, &error));
  INVALID_OUT(imap_mailboxes, imap_request_take_mailboxes(NULL, &out, &error));
  INVALID_OUT(imap_counts, imap_request_take_counts(NULL, &out, &error));
  INVALID_OUT(imap_selected, imap_request_take_selected(NULL, &out, &error));
  INVALID_OUT(imap_namespaces, imap_request_take_namespaces(NULL, &out, &error));
  INVALID_OUT(imap_texts, imap_request_take_texts(NULL, &out, &error));
  INVALID_OUT(imap_pairs, imap_request_take_pairs(NULL, &out, &error));
  INVALID_OUT(imap_acl, imap_request_take_acl(NULL, &out, &error));
  INVALID_OUT(imap_quotas, imap_request_take_quotas(NULL, &out, &error));
  INVALID_OUT(imap_entries, imap_request_take_entries(NULL, &out, &error));
  INVALID_OUT(imap_events, imap_request_take_events(NULL, &out, &error));
  int64_t done = 1, total = 1;
  size_t written = 1;
  imap_request_progress(NULL, &done, &total);
  imap_request_progress(NULL, NULL, NULL);
  CHECK(done == 0 && total == -1 && imap_request_is_ready(NULL));
  imap_request_hurry(NULL);
  INVALID_OUT(imap_message, imap_request_next_message(NULL, &out, &error));
  INVALID_OUT(imap_body, imap_request_next_body(NULL, &out, &error));
  INVALID_OUT(imap_mailboxes, imap_request_next_mailbox(NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_request_next_numbers(NULL, &out, &error));
  INVALID(imap_request_write(NULL, (const uint8_t *)"x", 1, &written, &error));
  CHECK(written == 0);
  CHECK(imap_request_is_done(NULL));
  CHECK(imap_request_reply(NULL) == NULL);
  imap_request_cancel(NULL);
  imap_request_free(NULL);
}

static void options(void) {
  imap_options *set = imap_options_new();
  INVALID(imap_options_set_number(NULL, IMAP_OPTION_PORT, 1, &error));
  INVALID(imap_options_set_text(NULL, IMAP_OPTION_USER, "a", &error));
  INVALID(imap_options_set_bytes(NULL, IMAP_OPTION_CA_PEM, NULL, 0, &error));
  CHECK(imap_options_set_text(set, IMAP_OPTION_USER, NULL, NULL) == IMAP_OK);
  CHECK(imap_options_set_bytes(set, IMAP_OPTION_CA_PEM, (const uint8_t *)"x", 1, NULL) == IMAP_OK);
  CHECK(imap_options_set_bytes(set, IMAP_OPTION_CA_PEM, NULL, 0, NULL) == IMAP_OK);
  INVALID(imap_options_set_bytes(set, IMAP_OPTION_CA_PEM, NULL, 1, &error));
  INVALID(imap_options_set_bytes(set, IMAP_OPTION_PORT, (const uint8_t *)"x", 1, &error));
  INVALID(imap_options_set_number(set, (imap_option)9999, 1, &error));
  INVALID(imap_options_set_number(set, IMAP_OPTION_USER, 1, &error));
  INVALID(imap_options_set_number(set, IMAP_OPTION_PORT, 65536, &error));
  INVALID(imap_options_set_number(set, IMAP_OPTION_TLS, 3, &error));
  INVALID(imap_options_set_number(set, IMAP_OPTION_CONNECT_TIMEOUT, -2, &error));
  INVALID(imap_options_set_text(set, IMAP_OPTION_ADDRESSES, "nowhere", &error));
  INVALID(imap_options_set_text(set, IMAP_OPTION_TLS, "x", &error));
  INVALID(imap_options_set_text(set, IMAP_OPTION_USER, "\xff", &error));
  /* The first failure comes back when the options are used. */
  INVALID_OUT(imap_client, imap_connect("127.0.0.1", set, &out, &error));
  imap_options_free(set);
  imap_options_free(NULL);
}

static void connecting(void) {
  INVALID(imap_connect("127.0.0.1", NULL, NULL, &error));
  INVALID_OUT(imap_client, imap_connect("a b", NULL, &out, &error));
  INVALID_OUT(imap_client, imap_connect("b\xc3\xbc" "cher.example", NULL, &out, &error));
  INVALID_OUT(imap_client, imap_connect("\xff", NULL, &out, &error));
  INVALID_OUT(imap_client, imap_start("a/b", NULL, &out, &error));
  INVALID_OUT(imap_client, imap_connect_url(NULL, NULL, &out, &error));
  INVALID_OUT(imap_client, imap_connect_url("http://example.org", NULL, &out, &error));
  INVALID_OUT(imap_client, imap_connect_url("imaps://u:password@example.org", NULL, &out, &error));
}

/* Arguments are checked before anything waits for the connection. */
static void arguments(void) {
  imap_client *client = NULL;
  imap_options *set = imap_options_new();
  imap_options_set_number(set, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  imap_options_set_number(set, IMAP_OPTION_PORT, 1, NULL);
  CHECK(imap_start("127.0.0.1", set, &client, NULL) == IMAP_OK && client);
  INVALID(imap_login(client, NULL, "b", &error));
  INVALID(imap_login(client, "a", NULL, &error));
  INVALID(imap_login(client, "a\r\n", "b", &error));
  INVALID(imap_authenticate(client, NULL, "a", "b", NULL, &error));
  INVALID(imap_authenticate(client, "", "a", "b", NULL, &error));
  INVALID(imap_authenticate(client, "X-UNKNOWN", "a", "b", NULL, &error));
  INVALID(imap_create(client, NULL, IMAP_ROLE_NONE, &error));
  INVALID(imap_create(client, "a", (imap_role)99, &error));
  INVALID(imap_delete(client, NULL, &error));
  INVALID(imap_rename(client, "a", NULL, &error));
  INVALID_OUT(imap_mailboxes, imap_list(client, NULL, "*", NULL, &out, &error));
  INVALID_OUT(imap_mailboxes, imap_list(client, "", "*", "SUBSCRIBED", &out, &error));
  INVALID_OUT(imap_counts, imap_status_of(client, "a", "", &out, &error));
  INVALID_OUT(imap_numbers, imap_search(client, NULL, NULL, &out, &error));
  INVALID_OUT(imap_threads, imap_thread(client, "", "ALL", NULL, &out, &error));
  INVALID_OUT(imap_threads, imap_thread(client, NULL, NULL, NULL, &out, &error));
  INVALID_OUT(imap_numbers_list, imap_esearch(client, NULL, NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_search(client, "FROM \"a\r\nb\"", NULL, &out, &error));
  INVALID_OUT(imap_messages, imap_fetch(client, "x", "FLAGS", NULL, &out, &error));
  INVALID_OUT(imap_content, imap_fetch_content(client, 0, &out, &error));
  INVALID_OUT(imap_messages, imap_fetch(client, NULL, "FLAGS", NULL, &out, &error));
  INVALID_OUT(imap_messages, imap_fetch(client, "1", "BODY[] {3}", NULL, &out, &error));
  INVALID_OUT(imap_messages, imap_store(client, "1", "+FLAGS (a\n)", NULL, &out, &error));
  INVALID_OUT(imap_numbers, imap_expunge(client, "#1", &out, &error));
  INVALID_OUT(imap_assigned, imap_append(client, "a", NULL, -1, NULL, 1, &out, &error));
  INVALID_OUT(imap_assigned, imap_append(client, "a", NULL, -1, NULL, 0, &out, &error));
  INVALID_OUT(imap_assigned, imap_append(client, "a", NULL, -1, (const uint8_t *)"x", SIZE_MAX, &out, &error));
  INVALID_OUT(imap_assigned, imap_append(client, "a", NULL, -2, (const uint8_t *)"x", 1, &out, &error));
  INVALID(imap_send(client, "NOOP", NULL, NULL, &error));
  INVALID_OUT(imap_request, imap_send(client, "", NULL, &out, &error));
  INVALID_OUT(imap_request, imap_send(client, NULL, NULL, &out, &error));
  INVALID_OUT(imap_request, imap_send(client, "X {5}", NULL, &out, &error));
  INVALID_OUT(imap_request, imap_send(client, "NOOP x", NULL, &out, &error));
  INVALID_OUT(imap_events, imap_command(client, "SELECT INBOX", NULL, &out, &error));
  INVALID_OUT(imap_events, imap_command(client, "X a\r\nY LOGOUT", NULL, &out, &error));
  CHECK(imap_message_section(NULL, "") == NULL);
  INVALID(imap_stream(client, "FETCH 1 (FLAGS)", NULL, NULL, &error));
  INVALID_OUT(imap_request, imap_stream(client, NULL, NULL, &out, &error));
  INVALID_OUT(imap_request, imap_stream(client, "STATUS a (MESSAGES)", NULL, &out, &error));
  INVALID(imap_body_open(client, 1, "1", 0, IMAP_DECODING_NONE, NULL, &error));
  INVALID_OUT(imap_body, imap_body_open(client, 1, NULL, 0, IMAP_DECODING_NONE, &out, &error));
  INVALID_OUT(imap_body, imap_body_open(client, 1, "1] UID", 0, IMAP_DECODING_NONE, &out, &error));
  INVALID_OUT(imap_assigned, imap_append_upload(client, "a", NULL, &out, &error));
  INVALID_OUT(imap_assigned, imap_replace(client, 1, "a", NULL, &out, &error));
  imap_upload *upload = imap_upload_new();
  INVALID(imap_upload_add_bytes(upload, (const uint8_t *)"x", 1, &error));
  INVALID(imap_upload_add_url(upload, "/INBOX/;UID=1", &error));
  INVALID_OUT(imap_request, imap_send_upload(client, 0, "a", upload, &out, &error));
  imap_upload_free(upload);
  upload = imap_upload_new();
  imap_upload_add_message(upload, NULL, -1, 0, NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)"x", 1, NULL);
  INVALID_OUT(imap_assigned, imap_append_upload(client, NULL, upload, &out, &error));
  INVALID_OUT(imap_assigned, imap_replace(client, 0, "a", upload, &out, &error));
  imap_upload_set_replaced(upload, "#4", NULL);
  INVALID_OUT(imap_assigned, imap_replace(client, 1, "a", upload, &out, &error));
  INVALID_OUT(imap_assigned, imap_append_upload(client, "a", upload, &out, &error));
  INVALID(imap_upload_set_replaced(NULL, "#4", &error));
  INVALID(imap_upload_set_replaced(upload, NULL, &error));
  for (const char **bad = (const char *[]){"", "#", "$", "*", "1:2", "#1,3", "0", "#x", NULL}; *bad; bad++)
    INVALID(imap_upload_set_replaced(upload, *bad, &error));
  INVALID(imap_send_upload(client, 0, "a", upload, NULL, &error));
  INVALID(imap_upload_add_fd(upload, -1, 10, &error));
  INVALID(imap_upload_add_url(upload, NULL, &error));
  INVALID(imap_upload_add_url(upload, "/IN BOX", &error));
  INVALID(imap_upload_add_url(NULL, "/INBOX", &error));
  INVALID(imap_upload_add_message(upload, "a (", -1, 0, &error));
  INVALID(imap_upload_add_message(upload, NULL, -2, 0, &error));
  INVALID(imap_upload_add_message(upload, NULL, -1, 10000, &error));
  imap_upload_free(upload);
  INVALID_OUT(imap_event, imap_idle(client, -2, &out, &error));
  INVALID_OUT(imap_texts, imap_enable(client, "", &out, &error));
  INVALID(imap_notify(client, NULL, NULL, &error));
  INVALID(imap_notify(client, "SET (selected (MessageNew", NULL, &error));
  INVALID_OUT(imap_selected, imap_resync(client, NULL, 7, 9, NULL, &out, &error));
  INVALID_OUT(imap_selected, imap_resync(client, "a", 7, 9, "$", &out, &error));
  imap_client_free(client);
  imap_options_free(set);
}

static void frees(void) {
  size_t length = 1;
  uint8_t byte = 0;
  INVALID(imap_body_read(NULL, &byte, 1, &length, &error));
  CHECK(length == 0 && imap_body_size(NULL) == -1 && imap_body_uid(NULL) == 0 && !imap_body_label(NULL));
  imap_body_free(NULL);
  imap_message_free(NULL);
  imap_acl_free(NULL);
  imap_quotas_free(NULL);
  imap_entries_free(NULL);
  imap_upload_free(NULL);
  imap_error_free(NULL);
  imap_connection_free(NULL);
  imap_texts_free(NULL);
  imap_mailboxes_free(NULL);
  imap_counts_free(NULL);
  imap_namespaces_free(NULL);
  imap_selected_free(NULL);
  imap_numbers_free(NULL);
  imap_numbers_list_free(NULL);
  imap_threads_free(NULL);
  imap_messages_free(NULL);
  imap_content_free(NULL);
  imap_assigned_free(NULL);
  imap_event_free(NULL);
  imap_events_free(NULL);
  imap_set_free(NULL);
}

int main(void) {
  CHECK(strcmp(imap_version(), IMAP_VERSION) == 0);
  CHECK(strcmp(imap_status_name(IMAP_ERR_READ_ONLY), "IMAP_ERR_READ_ONLY") == 0);
  CHECK(strcmp(imap_status_name((imap_status)77), "?") == 0);
  without_client();
  without_request();
  options();
  connecting();
  arguments();
  frees();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
