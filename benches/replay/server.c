/* server: answers IMAP commands from memory, in large writes, so that a benchmark measures the client.
 *
 *     server [--delay MS] [--tls CERTIFICATE KEY]
 *
 * Prints its port; ends when its standard input does. Each answer leaves MS milliseconds after its command came.
 * A mailbox is what its name says: "mail50000" has so many messages with envelopes and structures, "bodies2000" so many
 * of about 100 kB, "large300000000" one of so many bytes, "hits1000000" so many that a SEARCH finds. UIDs are message
 * numbers, but for those that SEARCH finds. */

#define _GNU_SOURCE
#include "mailbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { OUT = 256 * 1024, IN = 256 * 1024, MOST = 1000000 };

static int64_t delay;
static SSL_CTX *tls;

/* A command, or a literal that waits for its "+", and when it is to be answered. */
typedef struct pending {
  struct pending *next;
  int64_t due;
  bool is_literal;
  char line[];
} pending;

typedef struct {
  int fd;
  SSL *ssl;
  char *out;
  size_t out_length;
  /* The command that is arriving, without its literals. */
  text line;
  size_t literal;
  pending *first, **last;
  /* The selected mailbox: what its name begins with, and the number at its end. */
  char kind[16];
  uint32_t count;
  uint32_t appended;
} connection;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void hang_up(connection *to) {
  if (to->ssl) SSL_free(to->ssl);
  close(to->fd);
  free(to->out);
  free(to->line.data);
  free(to);
  pthread_exit(NULL);
}

static void write_now(connection *to, const char *data, size_t length) {
  while (length > 0) {
    size_t most = length < 1 << 30 ? length : 1 << 30;
    ssize_t count = to->ssl ? SSL_write(to->ssl, data, (int)most) : send(to->fd, data, most, MSG_NOSIGNAL);
    if (count < 0 && !to->ssl && errno == EINTR) continue;
    if (count <= 0) hang_up(to);
    data += count;
    length -= (size_t)count;
  }
}

static void flush(connection *to) {
  write_now(to, to->out, to->out_length);
  to->out_length = 0;
  if (to->ssl && BIO_flush(SSL_get_wbio(to->ssl)) <= 0) hang_up(to);
}

static void put(connection *to, const char *data, size_t length) {
  bool is_large = length >= OUT / 4;
  if (is_large || to->out_length + length > OUT) flush(to);
  if (is_large) {
    write_now(to, data, length);
    return;
  }
  memcpy(to->out + to->out_length, data, length);
  to->out_length += length;
}

__attribute__((format(printf, 2, 3))) static void say(connection *to, const char *format, ...) {
  char some[2048];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(some, sizeof some, format, arguments);
  va_end(arguments);
  put(to, some, (size_t)length < sizeof some ? (size_t)length : sizeof some - 1);
}

/* FETCH answers of the messages from 1 on, made once and kept: those of one list of items. */
typedef struct answers {
  struct answers *next;
  char *items;
  text bytes;
  size_t *ends;
  uint32_t count;
} answers;

/* The next item of "UID BODY.PEEK[HEADER.FIELDS (TO CC)]", without its PEEK. */
static bool next_item(const char **items, char *item, size_t room) {
  const char *at = *items + strspn(*items, " ()");
  size_t length = 0;
  int brackets = 0;
  for (; *at && (brackets > 0 || !strchr(" ()", *at)); at++) {
    brackets += (*at == '[') - (*at == ']');
    if (!strncasecmp(at, ".PEEK[", 6)) {
      at += 4;
      continue;
    }
    if (length + 1 < room) item[length++] = *at;
  }
  item[length] = 0;
  *items = at;
  return length > 0;
}

static answers *made(const char *items, uint32_t count) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static answers *all;
  pthread_mutex_lock(&lock);
  answers *found = all;
  while (found && strcmp(found->items, items)) found = found->next;
  if (!found) {
    found = calloc(1, sizeof *found);
    found->items = strdup(items);
    found->ends = malloc((MOST + 1) * sizeof *found->ends);
    found->ends[0] = 0;
    found->next = all;
    all = found;
  }
  for (uint32_t number = found->count + 1; number <= count; number++, found->count++) {
    char item[512];
    const char *rest = items;
    add(&found->bytes, "* %u FETCH ", number);
    for (char before = '('; next_item(&rest, item, sizeof item); before = ' ') {
      add_bytes(&found->bytes, &before, 1);
      add_item(&found->bytes, item, number);
    }
    add(&found->bytes, ")\r\n");
    found->ends[number] = found->bytes.length;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

static void body(connection *to, const char *items, uint32_t number) {
  size_t left = !strcmp(to->kind, "large") ? to->count : body_size(number);
  char item[512], label[512] = "BODY[]";
  bool has_uid = false;
  for (const char *rest = items; next_item(&rest, item, sizeof item);) {
    if (strchr(item, '[') || !strncmp(item, "RFC822", 6)) strcpy(label, item);
    has_uid |= !strcmp(item, "UID");
  }
  say(to, "* %u FETCH (", number);
  if (has_uid) say(to, "UID %u ", number);
  say(to, "%s {%zu}\r\n", label, left);
  for (size_t piece; left > 0; left -= piece) {
    piece = left < POOL ? left : POOL;
    put(to, pool(), piece);
  }
  say(to, ")\r\n");
}

static void fetch(connection *to, char *arguments, bool by_uid) {
  char *items = strchr(arguments, ' '), list[1024];
  if (!items) return;
  *items++ = 0;
  bool has_uid = strstr(items, "UID") != NULL;
  snprintf(list, sizeof list, "%s%s", by_uid && !has_uid ? "UID " : "", items);
  bool is_body = strstr(items, "[]") || strstr(items, "[TEXT]") || !strcmp(items, "RFC822");
  char *state;
  for (char *span = strtok_r(arguments, ",", &state); span; span = strtok_r(NULL, ",", &state)) {
    char *colon = strchr(span, ':');
    uint32_t first = (uint32_t)strtoul(span, NULL, 10);
    uint32_t last = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : first;
    if (is_body) {
      for (uint32_t number = first; number <= last; number++) body(to, list, number);
      continue;
    }
    if (first < 1 || last > MOST || last < first) continue;
    answers *all = made(list, last);
    put(to, all->bytes.data + all->ends[first - 1], all->ends[last] - all->ends[first - 1]);
  }
}

static void search(connection *to) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static text all;
  static size_t ends[MOST + 1];
  pthread_mutex_lock(&lock);
  if (!all.data) {
    for (uint32_t hit = 0, i = 1; i <= MOST; i++) {
      hit = next_hit(hit);
      add(&all, " %u", hit);
      ends[i] = all.length;
    }
  }
  pthread_mutex_unlock(&lock);
  say(to, "* SEARCH");
  put(to, all.data, ends[to->count < MOST ? to->count : MOST]);
  say(to, "\r\n");
}

static void status(connection *to, char *arguments) {
  char *items = strchr(arguments, '('), item[64];
  if (!items || items == arguments) return;
  items[-1] = 0;
  const char *name = arguments + strcspn(arguments, "0123456789");
  uint32_t number = (uint32_t)strtoul(name, NULL, 10);
  say(to, "* STATUS %s ", arguments);
  const char *rest = items;
  for (char before = '('; next_item(&rest, item, sizeof item); before = ' ') say(to, "%c%s %u", before, item, number);
  say(to, ")\r\n");
}

static void select_mailbox(connection *to, const char *name) {
  size_t length = strcspn(name += *name == '"', "0123456789");
  snprintf(to->kind, sizeof to->kind, "%.*s", (int)length, name);
  to->count = (uint32_t)strtoul(name + length, NULL, 10);
  say(to,
      "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded NonJunk)\r\n* %u EXISTS\r\n* 0 RECENT\r\n"
      "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] flags\r\n"
      "* OK [UIDVALIDITY 1] valid\r\n* OK [UIDNEXT 4000000000] next\r\n",
      !strcmp(to->kind, "large") ? 1 : to->count);
}

#define CAPABILITIES "IMAP4rev1 LITERAL+ UIDPLUS"

static void answer(connection *to, char *line) {
  char *tag = line, *command = strchr(line, ' '), *arguments = "", *code = "";
  if (!command) return;
  *command++ = 0;
  bool by_uid = !strncasecmp(command, "UID ", 4);
  if (by_uid) command += 4;
  char *space = strchr(command, ' ');
  if (space) *space = 0, arguments = space + 1;
  if (!strcasecmp(command, "FETCH")) fetch(to, arguments, by_uid);
  else if (!strcasecmp(command, "SEARCH")) search(to);
  else if (!strcasecmp(command, "STATUS")) status(to, arguments);
  else if (!strcasecmp(command, "SELECT") || !strcasecmp(command, "EXAMINE")) select_mailbox(to, arguments);
  else if (!strcasecmp(command, "CAPABILITY")) say(to, "* CAPABILITY " CAPABILITIES "\r\n");
  else if (!strcasecmp(command, "LOGIN")) code = "[CAPABILITY " CAPABILITIES "] ";
  else if (!strcasecmp(command, "LOGOUT")) say(to, "* BYE bye\r\n");
  else if (!strcasecmp(command, "APPEND")) {
    say(to, "%s OK [APPENDUID 1 %u] done\r\n", tag, ++to->appended);
    return;
  }
  say(to, "%s OK %sdone\r\n", tag, code);
}

static void remember(connection *to, const char *line, bool is_literal) {
  size_t length = strlen(line) + 1;
  pending *entry = malloc(sizeof *entry + length);
  *entry = (pending){.due = delay ? now() + delay : 0, .is_literal = is_literal};
  memcpy(entry->line, line, length);
  *to->last = entry;
  to->last = &entry->next;
}

/* A line has ended: more follows if it announces a literal. */
static void line_end(connection *to) {
  text *line = &to->line;
  while (line->length && strchr("\r\n", line->data[line->length - 1])) line->length--;
  add_bytes(line, "", 1);
  line->length--;
  char *marker = strrchr(line->data, '{');
  if (marker && line->data[line->length - 1] == '}') {
    to->literal = strtoul(marker + 1, NULL, 10);
    if (line->data[line->length - 2] != '+') remember(to, "", true);
    line->length = (size_t)(marker - line->data);
    return;
  }
  if (line->length) remember(to, line->data, false);
  line->length = 0;
}

static void arrived(connection *to, const char *data, size_t length) {
  while (length > 0) {
    size_t taken = to->literal < length ? to->literal : length;
    to->literal -= taken;
    data += taken;
    length -= taken;
    const char *end = memchr(data, '\n', length);
    taken = end ? (size_t)(end - data) + 1 : length;
    add_bytes(&to->line, data, taken);
    data += taken;
    length -= taken;
    if (end) line_end(to);
  }
}

/* Answers what is due; gives the milliseconds until the next is, -1: none. */
static int answer_due(connection *to) {
  for (pending *entry; (entry = to->first);) {
    int64_t wait = entry->due ? entry->due - now() : 0;
    if (wait > 0) {
      flush(to);
      return (int)(wait / 1000) + 1;
    }
    if (entry->is_literal) say(to, "+ go\r\n");
    else answer(to, entry->line);
    to->first = entry->next;
    if (!to->first) to->last = &to->first;
    free(entry);
  }
  flush(to);
  return -1;
}

static void *serve(void *data) {
  connection *to = data;
  int on = 1;
  static _Thread_local char buffer[IN];
  to->out = malloc(OUT);
  to->last = &to->first;
  if (tls) {
    to->ssl = SSL_new(tls);
    SSL_set_fd(to->ssl, to->fd);
    if (SSL_accept(to->ssl) != 1) hang_up(to);
    BIO *large = BIO_new(BIO_f_buffer());
    BIO_set_write_buffer_size(large, OUT);
    SSL_set0_wbio(to->ssl, BIO_push(large, BIO_new_socket(to->fd, BIO_NOCLOSE)));
  }
  say(to, "* OK [CAPABILITY " CAPABILITIES "] ready\r\n");
  flush(to);
  for (;;) {
    int wait = answer_due(to);
    struct pollfd readable = {.fd = to->fd, .events = POLLIN};
    if (wait >= 0 && poll(&readable, 1, wait) == 0) continue;
    /* A client that writes a command in two pieces is not to wait for an acknowledgement that is put off. */
    setsockopt(to->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    ssize_t count = to->ssl ? SSL_read(to->ssl, buffer, IN) : recv(to->fd, buffer, IN, 0);
    if (count <= 0) hang_up(to);
    arrived(to, buffer, (size_t)count);
  }
  return NULL;
}

static void *until_end_of_input(void *unused) {
  char byte;
  (void)unused;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  _exit(EXIT_SUCCESS);
}

static void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--delay") && i + 1 < argc) {
      delay = 1000 * atoll(argv[++i]);
    } else if (!strcmp(argv[i], "--tls") && i + 2 < argc) {
      tls = SSL_CTX_new(TLS_server_method());
      if (SSL_CTX_use_certificate_chain_file(tls, argv[++i]) != 1) fail(argv[i]);
      if (SSL_CTX_use_PrivateKey_file(tls, argv[++i], SSL_FILETYPE_PEM) != 1) fail(argv[i]);
    }
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64)) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  signal(SIGPIPE, SIG_IGN);
  pool();
  printf("%u\n", ntohs(address.sin_port));
  fflush(stdout);
  pthread_t thread;
  pthread_create(&thread, NULL, until_end_of_input, NULL);
  for (;;) {
    connection *to = calloc(1, sizeof *to);
    to->fd = accept(listener, NULL, NULL);
    if (to->fd < 0) fail("accept");
    setsockopt(to->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (pthread_create(&thread, NULL, serve, to)) fail("thread");
    pthread_detach(thread);
  }
}
