/* searching: searches, sorts and threads as its arguments say, one after the other on one client, and prints what each
 * came to: `searching OPTION... -- STEP...`, the options as in check.h. The words of a step are separated by "|": what is
 * done, then its arguments; values of ? stand last. */

#include "check.h"

#define MOST 12
static char *words[MOST + 1];
static int count;
static imap_client *client;

static const char *word(int at) { return at < count ? words[at] : NULL; }

/* The values from a word on, or NULL if there are none. */
static const char *const *values(int from) { return from < count ? (const char *const *)&words[from] : NULL; }

static void split(char *step) {
  count = 0;
  for (char *next = step; next && count < MOST; count++) {
    words[count] = next;
    next = strchr(next, '|');
    if (next) *next++ = '\0';
  }
  words[count] = NULL;
}

static void show_numbers(const imap_numbers *numbers) {
  printf(" [%s", imap_set_text(numbers->set));
  if (numbers->total != -1) printf(" total=%" PRId64, numbers->total);
  if (numbers->lowest) printf(" min=%u", (unsigned)numbers->lowest);
  if (numbers->highest) printf(" max=%u", (unsigned)numbers->highest);
  if (numbers->modseq != -1) printf(" modseq=%" PRId64, numbers->modseq);
  if (numbers->partial) printf(" partial=%s", numbers->partial);
  for (size_t i = 0; i < numbers->score_count; i++) printf("%s%u", i ? "," : " scores=", (unsigned)numbers->scores[i]);
  if (numbers->update_id) printf(" update=%u", (unsigned)numbers->update_id);
  if (numbers->mailbox) printf(" in %s;%u", numbers->mailbox, (unsigned)numbers->uid_validity);
  if (numbers->origin == IMAP_ORIGIN_EMULATED) printf(" here");
  for (size_t i = 0; i < numbers->defect_count; i++) printf(" defect=%s", numbers->defects[i]->text);
  putchar(']');
}

static void free_numbers(imap_numbers *numbers) {
  if (numbers) show_numbers(numbers);
  imap_numbers_free(numbers);
}

static void free_list(imap_numbers_list *list) {
  for (size_t i = 0; list && i < list->count; i++) show_numbers(list->items[i]);
  imap_numbers_list_free(list);
}

/* As RFC 5256 writes them, with each child in parentheses. */
static void free_threads(imap_threads *threads) {
  uint32_t depth = 0;
  if (threads) putchar(' ');
  for (size_t i = 0; threads && i < threads->count; i++) {
    int is_below = threads->depths[i] > depth;
    for (; depth > threads->depths[i]; depth--) putchar(')');
    if (i && !is_below) putchar(depth ? ' ' : '.');
    if (threads->depths[i] > depth) putchar('('), depth++;
    printf("%u", (unsigned)threads->numbers[i]);
  }
  for (; depth; depth--) putchar(')');
  if (threads && threads->origin == IMAP_ORIGIN_EMULATED) printf(" here");
  imap_threads_free(threads);
}

static imap_status do_send(imap_error **error) {
  imap_request *request = NULL;
  imap_numbers *numbers = NULL;
  imap_numbers_list *list = NULL;
  imap_threads *threads = NULL;
  imap_status status = imap_send(client, word(2), values(3), &request, error);
  if (status) return status;
  if (!strcmp(words[1], "numbers")) status = imap_request_take_numbers(request, &numbers, error);
  if (!strcmp(words[1], "list")) status = imap_request_take_numbers_list(request, &list, error);
  if (!strcmp(words[1], "threads")) status = imap_request_take_threads(request, &threads, error);
  if (!strcmp(words[1], "done")) status = imap_request_wait(request, -1, error);
  free_numbers(numbers);
  free_list(list);
  free_threads(threads);
  imap_request_free(request);
  return status;
}

/* both|ESEARCH...|ESEARCH...: two commands in flight together. */
static imap_status do_both(imap_error **error) {
  imap_request *requests[2] = {NULL, NULL};
  imap_status status = IMAP_OK;
  for (int i = 0; i < 2 && !status; i++) status = imap_send(client, word(i + 1), NULL, &requests[i], error);
  for (int i = 1; i >= 0 && !status; i--) {
    imap_numbers_list *list = NULL;
    status = imap_request_take_numbers_list(requests[i], &list, error);
    free_list(list);
    printf(i ? " and" : "");
  }
  imap_request_free(requests[0]);
  imap_request_free(requests[1]);
  return status;
}

/* Events of updated searches, until a search event, or so many milliseconds, have come. */
static imap_status do_event(imap_error **error) {
  imap_status status = IMAP_OK;
  for (int is_told = 0; !is_told && !status;) {
    imap_event *event = NULL;
    status = imap_next_event(client, &event, error);
    if (!status && !event) status = imap_idle(client, atoi(words[1]), &event, error);
    if (!event) break;
    is_told = event->kind == IMAP_EVENT_SEARCH;
    if (is_told)
      printf(" %s %u at %u %s", event->name, (unsigned)event->update_id, (unsigned)event->position,
          event->is_removed ? "out" : "in"),
          printf(" %s%s", imap_set_text(event->set), event->raw ? "" : " more");
    if (event->kind == IMAP_EVENT_NOTICE) printf(" %s", event->code ? event->code->name : event->text);
    imap_event_free(event);
  }
  return status;
}

static imap_status do_messages(imap_error **error) {
  imap_messages *messages = NULL;
  imap_status status = !strcmp(words[0], "fetch") ? imap_fetch(client, word(1), "UID", NULL, &messages, error)
                                                  : imap_store(client, word(1), word(2), NULL, &messages, error);
  for (size_t i = 0; messages && i < messages->count; i++) printf(" %u", (unsigned)messages->items[i]->uid);
  imap_messages_free(messages);
  return status;
}

static imap_status do_assigned(imap_error **error) {
  imap_assigned *assigned = NULL;
  imap_status status = imap_copy(client, word(1), word(2), &assigned, error);
  if (assigned) printf(" %s", imap_set_text(assigned->sources));
  imap_assigned_free(assigned);
  return status;
}

static imap_status do_append(imap_error **error) {
  size_t length = 0;
  static char message[4096];
  for (const char *in = word(2); *in; in++) {
    if (*in == '^') message[length++] = '\r', message[length++] = '\n';
    else message[length++] = *in;
  }
  return imap_append(client, word(1), word(3), word(4) ? atoll(word(4)) : -1, (const uint8_t *)message, length, NULL,
      error);
}

static imap_status run(imap_error **error) {
  imap_numbers *numbers = NULL;
  imap_numbers_list *list = NULL;
  imap_threads *threads = NULL;
  imap_status status = IMAP_OK;
#define IS(text) (!strcmp(words[0], text))
  if (IS("search")) status = imap_search(client, word(1), values(2), &numbers, error);
  else if (IS("sort")) status = imap_sort(client, word(1), word(2), values(3), &numbers, error);
  else if (IS("uidbatches"))
    status = imap_uidbatches(client, (uint32_t)atoi(word(1)), (uint32_t)atoi(word(2)), (uint32_t)atoi(word(3)), &numbers,
        error);
  else if (IS("thread"))
    status = imap_thread(client, *words[1] ? word(1) : NULL, word(2), values(3), &threads, error);
  else if (IS("esearch")) status = imap_esearch(client, word(1), values(2), &list, error);
  else if (IS("cancelupdate")) status = imap_cancelupdate(client, (uint32_t)atoi(word(1)), error);
  else if (IS("expunge")) status = imap_expunge(client, word(1), &numbers, error);
  else if (IS("select")) status = imap_select(client, word(1), NULL, error);
  else if (IS("create")) status = imap_create(client, word(1), IMAP_ROLE_NONE, error);
  else if (IS("enable")) status = imap_enable(client, word(1), NULL, error);
  else if (IS("noop")) status = imap_noop(client, error);
  else if (IS("fetch") || IS("store")) status = do_messages(error);
  else if (IS("copy")) status = do_assigned(error);
  else if (IS("append")) status = do_append(error);
  else if (IS("event")) status = do_event(error);
  else if (IS("send")) status = do_send(error);
  else if (IS("both")) status = do_both(error);
  else printf(" no such step");
  free_numbers(numbers);
  free_list(list);
  free_threads(threads);
  return status;
}

int main(int argc, char **argv) {
  imap_error *error = NULL;
  int steps = 1;
  while (steps < argc && strcmp(argv[steps], "--")) steps++;
  if (steps == argc) return EXIT_FAILURE;
  argv[steps] = NULL;
  client = connected(argv + 1);
  for (int i = steps + 1; client && i < argc; i++) {
    split(argv[i]);
    printf("%s:", words[0]);
    imap_status status = run(&error);
    if (status) printf(" %s %s: %s", imap_status_name(status) + 9, error->code ? error->code->name : "-", error->message);
    putchar('\n');
    imap_error_free(error);
    error = NULL;
  }
  imap_client_free(client);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
