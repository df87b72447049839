/* recovery: a client whose connection ends and that is brought back; one scenario a run.
 *
 *     recovery SCENARIO OPTION...     the options name a user */

#define _GNU_SOURCE
#include "check.h"

#include <unistd.h>

static imap_client *client;
static imap_error *error;

static void show(const imap_selected *selected) {
  if (!selected) {
    printf("none\n");
    return;
  }
  printf("%s new=%d vanished=%s origin=%d changed=", selected->mailbox, selected->is_new,
      imap_set_text(selected->vanished), (int)selected->origin);
  for (size_t i = 0; i < selected->changed_count; i++)
    printf("[%u %s]", (unsigned)selected->changed[i]->uid, selected->changed[i]->flags->text);
  printf("\n");
}

static void reconnected(void) {
  imap_selected *selected = NULL;
  CHECK(imap_reconnect(client, &selected, &error) == IMAP_OK, &error);
  show(selected);
  imap_selected_free(selected);
}

/* What was in flight fails, what was not sent waits for the new connection. */
static void kept(void) {
  imap_request *sent = NULL, *waiting = NULL;
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_reconnect(client, NULL, &error) == IMAP_ERR_STATE, &error);
  CHECK(imap_fetch(client, "1:*", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_send(client, "UID STORE 1 +FLAGS (\\Seen)", NULL, &sent, &error) == IMAP_OK, &error);
  CHECK(imap_send(client, "UID FETCH 1 (FLAGS)", NULL, &waiting, &error) == IMAP_OK, &error);
  CHECK(imap_request_wait(sent, -1, &error) == IMAP_ERR_CLOSED && error->may_be_done && !error->is_usable, &error);
  CHECK(imap_request_wait(waiting, -1, &error) == IMAP_ERR_CLOSED && !error->may_be_done, &error);
  CHECK(imap_request_is_done(waiting), NULL);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  imap_event *event = NULL;
  CHECK(imap_next_event(client, &event, &error) == IMAP_OK && event && event->kind == IMAP_EVENT_CLOSED, &error);
  imap_event_free(event);
  reconnected();
  imap_messages *messages = NULL;
  CHECK(imap_request_take_messages(waiting, &messages, &error) == IMAP_OK && messages->count == 1, &error);
  imap_messages_free(messages);
  imap_request_free(sent);
  imap_request_free(waiting);
  CHECK(imap_next_event(client, &event, &error) == IMAP_OK && event && event->kind == IMAP_EVENT_CONNECTED, &error);
  imap_event_free(event);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* Each way that a server has to tell what changed. */
static void changed(void) {
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_fetch(client, "1:*", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  reconnected();
  CHECK(imap_get_state(client) == IMAP_STATE_SELECTED, NULL);
}

/* The mailbox is opened again as it was. */
static void annotated(void) {
  imap_request *request = NULL;
  CHECK(imap_send(client, "EXAMINE INBOX (ANNOTATE)", NULL, &request, &error) == IMAP_OK, &error);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
  imap_request_free(request);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  reconnected();
}

/* The server does not come back at first. */
static void again(void) {
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED, &error);
  CHECK(imap_reconnect(client, NULL, &error) == IMAP_ERR_CLOSED, &error);
  reconnected();
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

static void resynced(void) {
  imap_selected *selected = NULL;
  CHECK(imap_resync(client, "INBOX", 0, -1, NULL, &selected, &error) == IMAP_ERR_INVALID && !selected, &error);
  CHECK(imap_resync(client, "INBOX", 7, 900, "#1", &selected, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_resync(client, "INBOX", 7, 900, "1:3,9", &selected, &error) == IMAP_OK, &error);
  show(selected);
  imap_selected_free(selected);
}

static void enabled(void) {
  imap_texts *texts = NULL;
  CHECK(imap_is_enabled(client, "CONDSTORE") && !imap_is_enabled(client, "UTF8=ACCEPT") && !imap_is_enabled(NULL, "x"), NULL);
  CHECK(imap_enable(client, "UTF8=ACCEPT X-NONE", &texts, &error) == IMAP_OK && texts->count == 1, &error);
  imap_texts_free(texts);
  CHECK(imap_is_enabled(client, "utf8=accept"), NULL);
  CHECK(imap_enable(client, "a\r\n", &texts, &error) == IMAP_OK || !texts, &error);
  CHECK(imap_enable(client, "a(b", &texts, &error) == IMAP_ERR_INVALID && !texts, &error);
  CHECK(imap_enable(client, NULL, &texts, &error) == IMAP_ERR_INVALID, &error);
}

/* Watches two mailboxes, and prints the counts that are told. */
static void watched(void) {
  imap_watch_means means = IMAP_WATCH_NOTIFY;
  const char *mailboxes[] = {"INBOX", "Ärger", NULL};
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_watch(client, mailboxes, &means, &error) == IMAP_OK, &error);
  printf("means=%d\n", (int)means);
  for (int i = 0; i < 3; i++) {
    imap_event *event = NULL;
    CHECK(imap_idle(client, 5000, &event, &error) == IMAP_OK && event, &error);
    if (event && event->counts) printf("%s=%" PRId64 "\n", event->counts->mailbox, event->counts->messages);
    else if (event) printf("%s %u\n", event->name, (unsigned)event->number);
    imap_event_free(event);
  }
}

static void notified(void) {
  const char *params[] = {"Ärger", NULL};
  CHECK(imap_notify(client, "SET STATUS (selected (MessageNew MessageExpunge)) (subtree ? (MessageNew))", params, &error) ==
      IMAP_OK, &error);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_fetch(client, "#1", "FLAGS", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_search(client, "# ALL", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_notify(client, "NONE", NULL, &error) == IMAP_ERR_NO, &error);
  CHECK(imap_fetch(client, "#1", "FLAGS", NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_notify(client, "SET (selected-delayed (MessageNew MessageExpunge))", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_fetch(client, "#1", "FLAGS", NULL, NULL, &error) == IMAP_OK, &error);
  CHECK(imap_notify(client, "WHAT", NULL, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_notify(client, NULL, NULL, &error) == IMAP_ERR_INVALID, &error);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  alarm(60);
  client = connected(argv + 2);
  if (!client) return EXIT_FAILURE;
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(kept) SCENARIO(changed) SCENARIO(annotated) SCENARIO(again) SCENARIO(resynced) SCENARIO(enabled) SCENARIO(watched)
  SCENARIO(notified) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
