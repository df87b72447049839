/* libcurl: the workloads by its easy interface; it gives the bytes of an answer, not what is in them.
 *
 *     libcurl WORKLOAD MODE PORT COUNT [CA] */

#define _GNU_SOURCE
#include "measure.h"

#include <curl/curl.h>

enum { SIZE = 100000 };

static CURL *curl;
static sums total;
static char base[64];
static char message[SIZE];
static size_t sent;

static size_t take(char *data, size_t size, size_t count, void *unused) {
  (void)unused;
  total.bytes += size * count;
  total.touched += (unsigned char)*data;
  return size * count;
}

static size_t give(char *into, size_t size, size_t count, void *unused) {
  size_t most = size * count < SIZE - sent ? size * count : SIZE - sent;
  (void)unused;
  memcpy(into, message + sent, most);
  sent += most;
  return most;
}

/* `path` behind the server's name, `request` instead of what the path means. */
static void perform(const char *path, const char *request) {
  char url[256];
  snprintf(url, sizeof url, "%s/%s", base, path);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request);
  CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return;
  fprintf(stderr, "%s\n", curl_easy_strerror(code));
  exit(EXIT_FAILURE);
}

static void one(const char *kind, long count, const char *request) {
  char path[64];
  snprintf(path, sizeof path, "%s%ld", kind, count);
  perform(path, "NOOP");
  begin();
  perform(path, request);
  end(&total);
}

/* A body by its URL, one transfer each. */
static void bodies(const char *kind, long count, long last) {
  char path[64];
  snprintf(path, sizeof path, "%s%ld", kind, count);
  perform(path, "NOOP");
  total = (sums){0};
  begin();
  for (long uid = 1; uid <= last; uid++, total.messages++) {
    snprintf(path, sizeof path, "%s%ld/;UID=%ld", kind, count, uid);
    perform(path, NULL);
  }
  end(&total);
}

static void repeated(long count, const char *format) {
  char request[64];
  perform("", "NOOP");
  begin();
  for (long i = 0; i < count; i++, total.messages++) {
    snprintf(request, sizeof request, format, i);
    perform("", request);
  }
  end(&total);
}

static void appends(long count) {
  memset(message, 'x', SIZE);
  perform("", "NOOP");
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE, (long)SIZE);
  begin();
  for (long i = 0; i < count; i++, total.messages++) {
    sent = 0;
    perform("sent", NULL);
  }
  end(&total);
}

int main(int argc, char **argv) {
  if (argc < 5) return EXIT_FAILURE;
  const char *workload = argv[1];
  long count = atol(argv[4]);
  char request[256];
  curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 10L << 20);
  snprintf(base, sizeof base, "%s://localhost:%s", argc > 5 ? "imaps" : "imap", argv[3]);
  curl_easy_setopt(curl, CURLOPT_USERNAME, "alice");
  curl_easy_setopt(curl, CURLOPT_PASSWORD, "secret");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  if (argc > 5) curl_easy_setopt(curl, CURLOPT_CAINFO, argv[5]);
  if (!strcmp(workload, "W1")) {
    snprintf(request, sizeof request,
        "FETCH 1:%ld (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", count);
    one("mail", count, request);
  } else if (!strcmp(workload, "W2") || !strcmp(workload, "W8")) {
    bodies("bodies", count, count);
  } else if (!strcmp(workload, "W3")) {
    bodies("large", count, 1);
  } else if (!strcmp(workload, "W4")) {
    snprintf(request, sizeof request, "UID FETCH 1:%ld (FLAGS)", count);
    one("mail", count, request);
  } else if (!strcmp(workload, "W5")) {
    one("hits", count, "UID SEARCH ALL");
    if (total.bytes < 2 * (uint64_t)count) {
      fprintf(stderr, "gives only %" PRIu64 " bytes of the answer\n", total.bytes);
      return 3;
    }
  } else if (!strcmp(workload, "W6")) {
    repeated(count, "NOOP");
  } else if (!strcmp(workload, "W7")) {
    repeated(count, "STATUS box%ld (MESSAGES)");
  } else if (!strcmp(workload, "W9")) {
    appends(count);
  }
  curl_easy_cleanup(curl);
  return EXIT_SUCCESS;
}
