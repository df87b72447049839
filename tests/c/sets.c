/* sets: every function of sets, against values worked out by hand. */

#include <imap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(int is_right, const char *what, int line) {
  if (is_right) return;
  printf("sets.c:%d: %s\n", line, what);
  failures++;
}
#define CHECK(condition) check(!!(condition), #condition, __LINE__)

static imap_set *parse(const char *text) {
  imap_set *set = NULL;
  CHECK(imap_set_parse(text, &set, NULL) == IMAP_OK);
  return set;
}

static int is(const imap_set *set, const char *text) { return strcmp(imap_set_text(set), text) == 0; }

static void looking(void) {
  imap_set *set = parse("7:9,2,20:*"), *part = parse("8,30:40"), *other = parse("1,3:6");
  uint32_t lowest = 1, highest = 1, first = 0, last = 0;
  uint64_t at = 0;
  CHECK(is(set, "7:9,2,20:*"));
  CHECK(imap_set_count(set) == 4 + (uint64_t)UINT32_MAX - 20 + 1);
  CHECK(imap_set_contains(set, 8) && imap_set_contains(set, 4000000000) && !imap_set_contains(set, 10));
  CHECK(imap_set_includes(set, part) && !imap_set_includes(part, set));
  CHECK(imap_set_overlaps(set, part) && !imap_set_overlaps(set, other));
  imap_set_bounds(set, &lowest, &highest);
  CHECK(lowest == 2 && highest == UINT32_MAX);
  CHECK(imap_set_at(set, 0) == 7 && imap_set_at(set, 3) == 2 && imap_set_at(set, 4) == 20);
  CHECK(imap_set_at(set, UINT64_MAX) == 0);
  CHECK(imap_set_find(set, 2) == 3 && imap_set_find(set, 3) == -1);
  CHECK(imap_set_next(set, &at) == 7 && imap_set_next(set, &at) == 8 && imap_set_next(set, &at) == 9);
  CHECK(imap_set_next(set, &at) == 2 && imap_set_next(set, &at) == 20);
  at = 0;
  CHECK(imap_set_next_span(set, &at, &first, &last) && first == 7 && last == 9);
  CHECK(imap_set_next_span(set, &at, &first, NULL) && first == 2);
  CHECK(imap_set_next_span(set, &at, &first, &last) && last == UINT32_MAX);
  CHECK(!imap_set_next_span(set, &at, &first, &last) && first == 0 && last == 0);
  imap_set_free(other);
  imap_set_free(part);
  imap_set_free(set);
}

static void changing(void) {
  imap_set *set = parse(""), *copy = NULL, *other = parse("4:6,10"), *numbers = parse("#1:3");
  imap_error *error = NULL;
  CHECK(is(set, "") && imap_set_count(set) == 0);
  CHECK(imap_set_add(set, 5, 5, NULL) == IMAP_OK && imap_set_add(set, 3, 1, NULL) == IMAP_OK);
  CHECK(is(set, "5,1:3"));
  CHECK(imap_set_copy(set, &copy, NULL) == IMAP_OK && is(copy, "5,1:3"));
  CHECK(imap_set_sort(set, NULL) == IMAP_OK && is(set, "1:3,5") && is(copy, "5,1:3"));
  CHECK(imap_set_remove(set, 2, 2, NULL) == IMAP_OK && is(set, "1,3,5"));
  CHECK(imap_set_unite(set, other, NULL) == IMAP_OK && is(set, "1,3:6,10"));
  CHECK(imap_set_subtract(set, copy, NULL) == IMAP_OK && is(set, "4,6,10"));
  CHECK(imap_set_intersect(set, other, NULL) == IMAP_OK && is(set, "4,6,10"));
  CHECK(imap_set_unite(set, set, NULL) == IMAP_OK && is(set, "4,6,10"));
  CHECK(imap_set_unite(set, numbers, &error) == IMAP_ERR_INVALID && error);
  imap_error_free(error);
  CHECK(imap_set_add(set, 0, 1, &error) == IMAP_ERR_INVALID && error);
  imap_error_free(error);
  imap_set_free(numbers);
  imap_set_free(other);
  imap_set_free(copy);
  imap_set_free(set);
}

/* What other libraries have a function of its own for is one or two calls here. */
static void otherwise(void) {
  imap_set *a = parse("1:5,9"), *b = parse("4:6"), *both = NULL, *result = NULL;
  uint32_t lowest = 0, highest = 0;
  /* Either but not both: what they share, taken from what they have together. */
  CHECK(imap_set_copy(a, &both, NULL) == IMAP_OK && imap_set_intersect(both, b, NULL) == IMAP_OK && is(both, "4:5"));
  CHECK(imap_set_copy(a, &result, NULL) == IMAP_OK && imap_set_unite(result, b, NULL) == IMAP_OK);
  CHECK(imap_set_subtract(result, both, NULL) == IMAP_OK && is(result, "1:3,6,9"));
  imap_set_free(result);
  /* All others: taken from all. */
  result = parse("1:*");
  CHECK(imap_set_subtract(result, a, NULL) == IMAP_OK && is(result, "6:8,10:*"));
  imap_set_free(result);
  /* Above and below a number, and `*` limited to the largest there is. */
  CHECK(imap_set_copy(a, &result, NULL) == IMAP_OK && imap_set_remove(result, 1, 3, NULL) == IMAP_OK && is(result, "4:5,9"));
  CHECK(imap_set_remove(result, 5, UINT32_MAX, NULL) == IMAP_OK && is(result, "4"));
  imap_set_free(result);
  result = parse("3:*");
  CHECK(imap_set_remove(result, 11, UINT32_MAX, NULL) == IMAP_OK && is(result, "3:10"));
  imap_set_free(result);
  /* Equal: each includes the other, in whatever order. As sent: their texts. */
  imap_set *same = parse("9,5,4:1,2");
  CHECK(imap_set_includes(a, same) && imap_set_includes(same, a) && !is(same, imap_set_text(a)));
  /* Repetitions: what sorting drops. */
  CHECK(imap_set_count(same) == 7 && is(same, "9,5,1:4,2"));
  CHECK(imap_set_copy(same, &result, NULL) == IMAP_OK && imap_set_sort(result, NULL) == IMAP_OK);
  CHECK(imap_set_count(result) == 6 && is(result, "1:5,9"));
  imap_set_bounds(result, &lowest, &highest);
  CHECK(lowest == 1 && highest == 9);
  /* By place, and the place taken away; a set emptied, filled and copied. */
  CHECK(imap_set_at(same, 0) == 9 && imap_set_find(same, 9) == 0 && imap_set_at(same, 6) == 2);
  uint32_t second = imap_set_at(result, 1);
  CHECK(imap_set_remove(result, second, second, NULL) == IMAP_OK && is(result, "1,3:5,9"));
  CHECK(imap_set_remove(result, 1, UINT32_MAX, NULL) == IMAP_OK && imap_set_count(result) == 0 && is(result, ""));
  CHECK(imap_set_add(result, 7, 7, NULL) == IMAP_OK && imap_set_contains(result, 7));
  imap_set_free(result);
  imap_set_free(same);
  imap_set_free(both);
  imap_set_free(b);
  imap_set_free(a);
}

/* Ranges stay ranges, however many and however long. */
static void hostile(void) {
  static const char one[] = "1:4294967295,";
  size_t count = 100000, length = count * (sizeof one - 1);
  char *text = malloc(length + 1);
  for (size_t i = 0; i < count; i++) memcpy(text + i * (sizeof one - 1), one, sizeof one - 1);
  text[length - 1] = '\0';
  imap_set *set = parse(text);
  CHECK(imap_set_count(set) == (uint64_t)count * UINT32_MAX);
  CHECK(imap_set_sort(set, NULL) == IMAP_OK && imap_set_count(set) == UINT32_MAX && is(set, "1:*"));
  imap_set_free(set);
  free(text);
}

static void wrong(void) {
  const char *const texts[] = {"0", "1,", "a", "1:2:3", "4294967296", "-1", NULL};
  for (size_t i = 0; texts[i]; i++) {
    imap_set *set = (imap_set *)&failures;
    imap_error *error = NULL;
    CHECK(imap_set_parse(texts[i], &set, &error) == IMAP_ERR_INVALID && !set && error);
    imap_error_free(error);
  }
  uint64_t at = 0;
  CHECK(imap_set_parse(NULL, NULL, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_copy(NULL, NULL, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_text(NULL) == NULL && imap_set_count(NULL) == 0 && !imap_set_contains(NULL, 1));
  CHECK(!imap_set_includes(NULL, NULL) && !imap_set_overlaps(NULL, NULL));
  CHECK(imap_set_at(NULL, 0) == 0 && imap_set_find(NULL, 1) == -1 && imap_set_next(NULL, &at) == 0);
  CHECK(!imap_set_next_span(NULL, &at, NULL, NULL));
  CHECK(imap_set_add(NULL, 1, 1, NULL) == IMAP_ERR_INVALID && imap_set_sort(NULL, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_remove(NULL, 1, 1, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_unite(NULL, NULL, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_subtract(NULL, NULL, NULL) == IMAP_ERR_INVALID);
  CHECK(imap_set_intersect(NULL, NULL, NULL) == IMAP_ERR_INVALID);
  imap_set_bounds(NULL, NULL, NULL);
  imap_set_free(NULL);
}

int main(void) {
  looking();
  changing();
  otherwise();
  hostile();
  wrong();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
