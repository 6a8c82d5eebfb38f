/* The input, line by line: one buffer that is used again, and no line longer than the limit in it. */
#include "tln.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 << 10 };

/* Reads one block more. NEXT_LINE = there is more now, NEXT_END = there is no more. */
static enum next fill(struct lines *lines) {
  if (lines->start > 0) {
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
  }
  if (lines->capacity - lines->end < BLOCK) {
    /* Doubled, but to no more than the longest line and a block need. */
    size_t most = lines->limit + 2 * (size_t)BLOCK, capacity = lines->capacity * 2;
    if (capacity > most) capacity = most;
    if (capacity < lines->end + BLOCK) capacity = lines->end + BLOCK;
    unsigned char *buffer = realloc(lines->buffer, capacity);
    if (buffer == NULL) return NEXT_NO_MEMORY;
    lines->buffer = buffer;
    lines->capacity = capacity;
  }
  int64_t read = lines->source->read(lines->source->context, lines->buffer + lines->end, BLOCK);
  if (read < 0 || read > BLOCK) return NEXT_UNREADABLE;
  lines->end += (size_t)read;
  lines->is_at_end = read == 0;
  return read == 0 ? NEXT_END : NEXT_LINE;
}

/* Gives out `len` bytes of the buffer as a line, and passes over `passed`, its line end too. */
static enum next give(struct lines *lines, struct line *line, size_t len, size_t passed) {
  const char *from = (const char *)lines->buffer + lines->start;
  if (len > 0 && len < passed && from[len - 1] == '\r') len--;
  *line = (struct line){{from, len < lines->limit ? len : lines->limit}, lines->offset, ++lines->number, len};
  lines->start += passed;
  lines->offset += passed;
  return NEXT_LINE;
}

/* A line that does not fit: its beginning stays at the start of the buffer, the rest of it is passed over. */
static enum next skip(struct lines *lines, struct line *line) {
  uint64_t from = lines->offset, len = lines->limit;
  size_t first = lines->start;
  int has_end = 0, last = 0;
  lines->start += lines->limit;
  while (!has_end) {
    if (lines->start == lines->end) {
      /* What is behind the beginning has been passed over: room for the next block. */
      memmove(lines->buffer, lines->buffer + first, lines->limit);
      first = 0;
      lines->start = 0;
      lines->end = lines->limit;
      enum next next = fill(lines);
      lines->start = lines->limit;
      if (next == NEXT_END) break;
      if (next != NEXT_LINE) return next;
    }
    unsigned char *at = lines->buffer + lines->start;
    unsigned char *end = memchr(at, '\n', lines->end - lines->start);
    size_t content = end ? (size_t)(end - at) : lines->end - lines->start;
    if (content > 0) last = at[content - 1];
    len += content;
    has_end = end != NULL;
    lines->start += content + (has_end ? 1 : 0);
  }
  lines->offset = from + len + (has_end ? 1 : 0);
  if (has_end && last == '\r') len--;
  *line = (struct line){{(const char *)lines->buffer + first, lines->limit}, from, ++lines->number, len};
  return NEXT_LINE;
}

enum next next_line(struct lines *lines, struct line *line) {
  size_t searched = 0;
  for (;;) {
    size_t len = lines->end - lines->start;
    const unsigned char *from = lines->buffer + lines->start;
    const unsigned char *end = len > searched ? memchr(from + searched, '\n', len - searched) : NULL;
    if (end != NULL) return give(lines, line, (size_t)(end - from), (size_t)(end - from) + 1);
    if (lines->is_at_end) return len == 0 ? NEXT_END : give(lines, line, len, len);
    /* One more than the limit, for the CR of a line end. */
    if (len > lines->limit + 1) return skip(lines, line);
    searched = len;
    enum next next = fill(lines);
    if (next == NEXT_UNREADABLE || next == NEXT_NO_MEMORY) return next;
  }
}

enum next peek(struct lines *lines, struct annals_str *bytes) {
  enum next next = lines->start == lines->end && !lines->is_at_end ? fill(lines) : NEXT_LINE;
  *bytes = (struct annals_str){(const char *)lines->buffer + lines->start, lines->end - lines->start};
  return next == NEXT_END ? NEXT_LINE : next;
}
