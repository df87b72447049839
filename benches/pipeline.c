/* pipeline: STATUS of so many mailboxes, one after the other, all at once, or by many threads; prints the seconds.
 *
 *     pipeline sequence|requests|threads COUNT PORT */

#define _GNU_SOURCE
#include <imap.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static imap_client *client;
static int count;
static atomic_int next, wrong;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void one(int number) {
  char name[32];
  imap_counts *counts = NULL;
  snprintf(name, sizeof name, "box%d", number);
  if (imap_status_of(client, name, "MESSAGES", &counts, NULL) || counts->messages != number) wrong++;
  imap_counts_free(counts);
}

static void *some(void *data) {
  for (int number; (number = next++) < count;) one(number);
  return data;
}

static void requests(void) {
  imap_request **all = calloc((size_t)count, sizeof *all);
  for (int i = 0; i < count; i++) {
    char name[32];
    const char *params[] = {name, NULL};
    snprintf(name, sizeof name, "box%d", i);
    imap_send(client, "STATUS ? (MESSAGES)", params, &all[i], NULL);
  }
  for (int i = 0; i < count; i++) {
    imap_counts *counts = NULL;
    if (imap_request_take_counts(all[i], &counts, NULL) || counts->messages != i) wrong++;
    imap_counts_free(counts);
    imap_request_free(all[i]);
  }
  free(all);
}

int main(int argc, char **argv) {
  if (argc < 4) return EXIT_FAILURE;
  count = atoi(argv[2]);
  imap_options *options = imap_options_new();
  imap_options_set_text(options, IMAP_OPTION_PORT, argv[3], NULL);
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  if (imap_connect("127.0.0.1", options, &client, NULL)) return EXIT_FAILURE;
  imap_options_free(options);
  double begun = now();
  if (!strcmp(argv[1], "threads")) {
    pthread_t threads[64];
    for (int i = 0; i < 64; i++) pthread_create(&threads[i], NULL, some, NULL);
    for (int i = 0; i < 64; i++) pthread_join(threads[i], NULL);
  } else if (!strcmp(argv[1], "requests")) {
    requests();
  } else {
    some(NULL);
  }
  printf("%f %d\n", now() - begun, wrong);
  imap_client_free(client);
  return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
