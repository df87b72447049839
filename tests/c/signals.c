/* signals: a client in a program that is sent signals all the time; one scenario a run.
 *
 *     signals SCENARIO OPTION... */

#define _DEFAULT_SOURCE
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;
static volatile sig_atomic_t signals;

static void on_alarm(int number) {
  (void)number;
  signals = signals + 1;
}

/* From here on a signal every five milliseconds, without SA_RESTART: system calls end with EINTR. */
static void be_disturbed(void) {
  struct sigaction action = {0};
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 5000}, {0, 5000}};
  setitimer(ITIMER_REAL, &often, NULL);
}

/* A wait goes on with the time that is left: the answer is had, and a deadline is kept. */
static void retried(void) {
  be_disturbed();
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  CHECK(signals > 10, NULL);
  CHECK(imap_noop(client, &error) == IMAP_ERR_TIMEOUT, &error);
}

/* With the option a signal ends the wait, not the request. */
static void returned(void) {
  imap_request *request = NULL;
  CHECK(imap_send(client, "NOOP", NULL, &request, &error) == IMAP_OK, &error);
  be_disturbed();
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_INTERRUPTED, &error);
  int waits = 1;
  imap_status status;
  while ((status = imap_request_wait(request, -1, NULL)) == IMAP_ERR_INTERRUPTED) waits++;
  CHECK(status == IMAP_OK && waits > 5, NULL);
  imap_request_free(request);
}

/* The server is gone while a message is sent: an error, not SIGPIPE, whose disposition stays what it was. */
static void broken(void) {
  size_t size = 60000;
  uint8_t *message = malloc(size);
  memset(message, 'x', size);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
  usleep(50000);
  CHECK(imap_append(client, "INBOX", NULL, -1, message, size, NULL, &error) == IMAP_ERR_CLOSED, &error);
  free(message);
  struct sigaction action;
  sigaction(SIGPIPE, NULL, &action);
  CHECK(action.sa_handler == SIG_DFL, NULL);
}

/* No program that this one starts inherits a descriptor. */
static void inherited(void) {
  int count = 0;
  CHECK(imap_wake_fd(client) >= 0, NULL);
  for (int fd = 3; fd < 256; fd++) {
    int flags = fcntl(fd, F_GETFD);
    count += flags != -1;
    CHECK(flags == -1 || flags & FD_CLOEXEC, NULL);
  }
  CHECK(count >= 2, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  alarm(100);
  /* What this program was given itself is not the library's. */
  for (int fd = 3; fd < 256; fd++) close(fd);
  client = connected(argv + 2);
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(retried) SCENARIO(returned) SCENARIO(broken) SCENARIO(inherited) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
