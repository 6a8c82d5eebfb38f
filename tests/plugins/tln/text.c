/* Texts, numbers and times. Nothing here depends on the locale, so no isdigit and no strtoll. */
#include "tln.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int same(struct annals_str a, const char *b) { return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0; }

int is_utf8(struct annals_str bytes, size_t *at) {
  const unsigned char *text = (const unsigned char *)bytes.ptr;
  for (size_t i = 0; i < bytes.len;) {
    unsigned char first = text[i];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    int is_good = len > 0 && len <= bytes.len - i;
    for (size_t k = 1; is_good && k < len; k++) is_good = (text[i + k] & 0xc0) == 0x80;
    /* No overlong forms, no surrogates, nothing above U+10FFFF. */
    if (is_good && len > 2) {
      unsigned char second = text[i + 1];
      is_good = !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f) &&
                !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second > 0x8f);
    }
    if (!is_good) {
      *at = i;
      return 0;
    }
    i += len;
  }
  return 1;
}

struct annals_str trim(struct annals_str text) {
  while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) text.ptr++, text.len--;
  while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
  return text;
}

int whole_number(struct annals_str text, int64_t *number) {
  int is_negative = text.len > 0 && text.ptr[0] == '-';
  size_t i = is_negative ? 1 : 0;
  /* 18 digits fit in any case. */
  if (text.len == i || text.len - i > 18) return 0;
  int64_t value = 0;
  for (; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return 0;
    value = value * 10 + (text.ptr[i] - '0');
  }
  *number = is_negative ? -value : value;
  return 1;
}

void instant_text(int64_t seconds, char *out) {
  int64_t second = ((seconds % 86400) + 86400) % 86400;
  int64_t day = (seconds - second) / 86400 + 719468; /* since 0000-03-01 */
  int64_t era = day / 146097, of_era = day % 146097;
  int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * of_year + 2) / 153; /* months since March */
  int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  int64_t year = era * 400 + year_of_era + (month <= 2);
  char text[160];
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
           (int)(of_year - (153 * shifted + 2) / 5 + 1), (int)(second / 3600), (int)(second / 60 % 60),
           (int)(second % 60));
  memcpy(out, text, 21);
}

/* The end of a JSON text that begins at `at` (a quote), or the end of the object. */
static size_t end_of_text(struct annals_str json, size_t at) {
  for (at++; at < json.len && json.ptr[at] != '"'; at++) at += json.ptr[at] == '\\';
  return at < json.len ? at : json.len;
}

int json_member(struct annals_str json, const char *name, struct annals_str *value) {
  for (size_t at = 0; at < json.len; at++) {
    if (json.ptr[at] != '"') continue;
    size_t end = end_of_text(json, at);
    struct annals_str key = {json.ptr + at + 1, end - at - 1};
    for (at = end + 1; at < json.len && json.ptr[at] != ':';) at++;
    for (at++; at < json.len && json.ptr[at] == ' ';) at++;
    if (at >= json.len) return 0;
    int is_text = json.ptr[at] == '"';
    if (is_text) {
      end = end_of_text(json, at++);
    } else {
      for (end = at; end < json.len && json.ptr[end] != ',' && json.ptr[end] != '}';) end++;
    }
    if (same(key, name)) {
      *value = trim((struct annals_str){json.ptr + at, end - at});
      return 1;
    }
    at = end;
  }
  return 0;
}

static void release_error(struct annals_error *error) {
  free(error->private_data);
  error->private_data = NULL;
  error->release = NULL;
}

int fail(struct annals_error *error, const char *message, const char *hint, uint64_t offset, uint64_t line) {
  if (error == NULL || error->struct_size < sizeof *error) return 1;
  size_t len = strlen(message);
  char *copy = malloc(len + 1);
  /* Without memory the host says that there is no reason. */
  if (copy != NULL) {
    memcpy(copy, message, len + 1);
    error->message = (struct annals_str){copy, len};
    error->private_data = copy;
    error->release = release_error;
  }
  error->hint = (struct annals_str){hint, strlen(hint)};
  error->kind = 0;
  error->offset = offset;
  error->line = line;
  error->column = 0;
  return 1;
}
