/* secrets: logs in, wipes its own copy of the password, and looks for it in all memory of this process.
 *
 *     secrets PORT */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Neither the password nor its base64, at any of three places, stands in this program as it is: the letters are moved
 * by one. "carl-x-password-of-the-test-7Q", and the middles of what base64 makes of it. */
static const char *const MOVED[] = {"dbsm.y.qbttxpse.pg.uif.uftu.8R"};

static char password[64];

static void unmove(const char *moved, char *out) {
  while (*moved) *out++ = (char)(*moved++ - 1);
  *out = '\0';
}

static size_t encode(const char *text, size_t skipped, char *out) {
  static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t made = 0;
  for (const char *at = text + skipped; at[0] && at[1] && at[2]; at += 3) {
    unsigned bits = (unsigned)(unsigned char)at[0] << 16 | (unsigned)(unsigned char)at[1] << 8 | (unsigned char)at[2];
    for (int shift = 18; shift >= 0; shift -= 6) out[made++] = (char)(LETTERS[bits >> shift & 63] + 1);
  }
  return made;
}

/* How often what is moved stands there unmoved. */
static size_t count_in(const unsigned char *from, const unsigned char *to, const char *moved, size_t length) {
  size_t found = 0;
  for (const unsigned char *at = from; at + length <= to; at++) {
    size_t same = 0;
    while (same < length && at[same] == (unsigned char)(moved[same] - 1)) same++;
    found += same == length;
  }
  return found;
}

static size_t look(const char *moved, size_t length) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512], mode[8];
  unsigned long from, to;
  size_t found = 0;
  while (maps && fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' || mode[1] != 'w') continue;
    found += count_in((const unsigned char *)from, (const unsigned char *)to, moved, length);
  }
  if (maps) fclose(maps);
  return found;
}

static void wipe(volatile char *bytes, size_t count) {
  while (count--) *bytes++ = 0;
}

int main(int argc, char **argv) {
  imap_client *client = NULL;
  imap_options *options = imap_options_new();
  if (argc < 2) return EXIT_FAILURE;
  imap_options_set_text(options, IMAP_OPTION_PORT, argv[1], NULL);
  imap_options_set_number(options, IMAP_OPTION_TLS, IMAP_TLS_NONE, NULL);
  imap_options_set_number(options, IMAP_OPTION_DANGER_PLAINTEXT_LOGIN, 1, NULL);
  unmove(MOVED[0], password);
  imap_error *error = NULL;
  if (imap_connect("127.0.0.1", options, &client, &error) || imap_login(client, "carl", password, &error))
    return puts(error->message), EXIT_FAILURE;
  if (look(MOVED[0], strlen(MOVED[0])) == 0) return puts("its own copy was not found"), EXIT_FAILURE;
  /* The three ways in which base64 can fall on it. */
  char encoded[3][64];
  size_t lengths[3];
  for (size_t skipped = 0; skipped < 3; skipped++) lengths[skipped] = encode(password, skipped, encoded[skipped]);
  wipe(password, sizeof password);
  size_t found = look(MOVED[0], strlen(MOVED[0]));
  for (size_t skipped = 0; skipped < 3; skipped++) found += look(encoded[skipped], lengths[skipped]);
  printf("found %zu\n", found);
  if (imap_noop(client, NULL)) return EXIT_FAILURE;
  imap_client_free(client);
  imap_options_free(options);
  return EXIT_SUCCESS;
}
