/* limit: what the same bytes cost a C program that does nothing with them.
 *
 *     limit WORKLOAD read|keep PORT COUNT [CA]
 *
 * read: into one reused buffer until the tagged OK; keep: each literal into fresh memory, which is kept. */

#define _GNU_SOURCE
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { ROOM = 64 * 1024 };

static int fd;
static SSL *ssl;
static char buffer[ROOM + 1];
static sums total;

static void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static size_t receive(char *into, size_t room) {
  ssize_t count = ssl ? SSL_read(ssl, into, (int)(room < 1 << 30 ? room : 1 << 30)) : read(fd, into, room);
  if (count <= 0) fail("read");
  total.bytes += (uint64_t)count;
  return (size_t)count;
}

static void transmit(const char *data, size_t length) {
  while (length > 0) {
    ssize_t count = ssl ? SSL_write(ssl, data, (int)length) : write(fd, data, length);
    if (count <= 0) fail("write");
    data += count;
    length -= (size_t)count;
  }
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  transmit(line, (size_t)length);
}

/* The last line of what has come is the tagged one: all tags here are "a". */
static bool is_over(const char *data, size_t length) {
  if (length < 5 || data[length - 1] != '\n') return false;
  const char *before = memrchr(data, '\n', length - 1);
  const char *line = before ? before + 1 : data;
  return !strncmp(line, "a OK", 4);
}

static void read_all(void) {
  enum { TAIL = 64 };
  size_t kept = 0;
  for (;;) {
    size_t length = kept + receive(buffer + kept, ROOM - kept);
    if (is_over(buffer, length)) return;
    kept = length < TAIL ? length : TAIL;
    memmove(buffer, buffer + length - kept, kept);
  }
}

/* The size that a line ends with: "{310}". */
static size_t announced(const char *line, size_t length) {
  const char *brace = memrchr(line, '{', length);
  return brace && line[length - 3] == '}' ? strtoul(brace + 1, NULL, 10) : 0;
}

static void keep_all(void) {
  size_t here = 0, at = 0;
  for (;;) {
    char *end = memchr(buffer + at, '\n', here - at);
    if (!end) {
      memmove(buffer, buffer + at, here - at);
      here -= at;
      at = 0;
      here += receive(buffer + here, (ssl ? 4096 : 8192) - here);
      continue;
    }
    char *line = buffer + at;
    size_t length = (size_t)(end + 1 - line), size = announced(line, length);
    at += length;
    if (!strncmp(line, "a OK", 4)) return;
    if (!size) continue;
    char *literal = malloc(size);
    size_t have = here - at < size ? here - at : size;
    memcpy(literal, buffer + at, have);
    at += have;
    while (have < size) have += receive(literal + have, size - have);
    total.touched += touch(literal);
  }
}

static void dial(int port, const char *ca) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  if (ca) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(context, ca, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    SSL_set1_host(ssl, "localhost");
    if (SSL_connect(ssl) != 1) fail("TLS");
  }
  receive(buffer, ROOM);
  say("a LOGIN alice secret\r\n");
  read_all();
}

static void fetch(const char *kind, long count, const char *command, bool keeps) {
  say("a SELECT %s%ld\r\n", kind, count);
  read_all();
  total = (sums){0};
  begin();
  say("a %s\r\n", command);
  if (keeps) keep_all();
  else read_all();
}

static void noops(long count) {
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  begin();
  for (long i = 0; i < count; i++) {
    say("a NOOP\r\n");
    poll(&readable, 1, -1);
    receive(buffer, ROOM);
  }
}

static void statuses(long count) {
  begin();
  for (long i = 0; i < count; i++) say("%s STATUS box%ld (MESSAGES)\r\n", i + 1 == count ? "a" : "b", i);
  read_all();
}

static void appends(long count) {
  enum { SIZE = 100000 };
  char *message = malloc(SIZE + 2);
  memset(message, 'x', SIZE);
  memcpy(message + SIZE, "\r\n", 2);
  begin();
  for (long i = 0; i < count; i++) {
    say("a APPEND sent {%d}\r\n", SIZE);
    receive(buffer, ROOM);
    transmit(message, SIZE + 2);
    receive(buffer, ROOM);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return EXIT_FAILURE;
  const char *workload = argv[1];
  bool keeps = !strcmp(argv[2], "keep");
  long count = atol(argv[4]);
  char command[256];
  dial(atoi(argv[3]), argc > 5 ? argv[5] : NULL);
  if (!strcmp(workload, "W1")) {
    snprintf(command, sizeof command,
        "FETCH 1:%ld (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", count);
    fetch("mail", count, command, keeps);
  } else if (!strcmp(workload, "W2") || !strcmp(workload, "W8")) {
    snprintf(command, sizeof command, "UID FETCH 1:%ld (BODY.PEEK[])", count);
    fetch("bodies", count, command, keeps);
  } else if (!strcmp(workload, "W3")) {
    fetch("large", count, "UID FETCH 1 (BODY.PEEK[])", keeps);
  } else if (!strcmp(workload, "W4")) {
    snprintf(command, sizeof command, "UID FETCH 1:%ld (FLAGS)", count);
    fetch("mail", count, command, keeps);
  } else if (!strcmp(workload, "W5")) {
    fetch("hits", count, "UID SEARCH ALL", keeps);
  } else if (!strcmp(workload, "W6")) {
    noops(count);
  } else if (!strcmp(workload, "W7")) {
    statuses(count);
  } else if (!strcmp(workload, "W9")) {
    appends(count);
  }
  end(&total);
  return EXIT_SUCCESS;
}
