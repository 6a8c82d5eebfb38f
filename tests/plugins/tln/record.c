/* One line: `Time|Source|Host|User|Description`, or with `|TZ|Notes` behind it. */
#include "tln.h"

#include <stdio.h>
#include <string.h>

/* Splits a line at its bars; the number of fields, which may be more than there is room for. */
static size_t split(struct annals_str line, struct annals_str fields[TLNX_FIELDS]) {
  size_t count = 0;
  const char *end = line.ptr + line.len;
  for (const char *from = line.ptr;; count++) {
    const char *bar = from < end ? memchr(from, '|', (size_t)(end - from)) : NULL;
    if (count < TLNX_FIELDS) fields[count] = (struct annals_str){from, (size_t)((bar ? bar : end) - from)};
    if (bar == NULL) return count + 1;
    from = bar + 1;
  }
}

static struct annals_str said(struct annals_str field) {
  field = trim(field);
  return same(field, "-") ? (struct annals_str){field.ptr, 0} : field;
}

/* Whether it may be the name of a time zone: the check that a bar inside a description is not taken for the next field. */
static int is_zone(struct annals_str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    int is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && !(c >= '0' && c <= '9') && strchr("_/+-:", c) == NULL) return 0;
  }
  return text.len <= 64;
}

static int same_word(struct annals_str text, const char *word) {
  text = trim(text);
  if (text.len != strlen(word)) return 0;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != word[i]) return 0;
  }
  return 1;
}

int header_fields(struct annals_str line) {
  static const char *const NAMES[] = {"time", "source", "host", "user", "description", "tz", "notes"};
  struct annals_str fields[TLNX_FIELDS];
  size_t count = split(line, fields);
  if (count != TLN_FIELDS && count != TLNX_FIELDS) return 0;
  for (size_t i = 0; i < count; i++) {
    if (!same_word(fields[i], NAMES[i])) return 0;
  }
  return (int)count;
}

const char *read_record(struct annals_str line, int expected, int zero_is_undated, struct record *out,
                        char reason[200]) {
  struct annals_str fields[TLNX_FIELDS];
  size_t at;
  if (!is_utf8(line, &at)) {
    snprintf(reason, 200, "byte %zu of the line is not UTF-8", at + 1);
    return "not-utf8";
  }
  size_t count = split(line, fields);
  if (expected != 0 ? count != (size_t)expected : count != TLN_FIELDS && count != TLNX_FIELDS) {
    const char *right = expected == TLN_FIELDS ? "5, as the header says" : expected ? "7, as the header says" : "5 or 7";
    snprintf(reason, 200, "the line has %zu field%s between `|`, not %s", count, count == 1 ? "" : "s", right);
    return "field-count";
  }
  struct annals_str time = trim(fields[0]);
  if (!whole_number(time, &out->seconds)) {
    snprintf(reason, 200, "its time is not a whole number of seconds since 1970");
    return "bad-time";
  }
  if (out->seconds < FIRST_SECOND || out->seconds > LAST_SECOND) {
    snprintf(reason, 200, "its time %.*s is outside the years 1 to 9999, counted in seconds since 1970",
             (int)time.len, time.ptr);
    return "bad-time";
  }
  out->is_dated = out->seconds != 0 || !zero_is_undated;
  out->source = said(fields[1]);
  out->host = said(fields[2]);
  out->user = said(fields[3]);
  out->description = fields[4];
  out->zone = out->notes = (struct annals_str){line.ptr, 0};
  if (count == TLNX_FIELDS) {
    out->zone = said(fields[5]);
    out->notes = said(fields[6]);
    if (!is_zone(out->zone)) {
      snprintf(reason, 200, "its sixth field is no time zone; is there a `|` in its description?");
      return "bad-zone";
    }
  }
  return NULL;
}
