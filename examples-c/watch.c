/* watch: tells what happens in some mailboxes, until so much has happened, and comes back when the connection is lost.
 *
 *     IMAP_PASSWORD=... watch EVENTS imaps://user@host MAILBOX...
 *
 * The first mailbox is opened; of the others the counts are told. IMAP_CA_FILE names a file with certificates to trust
 * beside the system's. */

#define _DEFAULT_SOURCE
#include <imap.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const means_names[] = {"NOTIFY", "IDLE and STATUS", "NOOP and STATUS"};

static int fail(const char *what, imap_error *error) {
  fprintf(stderr, "watch: %s: %s\n", what, error->message);
  imap_error_free(error);
  return EXIT_FAILURE;
}

/* Whether it was worth telling. */
static int tell(const imap_event *event, const char *opened) {
  switch (event->kind) {
    case IMAP_EVENT_EXISTS: return printf("%s: %" PRIu32 " messages\n", opened, event->number);
    case IMAP_EVENT_EXPUNGE: return printf("%s: message %" PRIu32 " is gone\n", opened, event->number);
    case IMAP_EVENT_STATUS: return printf("%s: %" PRId64 " messages\n", event->counts->mailbox, event->counts->messages);
    case IMAP_EVENT_ALERT: return printf("the server says: %s\n", event->text);
    default: return 0;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: watch EVENTS imaps://user@host MAILBOX...\n"), EXIT_FAILURE;
  imap_client *client = NULL;
  imap_error *error = NULL;
  imap_watch_means means;
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PASSWORD, getenv("IMAP_PASSWORD"), NULL);
  imap_options_set_text(options, IMAP_OPTION_CA_FILE, getenv("IMAP_CA_FILE"), NULL);
  imap_options_set_number(options, IMAP_OPTION_KEEP_CREDENTIALS, 1, NULL);
  if (imap_connect_url(argv[2], options, &client, &error)) return fail(argv[2], error);
  imap_options_free(options);
  if (imap_select(client, argv[3], NULL, &error)) return fail(argv[3], error);
  if (imap_watch(client, (const char *const *)argv + 3, &means, &error)) return fail("watching", error);
  printf("watching by %s\n", means_names[means]);
  for (int left = atoi(argv[1]); left > 0;) {
    imap_event *event = NULL;
    fflush(stdout);
    if (imap_idle(client, -1, &event, &error) == IMAP_OK) {
      left -= event && tell(event, argv[3]) > 0;
      imap_event_free(event);
      continue;
    }
    if (error->is_usable) return fail("waiting", error);
    printf("%s\n", error->message);
    imap_error_free(error);
    /* What happened meanwhile is in the result; here the counts are told anew anyway. */
    while (imap_reconnect(client, NULL, NULL) != IMAP_OK) sleep(10);
  }
  imap_client_free(client);
}
