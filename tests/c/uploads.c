/* uploads: messages that are sent as they are read; one scenario a run.
 *
 *     uploads SCENARIO OPTION... */

#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static imap_client *client;
static imap_error *error;
static int released;

static void release(void *userdata) {
  (void)userdata;
  released++;
}

/* Gives a few x at a time, and now and then none. */
static imap_io read_some(void *userdata, uint8_t *buffer, size_t capacity, size_t *length) {
  static int count;
  (void)userdata;
  if (++count % 5 == 0) return IMAP_IO_AGAIN;
  *length = capacity < 7000 ? capacity : 7000;
  memset(buffer, 'x', *length);
  /* Nothing can be waited for in here. */
  imap_error *mine = NULL;
  CHECK(imap_noop(client, &mine) == IMAP_ERR_STATE, &mine);
  return IMAP_IO_DONE;
}

static imap_io read_nothing(void *userdata, uint8_t *buffer, size_t capacity, size_t *length) {
  (void)userdata, (void)buffer, (void)capacity, (void)length;
  return IMAP_IO_FAILED;
}

static imap_upload *of_message(const char *flags) {
  imap_upload *upload = imap_upload_new();
  CHECK(imap_upload_add_message(upload, flags, 0, 60, &error) == IMAP_OK, &error);
  return upload;
}

static void *write_pipe(void *data) {
  char bytes[1000];
  memset(bytes, 'x', sizeof bytes);
  for (int i = 0; i < 50; i++) {
    usleep(500);
    CHECK(write(*(int *)data, bytes, sizeof bytes) == sizeof bytes, NULL);
  }
  return NULL;
}

/* Bytes, a pipe, and a function, in one message. */
static void sources(void) {
  int ends[2];
  pthread_t writer;
  imap_assigned *assigned = NULL;
  CHECK(pipe(ends) == 0, NULL);
  imap_upload *upload = of_message("\\Seen");
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"xxxxx", 5, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_fd(upload, ends[0], 50000, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_reader(upload, 40000, read_some, NULL, release, &error) == IMAP_OK, &error);
  pthread_create(&writer, NULL, write_pipe, &ends[1]);
  CHECK(imap_append_upload(client, "Sent", upload, &assigned, &error) == IMAP_OK, &error);
  CHECK(assigned && assigned->uid_validity == 5 && imap_set_contains(assigned->uids, 11), NULL);
  imap_assigned_free(assigned);
  pthread_join(writer, NULL);
  CHECK(released == 0, NULL);
  imap_upload_free(upload);
  CHECK(released == 1, NULL);
  close(ends[0]), close(ends[1]);
}

/* Whoever sends a request can write its bytes, and see how far it is. */
static void later(void) {
  imap_request *request = NULL;
  imap_upload *upload = of_message(NULL);
  CHECK(imap_upload_add_later(upload, 100000, &error) == IMAP_OK, &error);
  CHECK(imap_send_upload(client, 0, "Sent", upload, &request, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  uint8_t bytes[3000];
  size_t taken = 0, sent = 0;
  memset(bytes, 'x', sizeof bytes);
  while (sent < 100000 && imap_request_write(request, bytes, sizeof bytes, &taken, &error) == IMAP_OK) {
    CHECK(taken > 0, NULL);
    sent += taken;
    int64_t done = 0, total = 0;
    imap_request_progress(request, &done, &total);
    CHECK(total == 100000 && done <= (int64_t)sent, NULL);
  }
  CHECK(sent == 100000, &error);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
  CHECK(imap_request_write(request, bytes, 1, &taken, &error) == IMAP_ERR_STATE && taken == 0, &error);
  imap_request_free(request);
}

static void several(void) {
  imap_assigned *assigned = NULL;
  imap_upload *upload = of_message("\\Seen");
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"one", 3, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_message(upload, NULL, -1, 0, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"two", 3, &error) == IMAP_OK, &error);
  CHECK(imap_append_upload(client, "Sent", upload, &assigned, &error) == IMAP_OK, &error);
  CHECK(assigned && imap_set_count(assigned->uids) == 2 && imap_set_at(assigned->uids, 1) == 12, NULL);
  imap_assigned_free(assigned);
  imap_upload_free(upload);
}

static void replaced(void) {
  imap_assigned *assigned = NULL;
  imap_upload *upload = of_message(NULL);
  CHECK(imap_select(client, "INBOX", NULL, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"new", 3, &error) == IMAP_OK, &error);
  CHECK(imap_replace(client, 7, "INBOX", upload, &assigned, &error) == IMAP_OK, &error);
  CHECK(assigned && imap_set_contains(assigned->uids, 11), NULL);
  printf("origin=%d\n", assigned ? (int)assigned->origin : -1);
  imap_assigned_free(assigned);
  imap_upload_free(upload);
}

static void wrong(void) {
  imap_assigned *assigned = (imap_assigned *)1;
  imap_upload *upload = imap_upload_new();
  CHECK(imap_append_upload(client, "Sent", upload, &assigned, &error) == IMAP_ERR_INVALID && !assigned, &error);
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"x", 1, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_upload_add_message(upload, NULL, -1, 0, &error) == IMAP_OK, &error);
  /* The adder that failed is remembered. */
  CHECK(imap_append_upload(client, "Sent", upload, &assigned, &error) == IMAP_ERR_INVALID, &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  CHECK(imap_append_upload(client, "Sent", upload, &assigned, &error) == IMAP_ERR_INVALID, &error);
  CHECK(imap_upload_add_later(upload, 0, &error) == IMAP_ERR_INVALID, &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  CHECK(imap_upload_add_fd(upload, 12345, -1, &error) == IMAP_ERR_INVALID, &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  CHECK(imap_upload_add_reader(upload, 10, NULL, NULL, release, &error) == IMAP_ERR_INVALID && released == 1, &error);
  imap_upload_free(upload);
  CHECK(imap_upload_add_message(NULL, NULL, -1, 0, &error) == IMAP_ERR_INVALID, &error);
  imap_upload_free(NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* A reader that fails, or a file that is too short, ends the command; its literal has begun. */
static void failing(void) {
  imap_upload *upload = of_message(NULL);
  CHECK(imap_upload_add_bytes(upload, (const uint8_t *)"xxx", 3, &error) == IMAP_OK, &error);
  CHECK(imap_upload_add_reader(upload, 10, read_nothing, NULL, release, &error) == IMAP_OK, &error);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_ERR_STOPPED && !error->is_usable, &error);
  imap_upload_free(upload);
  CHECK(imap_noop(client, &error) == IMAP_ERR_CLOSED && released == 1, &error);
}

/* A literal in memory is sent to its end after a cancel, so the connection stays. */
static void cancelled(void) {
  imap_request *request = NULL;
  imap_upload *upload = of_message(NULL);
  uint8_t *bytes = malloc(3000000);
  memset(bytes, 'x', 3000000);
  CHECK(imap_upload_add_bytes(upload, bytes, 3000000, &error) == IMAP_OK, &error);
  CHECK(imap_send_upload(client, 0, "Sent", upload, &request, &error) == IMAP_OK, &error);
  CHECK(imap_request_wait(request, 50, &error) == IMAP_ERR_TIMEOUT, &error);
  imap_request_cancel(request);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_CANCELLED && error->is_usable && error->may_be_done, &error);
  imap_request_free(request);
  imap_upload_free(upload);
  free(bytes);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

static int file_of(const char *text, size_t length) {
  char name[] = "/tmp/imap-upload-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  CHECK(fd >= 0 && write(fd, text, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0, NULL);
  return fd;
}

/* Line ends of files and bytes become CRLF, also where one piece ends and the next begins. */
static void fitted(void) {
  static char ends[100000];
  memset(ends, '\n', sizeof ends);
  const char *text = "one\ntwo\r\nthree\rfour\r";
  int small = file_of(text, strlen(text)), large = file_of(ends, sizeof ends), pipes[2];
  imap_upload *upload = of_message(NULL);
  imap_upload_add_fd(upload, small, 4, NULL);
  imap_upload_add_fd(upload, small, -1, NULL);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_ERR_INVALID && strstr(error->message, "ends 4 bytes"), &error);
  imap_upload_free(upload);
  CHECK(lseek(small, 0, SEEK_SET) == 0, NULL);
  upload = of_message(NULL);
  imap_upload_add_fd(upload, small, 4, NULL);
  imap_upload_add_fd(upload, small, (int64_t)strlen(text) - 4, NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)"\n", 1, NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)"five\n", 5, NULL);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  imap_upload_add_fd(upload, large, -1, NULL);
  imap_request *request = NULL;
  CHECK(imap_send_upload(client, 0, "Sent", upload, &request, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_OK, &error);
  imap_request_free(request);
  /* What cannot be read twice is refused, and nothing is sent. */
  CHECK(pipe(pipes) == 0, NULL);
  upload = of_message(NULL);
  imap_upload_add_fd(upload, pipes[0], 10, NULL);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_ERR_INVALID && error->is_usable, &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  imap_upload_add_reader(upload, 10, read_some, NULL, release, NULL);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_ERR_INVALID && strstr(error->message, "APPEND_CRLF"), &error);
  imap_upload_free(upload);
  upload = of_message(NULL);
  imap_upload_add_later(upload, 10, NULL);
  CHECK(imap_send_upload(client, 0, "Sent", upload, &request, &error) == IMAP_ERR_INVALID && !request, &error);
  imap_upload_free(upload);
  /* One with a NUL is binary, and left alone. */
  upload = of_message(NULL);
  imap_upload_add_bytes(upload, (const uint8_t *)"a\n\0", 3, NULL);
  imap_upload_add_reader(upload, 1, read_some, NULL, release, NULL);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  CHECK(released == 2, NULL);
  /* A file that has become shorter ends the command. */
  CHECK(lseek(large, 0, SEEK_SET) == 0, NULL);
  upload = of_message(NULL);
  imap_upload_add_fd(upload, large, -1, NULL);
  CHECK(imap_send_upload(client, 0, "Sent", upload, &request, &error) == IMAP_OK && ftruncate(large, 99) == 0, &error);
  CHECK(imap_request_wait(request, -1, &error) == IMAP_ERR_STOPPED && !error->is_usable, &error);
  imap_request_free(request);
  imap_upload_free(upload);
  close(small), close(large), close(pipes[0]), close(pipes[1]);
}

static void *cancel_soon(void *data) {
  usleep(100000);
  imap_cancel(client);
  return data;
}

/* Once a cancelled call has ended, its bytes are ours again, though they are not all sent. */
static void lent(void) {
  enum { SIZE = 30000000 };
  uint8_t *bytes = malloc(SIZE);
  memset(bytes, 'x', SIZE);
  pthread_t canceller;
  pthread_create(&canceller, NULL, cancel_soon, NULL);
  CHECK(imap_append(client, "Sent", NULL, -1, bytes, SIZE, NULL, &error) == IMAP_ERR_CANCELLED && error->is_usable &&
            error->may_be_done,
      &error);
  memset(bytes, 'y', SIZE);
  free(bytes);
  pthread_join(canceller, NULL);
  CHECK(imap_noop(client, &error) == IMAP_OK, &error);
}

/* A sparse file of 10 GB costs no memory. */
static void large(void) {
  char name[] = "/tmp/imap-upload-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  CHECK(fd >= 0 && ftruncate(fd, 10000000000) == 0 && imap_noop(client, &error) == IMAP_OK, &error);
  long before = memory("VmHWM:");
  imap_upload *upload = of_message(NULL);
  CHECK(imap_upload_add_fd(upload, fd, -1, &error) == IMAP_OK, &error);
  CHECK(imap_append_upload(client, "Sent", upload, NULL, &error) == IMAP_OK, &error);
  imap_upload_free(upload);
  close(fd);
  long grown = memory("VmHWM:") - before;
  printf("10000000000 bytes in %ld KiB\n", grown);
  CHECK(grown < 1024, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3) return EXIT_FAILURE;
  client = connected(argv + 2);
  if (!client) return EXIT_FAILURE;
#define SCENARIO(name) if (!strcmp(argv[1], #name)) name(); else
  SCENARIO(sources) SCENARIO(later) SCENARIO(several) SCENARIO(replaced) SCENARIO(wrong) SCENARIO(failing)
  SCENARIO(cancelled) SCENARIO(fitted) SCENARIO(lent) SCENARIO(large) failures++;
  imap_client_free(client);
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
