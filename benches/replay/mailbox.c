#include "mailbox.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void add_bytes(text *to, const void *data, size_t length) {
  if (to->room - to->length < length) {
    to->room = 2 * to->room + length + 256;
    to->data = realloc(to->data, to->room);
    if (!to->data) abort();
  }
  memcpy(to->data + to->length, data, length);
  to->length += length;
}

void add(text *to, const char *format, ...) {
  char some[4096];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(some, sizeof some, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof some) abort();
  add_bytes(to, some, (size_t)length);
}

/* splitmix64: each message has its own sequence, so that it is the same in whatever order it is asked for. */
typedef struct {
  uint64_t state;
} chance;

static uint32_t draw(chance *from, uint32_t below) {
  uint64_t z = from->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static bool in_hundred(chance *from, uint32_t percent) { return draw(from, 100) < percent; }

#define ANY(from, array) ((array)[draw(from, COUNT(array))])

static const char *const first_names[] = {"Alice", "Bob", "Carla", "Dmitri", "Erika", "Fatima", "George", "Hiroshi",
    "Ingrid", "Joao", "Katherine", "Lars", "Maria", "Nikolaos", "Olivia", "Pavel"};
static const char *const last_names[] = {"Anderson", "Bianchi", "Castro", "Dubois", "Eriksson", "Fischer", "Garcia",
    "Hansen", "Ivanova", "Johnson", "Kowalski", "Lehmann", "Martinez", "Nakamura", "O'Brien", "Papadopoulos"};
static const char *const encoded_names[] = {"=?UTF-8?Q?Zo=C3=AB_M=C3=BCller?=", "=?utf-8?B?SsO2cmcgR3LDpGY=?=",
    "=?ISO-8859-1?Q?Ren=E9_Lef=E8vre?=", "=?UTF-8?B?5bGx55Sw5aSq6YOO?=", "=?koi8-r?B?6dfBziDQxdTSz9c=?="};
static const char *const hosts[] = {"example.org", "example.com", "mail.example.net", "lists.example.org",
    "support.example.com", "cs.example.edu", "bounce.newsletter.example.com", "example.de"};
static const char *const words[] = {"meeting", "minutes", "of", "the", "last", "week", "invoice", "for", "project",
    "update", "your", "order", "has", "been", "shipped", "question", "about", "release", "notes", "travel", "plans",
    "and", "budget", "2003", "draft", "review", "weekly", "report", "reminder", "party"};
static const char *const encoded_subjects[] = {"=?UTF-8?Q?Sch=C3=B6ne_Gr=C3=BC=C3=9Fe_aus_M=C3=BCnchen?=",
    "=?UTF-8?B?UmU6IOS8muitsOOBruizh+aWmeOBq+OBpOOBhOOBpg==?=",
    "=?ISO-8859-15?Q?Votre_facture_du_mois_de_f=E9vrier?=",
    "=?UTF-8?Q?Re=3A_R=C3=A9union_de_l=E2=80=99=C3=A9quipe_=E2=80=93_compte?= =?UTF-8?Q?_rendu_et_prochaines_=C3=A9tapes?=",
    "=?UTF-8?B?8J+OiSBZb3VyIHdlZWtseSBkaWdlc3Q=?="};
static const char *const months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const zones[] = {"+0000", "+0100", "+0200", "-0500", "-0800", "+0900"};

static void address(text *to, chance *from) {
  const char *first = ANY(from, first_names), *last = ANY(from, last_names), *host = ANY(from, hosts);
  uint32_t kind = draw(from, 100);
  if (kind < 12) {
    add(to, "(NIL NIL \"%s.%s\" \"%s\")", first, last, host);
  } else if (kind < 25) {
    add(to, "(\"%s\" NIL \"%s%u\" \"%s\")", ANY(from, encoded_names), first, draw(from, 1000), host);
  } else {
    add(to, "(\"%s %s\" NIL \"%s.%s\" \"%s\")", first, last, first, last, host);
  }
}

/* Nearly always few, sometimes a whole department. */
static void addresses(text *to, chance *from, bool may_be_nil) {
  if (may_be_nil && in_hundred(from, 50)) {
    add(to, "NIL");
    return;
  }
  uint32_t count = 1 + (in_hundred(from, 40) ? draw(from, 5) : 0) + (in_hundred(from, 2) ? draw(from, 40) : 0);
  add(to, "(");
  while (count--) address(to, from);
  add(to, ")");
}

static void sentence(text *to, chance *from, uint32_t most) {
  uint32_t count = 2 + draw(from, most);
  for (uint32_t i = 0; i < count; i++) add(to, i ? " %s" : "%s", ANY(from, words));
}

static void subject(text *to, chance *from) {
  uint32_t kind = draw(from, 100);
  if (kind < 2) {
    text said = {0};
    add(&said, "Re: \"");
    sentence(&said, from, 6);
    add(&said, "\" - what came of it");
    add(to, "{%zu}\r\n", said.length);
    add_bytes(to, said.data, said.length);
    free(said.data);
  } else if (kind < 25) {
    add(to, "\"%s\"", ANY(from, encoded_subjects));
  } else {
    add(to, kind < 60 ? "\"Re: " : "\"");
    sentence(to, from, 8);
    add(to, "\"");
  }
}

static void message_id(text *to, chance *from) {
  add(to, "\"<%08x.%06x.%u@%s>\"", draw(from, UINT32_MAX), draw(from, 1 << 24), draw(from, 100000), ANY(from, hosts));
}

static void clock_and_zone(text *to, chance *from) {
  add(to, " %02u:%02u:%02u %s\"", draw(from, 24), draw(from, 60), draw(from, 60), ANY(from, zones));
}

static void header_date(text *to, chance *from) {
  add(to, "\"%s, %u %s %u", ANY(from, days), draw(from, 28) + 1, ANY(from, months), 2001 + draw(from, 24));
  clock_and_zone(to, from);
}

static void internal_date(text *to, chance *from) {
  add(to, "\"%2u-%s-%u", draw(from, 28) + 1, ANY(from, months), 2001 + draw(from, 24));
  clock_and_zone(to, from);
}

static void envelope(text *to, chance *from) {
  add(to, "(");
  header_date(to, from);
  add(to, " ");
  subject(to, from);
  text sender = {0};
  add(&sender, "(");
  address(&sender, from);
  add(&sender, ")");
  add(to, " ");
  add_bytes(to, sender.data, sender.length);
  for (int i = 0; i < 2; i++) {
    add(to, " ");
    if (in_hundred(from, 90)) add_bytes(to, sender.data, sender.length);
    else addresses(to, from, false);
  }
  free(sender.data);
  add(to, " ");
  addresses(to, from, false);
  add(to, " ");
  addresses(to, from, true);
  add(to, " NIL ");
  if (in_hundred(from, 55)) message_id(to, from);
  else add(to, "NIL");
  add(to, " ");
  message_id(to, from);
  add(to, ")");
}

/* Sizes with a long tail. */
static uint32_t some_size(chance *from) {
  uint32_t bits = 8 + draw(from, 8) + (in_hundred(from, 10) ? draw(from, 8) : 0);
  return (1u << bits) + draw(from, 1u << bits);
}

static void text_part(text *to, chance *from, const char *subtype) {
  static const char *const charsets[] = {"UTF-8", "UTF-8", "utf-8", "iso-8859-1", "us-ascii"};
  static const char *const encodings[] = {"QUOTED-PRINTABLE", "quoted-printable", "7BIT", "7bit", "BASE64"};
  uint32_t size = some_size(from);
  add(to, "(\"TEXT\" \"%s\" (\"CHARSET\" \"%s\") NIL NIL \"%s\" %u %u NIL NIL NIL NIL)", subtype, ANY(from, charsets),
      ANY(from, encodings), size, size / 60 + 1);
}

static void attachment(text *to, chance *from) {
  static const char *const kinds[][3] = {{"APPLICATION", "PDF", "minutes.pdf"}, {"IMAGE", "JPEG", "DSC_0481.JPG"},
      {"APPLICATION", "OCTET-STREAM", "data.bin"},
      {"APPLICATION", "VND.OPENXMLFORMATS-OFFICEDOCUMENT.WORDPROCESSINGML.DOCUMENT", "=?UTF-8?Q?L=C3=A4ufer.docx?="}};
  const char *const *kind = ANY(from, kinds);
  add(to, "(\"%s\" \"%s\" (\"NAME\" \"%s\") NIL NIL \"BASE64\" %u NIL (\"ATTACHMENT\" (\"FILENAME\" \"%s\"", kind[0],
      kind[1], kind[2], some_size(from) * 16, kind[2]);
  if (in_hundred(from, 30)) add(to, " \"SIZE\" \"%u\"", some_size(from) * 11);
  add(to, ")) NIL NIL)");
}

static void boundary(text *to, chance *from, const char *subtype) {
  add(to, " \"%s\" (\"BOUNDARY\" \"----=_Part_%u_%08x.%u\") NIL NIL NIL)", subtype, draw(from, 100000),
      draw(from, UINT32_MAX), draw(from, 1u << 31));
}

static void alternative(text *to, chance *from) {
  add(to, "(");
  text_part(to, from, "PLAIN");
  text_part(to, from, "HTML");
  boundary(to, from, "ALTERNATIVE");
}

static void structure(text *to, chance *from) {
  uint32_t kind = draw(from, 100);
  if (kind < 35) {
    text_part(to, from, kind < 30 ? "PLAIN" : "HTML");
  } else if (kind < 75) {
    alternative(to, from);
  } else if (kind < 90) {
    uint32_t count = 1 + draw(from, 3);
    add(to, "(");
    if (kind < 83) alternative(to, from);
    else text_part(to, from, "PLAIN");
    while (count--) attachment(to, from);
    boundary(to, from, "MIXED");
  } else if (kind < 95) {
    add(to, "((");
    text_part(to, from, "HTML");
    add(to, "(\"IMAGE\" \"PNG\" (\"NAME\" \"logo.png\") \"<part1.%08x@example.org>\" NIL \"BASE64\" %u NIL"
            " (\"INLINE\" (\"FILENAME\" \"logo.png\")) NIL NIL)",
        draw(from, UINT32_MAX), some_size(from));
    boundary(to, from, "RELATED");
    attachment(to, from);
    boundary(to, from, "MIXED");
  } else {
    uint32_t size = some_size(from) * 8;
    add(to, "(");
    text_part(to, from, "PLAIN");
    add(to, "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" %u ", size);
    envelope(to, from);
    add(to, " ");
    alternative(to, from);
    add(to, " %u NIL (\"ATTACHMENT\" NIL) NIL NIL)", size / 60);
    boundary(to, from, "MIXED");
  }
}

static void flags(text *to, chance *from) {
  static const char *const lists[] = {"\\Seen", "\\Seen", "\\Seen", "\\Seen \\Answered", "\\Seen $Forwarded", "",
      "\\Seen \\Flagged", "\\Answered \\Seen NonJunk", "\\Seen NonJunk", "\\Recent"};
  add(to, "(%s)", ANY(from, lists));
}

void add_item(text *to, const char *item, uint32_t number) {
  /* A sequence for each item, so that an item is the same whatever stands beside it. */
  chance from = {(uint64_t)number << 8 | (uint8_t)(item[0] + item[strlen(item) - 1])};
  for (int i = 0; i < 4; i++) draw(&from, 2);
  add(to, "%s ", item);
  if (!strcmp(item, "UID")) add(to, "%u", number);
  else if (!strcmp(item, "FLAGS")) flags(to, &from);
  else if (!strcmp(item, "INTERNALDATE")) internal_date(to, &from);
  else if (!strcmp(item, "RFC822.SIZE")) add(to, "%u", some_size(&from) * 4);
  else if (!strcmp(item, "ENVELOPE")) envelope(to, &from);
  else if (!strcmp(item, "BODYSTRUCTURE")) structure(to, &from);
  else if (!strncmp(item, "BODY[HEADER.FIELDS", 18)) add(to, "{2}\r\n\r\n");
  else add(to, "NIL");
}

uint32_t next_hit(uint32_t last) {
  chance from = {last};
  return last + (draw(&from, 4) ? 1 : 1 + draw(&from, 9));
}

size_t body_size(uint32_t number) {
  chance from = {number};
  return 60000 + draw(&from, 80000);
}

const char *pool(void) {
  static char *made;
  if (made) return made;
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const char header[] = "From: Alice Anderson <alice@example.org>\r\nSubject: photos\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  chance from = {1};
  made = malloc(POOL);
  if (!made) abort();
  for (size_t i = 0; i < POOL; i++) made[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : letters[draw(&from, 64)];
  memcpy(made, header, sizeof header - 1);
  return made;
}
