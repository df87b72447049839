/* reload: loads the library, uses it and unloads it, a thousand times, each time with a thread that has used it and ends
 * only afterwards.
 *
 *     reload LIBRARY */

#define _GNU_SOURCE
#include <imap.h>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static void *library;
static sem_t used, unloaded;

typedef imap_status set_parse(const char *, imap_set **, imap_error **);
typedef void set_free(imap_set *);
typedef imap_status connects(const char *, const imap_options *, imap_client **, imap_error **);
typedef imap_options *makes(void);
typedef imap_status sets(imap_options *, imap_option, int64_t, imap_error **);
typedef void frees(imap_options *);

/* ISO C has no cast from an object to a function. */
#define NAMED(type, name)          \
  type *name;                      \
  *(void **)(&name) = dlsym(library, "imap_" #name)

static void use(void) {
  imap_set *set = NULL;
  NAMED(set_parse, set_parse);
  NAMED(set_free, set_free);
  NAMED(makes, options_new);
  NAMED(sets, options_set_number);
  NAMED(frees, options_free);
  NAMED(connects, connect);
  if (set_parse("1:5,9", &set, NULL)) exit(3);
  set_free(set);
  imap_options *options = options_new();
  options_set_number(options, IMAP_OPTION_PORT, 1, NULL);
  /* Nobody is there. */
  if (connect("127.0.0.1", options, NULL, NULL) == IMAP_OK) exit(4);
  options_free(options);
}

static void *uses(void *data) {
  use();
  sem_post(&used);
  sem_wait(&unloaded);
  return data;
}

int main(int argc, char **argv) {
  int times = 0;
  sem_init(&used, 0, 0);
  sem_init(&unloaded, 0, 0);
  for (; argc > 1 && times < 1000; times++) {
    pthread_t thread;
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library || pthread_create(&thread, NULL, uses, NULL)) return EXIT_FAILURE;
    sem_wait(&used);
    if (dlclose(library)) return EXIT_FAILURE;
    sem_post(&unloaded);
    pthread_join(thread, NULL);
  }
  printf("%d times\n", times);
  return EXIT_SUCCESS;
}
