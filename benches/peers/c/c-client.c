/* c-client: the workloads by the University of Washington's library: c-client WORKLOAD MODE PORT COUNT [CA]
 * It keeps its own cache of the mailbox, which is filled ahead of what is asked for, and read here. */

#define _GNU_SOURCE
#include "measure.h"

#include <c-client/c-client.h>
#include <c-client/imap4r1.h>

static sums total;
static char server[128];

/* What the library calls back. */
void mm_searched(MAILSTREAM *stream, unsigned long number) {
  (void)stream;
  total.messages++;
  total.numbers += number;
}
void mm_status(MAILSTREAM *stream, char *mailbox, MAILSTATUS *status) {
  (void)stream, (void)mailbox;
  total.messages++;
  total.numbers += status->messages;
}
void mm_login(NETMBX *mailbox, char *user, char *password, long trial) {
  (void)mailbox, (void)trial;
  strcpy(user, "alice");
  strcpy(password, "secret");
}
void mm_exists(MAILSTREAM *s, unsigned long n) { (void)s, (void)n; }
void mm_expunged(MAILSTREAM *s, unsigned long n) { (void)s, (void)n; }
void mm_flags(MAILSTREAM *s, unsigned long n) { (void)s, (void)n; }
void mm_notify(MAILSTREAM *s, char *text, long level) { (void)s, (void)text, (void)level; }
void mm_list(MAILSTREAM *s, int delimiter, char *name, long attributes) {
  (void)s, (void)delimiter, (void)name, (void)attributes;
}
void mm_lsub(MAILSTREAM *s, int delimiter, char *name, long attributes) {
  (void)s, (void)delimiter, (void)name, (void)attributes;
}
void mm_log(char *text, long level) {
  if (level == ERROR) fprintf(stderr, "%s\n", text);
}
void mm_dlog(char *text) { (void)text; }
void mm_critical(MAILSTREAM *s) { (void)s; }
void mm_nocritical(MAILSTREAM *s) { (void)s; }
long mm_diskerror(MAILSTREAM *s, long code, long serious) { return (void)s, (void)code, (void)serious, NIL; }
void mm_fatal(char *text) { fprintf(stderr, "%s\n", text); }

static void fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  exit(EXIT_FAILURE);
}

static MAILSTREAM *opened(const char *kind, long count, long options) {
  char name[256];
  snprintf(name, sizeof name, "%s%s%ld", server, kind, count);
  MAILSTREAM *stream = mail_open(NIL, name, options);
  if (!stream) fail("mail_open");
  return stream;
}

static void read_addresses(ADDRESS *one) {
  for (; one; one = one->next) {
    total.addresses++;
    total.touched += touch(one->personal) + touch(one->mailbox) + touch(one->host) + touch(one->adl);
  }
}

static void read_envelope(ENVELOPE *envelope) {
  total.touched += touch((char *)envelope->date) + touch(envelope->subject) + touch(envelope->in_reply_to) +
      touch(envelope->message_id);
  read_addresses(envelope->from);
  read_addresses(envelope->sender);
  read_addresses(envelope->reply_to);
  read_addresses(envelope->to);
  read_addresses(envelope->cc);
  read_addresses(envelope->bcc);
}

static void read_parameters(PARAMETER *one) {
  for (; one; one = one->next) total.touched += touch(one->attribute) + touch(one->value);
}

static void read_body(BODY *body) {
  total.parts++;
  total.touched += body->type + body->encoding + touch(body->subtype) + touch(body->id) + touch(body->description) +
      touch(body->disposition.type) + touch(body->md5) + touch(body->location) + body->size.bytes + body->size.lines;
  read_parameters(body->parameter);
  read_parameters(body->disposition.parameter);
  for (STRINGLIST *language = body->language; language; language = language->next)
    total.touched += touch((char *)language->text.data);
  if (body->type == TYPEMULTIPART) {
    for (PART *part = body->nested.part; part; part = part->next) read_body(&part->body);
  } else if (body->type == TYPEMESSAGE && body->nested.msg) {
    if (body->nested.msg->env) read_envelope(body->nested.msg->env);
    if (body->nested.msg->body) read_body(body->nested.msg->body);
  }
}

static void read_flags(MAILSTREAM *stream, unsigned long number) {
  MESSAGECACHE *cache = mail_elt(stream, number);
  total.flags += cache->seen + cache->deleted + cache->flagged + cache->answered + cache->draft + cache->recent +
      (uint64_t)__builtin_popcountl(cache->user_flags);
}

static void envelopes(long count) {
  MAILSTREAM *stream = opened("mail", count, NIL);
  begin();
  for (unsigned long number = 1; number <= (unsigned long)count; number++) {
    BODY *body = NIL;
    ENVELOPE *envelope = mail_fetch_structure(stream, number, &body, NIL);
    if (!envelope || !body) fail("mail_fetch_structure");
    read_envelope(envelope);
    read_body(body);
    read_flags(stream, number);
    MESSAGECACHE *cache = mail_elt(stream, number);
    total.messages++;
    total.touched += cache->year;
    total.numbers += mail_uid(stream, number) + cache->rfc822_size;
  }
  end(&total);
}

static void bodies(const char *kind, long count, long last) {
  MAILSTREAM *stream = opened(kind, count, NIL);
  begin();
  for (unsigned long number = 1; number <= (unsigned long)last; number++) {
    unsigned long length = 0;
    char *text = mail_fetch_message(stream, number, &length, FT_PEEK);
    total.messages++;
    total.bytes += length;
    total.touched += touch(text);
  }
  end(&total);
}

static void flags(long count) {
  char set[64];
  MAILSTREAM *stream = opened("mail", count, NIL);
  snprintf(set, sizeof set, "1:%ld", count);
  begin();
  mail_fetch_flags(stream, set, FT_UID);
  for (unsigned long number = 1; number <= (unsigned long)count; number++, total.messages++) {
    read_flags(stream, number);
    total.numbers += mail_elt(stream, number)->private.uid;
  }
  end(&total);
}

static void search_all(long count) {
  MAILSTREAM *stream = opened("hits", count, NIL);
  begin();
  mail_search_full(stream, NIL, mail_criteria("ALL"), SE_UID | SE_FREE);
  end(&total);
}

static void noops(long count) {
  MAILSTREAM *stream = opened("mail", 1, NIL);
  begin();
  for (long i = 0; i < count; i++)
    if (!mail_ping(stream)) fail("mail_ping");
  end(&total);
}

static void statuses(long count) {
  char name[256];
  MAILSTREAM *stream = opened("mail", 1, NIL);
  begin();
  for (long i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%sbox%ld", server, i);
    if (!mail_status(stream, name, SA_MESSAGES)) fail("mail_status");
  }
  end(&total);
}

static void appends(long count) {
  enum { SIZE = 100000 };
  char name[256], *message = malloc(SIZE);
  MAILSTREAM *stream = opened("mail", 1, NIL);
  memset(message, 'x', SIZE);
  snprintf(name, sizeof name, "%ssent", server);
  begin();
  for (long i = 0; i < count; i++, total.messages++) {
    STRING string;
    INIT(&string, mail_string, message, SIZE);
    if (!mail_append(stream, name, &string)) fail("mail_append");
  }
  end(&total);
}

int main(int argc, char **argv) {
  if (argc < 5) return EXIT_FAILURE;
  const char *workload = argv[1];
  long count = atol(argv[4]);
  mail_link(&imapdriver);
  auth_link(&auth_log);
  if (argc > 5) ssl_onceonlyinit();
  snprintf(server, sizeof server, "{localhost:%s/imap%s/user=alice}", argv[3], argc > 5 ? "/ssl" : "/notls");
  if (!strcmp(workload, "W1")) envelopes(count);
  else if (!strcmp(workload, "W2") || !strcmp(workload, "W8")) bodies("bodies", count, count);
  else if (!strcmp(workload, "W3")) bodies("large", count, 1);
  else if (!strcmp(workload, "W4")) flags(count);
  else if (!strcmp(workload, "W5")) search_all(count);
  else if (!strcmp(workload, "W6")) noops(count);
  else if (!strcmp(workload, "W7")) statuses(count);
  else if (!strcmp(workload, "W9")) appends(count);
  return EXIT_SUCCESS;
}
