/* connections: holds many connections that idle, on one thread. Prints memory for each, CPU time while nothing happens,
 * and how long it takes from a server's EXISTS to the event.
 *
 *     connections COUNT PORT EVENTS [CA]     with a CA file, over TLS
 *
 * The number of each EXISTS is the time when it was sent, in microseconds of the monotonic clock, modulo 2^31. */

#define _GNU_SOURCE
#include <imap.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Resident memory in bytes. */
static long memory(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what, imap_error *error) {
  fprintf(stderr, "%s: %s\n", what, error ? error->message : "failed");
  exit(EXIT_FAILURE);
}

/* Drives some clients until each has its mailbox and idles. */
static void connect_some(imap_client **clients, int count, const imap_options *options) {
  imap_request **requests = calloc((size_t)count, sizeof *requests);
  struct pollfd *polled = calloc((size_t)count, sizeof *polled);
  imap_error *error = NULL;
  for (int i = 0; i < count; i++) {
    if (imap_start("127.0.0.1", options, &clients[i], &error)) fail("start", error);
    if (imap_send(clients[i], "EXAMINE INBOX", NULL, &requests[i], &error)) fail("send", error);
  }
  for (int left = count; left > 0;) {
    for (int i = 0; i < count; i++)
      polled[i] = (struct pollfd){requests[i] ? imap_fd(clients[i]) : -1, (short)imap_wants(clients[i]), 0};
    poll(polled, (nfds_t)count, 10);
    for (int i = 0; i < count; i++) {
      imap_request *idle = NULL;
      if (!requests[i]) continue;
      if (imap_step(clients[i], &error)) fail("step", error);
      if (!imap_request_is_done(requests[i])) continue;
      if (imap_request_wait(requests[i], 0, &error)) fail("examine", error);
      imap_request_free(requests[i]);
      requests[i] = NULL;
      left--;
      /* It is held as long as its client. */
      if (imap_send(clients[i], "IDLE", NULL, &idle, &error) || imap_step(clients[i], &error)) fail("idle", error);
      imap_event *event = NULL;
      while (imap_next_event(clients[i], &event, NULL) == IMAP_OK && event) imap_event_free(event);
    }
  }
  free(requests);
  free(polled);
}

static int smaller(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  int count = atoi(argv[1]), events = atoi(argv[3]);
  imap_client **clients = calloc((size_t)count, sizeof *clients);
  int64_t *times = calloc((size_t)events, sizeof *times);
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PORT, argv[2], NULL);
  imap_options_set_number(options, IMAP_OPTION_TLS, argc > 4 ? IMAP_TLS_IMPLICIT : IMAP_TLS_NONE, NULL);
  if (argc > 4) {
    imap_options_set_text(options, IMAP_OPTION_CA_FILE, argv[4], NULL);
    imap_options_set_number(options, IMAP_OPTION_CA_SYSTEM, 0, NULL);
  }
  /* What the first one needs once is not counted. */
  imap_client *first = NULL;
  connect_some(&first, 1, options);
  long before = memory();
  for (int i = 0; i < count; i += 200) connect_some(clients + i, count - i < 200 ? count - i : 200, options);
  int epoll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    if (imap_step(clients[i], NULL) || epoll_ctl(epoll, EPOLL_CTL_ADD, imap_fd(clients[i]), &event)) fail("epoll", NULL);
  }
  printf("memory %.0f\n", (double)(memory() - before) / count);
  double idle = cpu();
  struct epoll_event ready[256];
  /* No one is due before the renewal of its IDLE. */
  for (int i = 0; i < count; i += 97)
    if (imap_timeout_ms(clients[i]) < 60000) fail("a client is due", NULL);
  if (epoll_wait(epoll, ready, 256, 3000) != 0) fail("something came", NULL);
  printf("idle %.6f\n", cpu() - idle);
  printf("ready\n");
  fflush(stdout);
  for (int seen = 0; seen < events;) {
    int found = epoll_wait(epoll, ready, 256, 10000);
    if (found <= 0) fail("no events", NULL);
    for (int i = 0; i < found; i++) {
      imap_client *client = clients[ready[i].data.u32];
      imap_event *event = NULL;
      if (imap_step(client, NULL)) fail("step", NULL);
      while (seen < events && imap_next_event(client, &event, NULL) == IMAP_OK && event) {
        times[seen++] = (microseconds() - (int64_t)event->number) & 0x7fffffff;
        imap_event_free(event);
      }
    }
  }
  qsort(times, (size_t)events, sizeof *times, smaller);
  printf("latency %lld %lld\n", (long long)times[events / 2], (long long)times[events - 1]);
  fflush(stdout);
  _exit(EXIT_SUCCESS);
}
