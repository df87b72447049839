/* poll_many: watches the inboxes of many accounts at once, on one thread, with poll().
 *
 *     IMAP_PASSWORD=... poll_many SECONDS user@host:port ...
 *
 * Prints how many messages each has, and each time that there are more, until so many seconds have passed. IMAP_CA_FILE
 * names a file with certificates to trust beside the system's. */

#include <imap.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  const char *name;
  imap_client *client;
  imap_request *select, *idle;
} account;

/* Begins to connect; nothing of it waits. Commands sent meanwhile run when their time has come. */
static void begin(account *who, imap_error **error) {
  char *user = strcpy(malloc(strlen(who->name) + 1), who->name);
  char *host = strrchr(user, '@'), *port = host ? strrchr(host, ':') : NULL;
  imap_options *options = imap_options_new();
  if (host) *host++ = '\0';
  if (port) *port++ = '\0';
  imap_options_set_text(options, IMAP_OPTION_USER, user, NULL);
  imap_options_set_text(options, IMAP_OPTION_PORT, port, NULL);
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  if (imap_start(host, options, &who->client, error) == IMAP_OK)
    imap_send(who->client, "EXAMINE INBOX", NULL, &who->select, error);
  imap_options_free(options);
  free(user);
}

/* What has happened since the last look; a failure is the account's own. */
static void look(account *who, imap_error **error) {
  imap_event *event;
  if (who->select && imap_request_is_done(who->select)) {
    imap_selected *inbox = NULL;
    if (imap_request_take_selected(who->select, &inbox, error) == IMAP_OK) {
      printf("%s: %u messages\n", who->name, (unsigned)inbox->exists);
      /* From here on news are told until this request is cancelled. */
      imap_send(who->client, "IDLE", NULL, &who->idle, error);
    }
    imap_selected_free(inbox);
    imap_request_free(who->select);
    who->select = NULL;
  }
  while (imap_next_event(who->client, &event, NULL) == IMAP_OK && event) {
    if (event->kind == IMAP_EVENT_EXISTS) printf("%s: now %u\n", who->name, (unsigned)event->number);
    imap_event_free(event);
  }
}

static void end(account *who, imap_error *error) {
  if (error) printf("%s: %s\n", who->name, error->message);
  imap_error_free(error);
  imap_request_free(who->select);
  imap_request_free(who->idle);
  imap_client_free(who->client);
  memset(who, 0, sizeof *who);
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: poll_many SECONDS user@host:port ...\n"), EXIT_FAILURE;
  size_t count = (size_t)argc - 2;
  time_t last = time(NULL) + atoi(argv[1]);
  account *all = calloc(count, sizeof *all);
  struct pollfd *polled = calloc(count, sizeof *polled);
  for (size_t i = 0; i < count; i++) {
    imap_error *error = NULL;
    all[i].name = argv[i + 2];
    begin(&all[i], &error);
    if (error) end(&all[i], error);
  }
  while (time(NULL) < last) {
    int timeout = 1000;
    for (size_t i = 0; i < count; i++) {
      polled[i] = (struct pollfd){imap_fd(all[i].client), (short)imap_wants(all[i].client), 0};
      int64_t due = imap_timeout_ms(all[i].client);
      if (due >= 0 && due < timeout) timeout = (int)due;
    }
    poll(polled, (nfds_t)count, timeout);
    for (size_t i = 0; i < count; i++) {
      imap_error *error = NULL;
      if (!all[i].client || (!polled[i].revents && imap_timeout_ms(all[i].client) != 0)) continue;
      if (imap_step(all[i].client, &error) == IMAP_OK) look(&all[i], &error);
      if (error) end(&all[i], error);
      fflush(stdout);
    }
  }
  for (size_t i = 0; i < count; i++) end(&all[i], NULL);
  free(all);
  free(polled);
}
