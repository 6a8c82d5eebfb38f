/* A plugin whose formats read the lines of a text as titles; each but the first is wrong in one way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annals_plugin.h"

enum how { GOOD, CRASHES, HANGS, LIES, RESTLESS, CARELESS, LOSES };

struct reading {
  enum how how;
  char *bytes;
  size_t len, rows, rejects;
  uint64_t max_record;
  const struct annals_host *host;
  int given;
};

struct rows {
  const void *buffers[1], *title_buffers[3];
  struct ArrowArray title, *children[1];
};

static void nothing_to_release(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_child(struct ArrowArray *array) { array->release = NULL; }

static void release_rows(struct ArrowArray *array) {
  struct rows *rows = array->private_data;
  if (rows->title.release) rows->title.release(&rows->title);
  free((void *)rows->title_buffers[1]);
  free((void *)rows->title_buffers[2]);
  free(rows);
  array->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  /* One pair: the key `annals.schema`, the value `1`. */
  static char metadata[4 + 4 + 13 + 4 + 1];
  static struct ArrowSchema title;
  static struct ArrowSchema *children[1] = {&title};
  int32_t numbers[3] = {1, 13, 1};
  (void)stream;
  memcpy(metadata, &numbers[0], 4);
  memcpy(metadata + 4, &numbers[1], 4);
  memcpy(metadata + 8, "annals.schema", 13);
  memcpy(metadata + 21, &numbers[2], 4);
  metadata[25] = '1';
  title = (struct ArrowSchema){"u", "title", NULL, 2, 0, NULL, NULL, nothing_to_release, NULL};
  *out = (struct ArrowSchema){"+s", "", metadata, 0, 1, children, NULL, nothing_to_release, NULL};
  return 0;
}

static void reject(struct reading *reading, size_t start, size_t len, const char *text) {
  struct annals_note note = {sizeof note, ANNALS_NOTE_REJECT, {"bad-line", 8}, {text, strlen(text)}, {NULL, 0},
                             start, len, 0, {reading->bytes + start, len}};
  reading->host->note(reading->host->context, &note);
  reading->rejects++;
}

static int is_ascii(const char *bytes, size_t len) {
  for (size_t at = 0; at < len; at++)
    if (bytes[at] & 0x80) return 0;
  return 1;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct reading *reading = stream->private_data;
  if (reading->given++) return 0;
  struct rows *rows = calloc(1, sizeof *rows);
  int32_t *offsets = calloc(reading->len + 2, sizeof *offsets);
  char *titles = malloc(reading->len + 1);
  for (size_t start = 0, end; start < reading->len; start = end + 1) {
    for (end = start; end < reading->len && reading->bytes[end] != '\n';) end++;
    size_t len = end - start, row = reading->rows;
    if (len > reading->max_record || !is_ascii(reading->bytes + start, len)) {
      reject(reading, start, len, len > reading->max_record ? "it is too long" : "it is not ASCII");
      continue;
    }
    memcpy(titles + offsets[row], reading->bytes + start, len);
    offsets[row + 1] = offsets[row] + (int32_t)len;
    reading->rows++;
  }
  rows->title_buffers[1] = offsets;
  rows->title_buffers[2] = titles;
  rows->title = (struct ArrowArray){(int64_t)reading->rows, 0, 0, 3, 0, rows->title_buffers, NULL, NULL,
                                    release_child, NULL};
  rows->children[0] = &rows->title;
  *out = (struct ArrowArray){(int64_t)reading->rows, 0, 0, 1, 1, rows->buffers, rows->children, NULL, release_rows, rows};
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the input could not be read";
}

static void release_stream(struct ArrowArrayStream *stream) {
  struct reading *reading = stream->private_data;
  if (reading->how != LOSES) free(reading->bytes);
  free(reading);
  stream->release = NULL;
}

static int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  struct reading *reading = stream->private_data;
  stats->complete = 1;
  stats->emitted = reading->rows;
  stats->rejected = reading->rejects;
  stats->read = reading->rows + reading->rejects + (reading->how == LIES);
  return 0;
}

static int fail(struct annals_error *error, const char *message) {
  error->message = (struct annals_str){message, strlen(message)};
  return 1;
}

static int open_as(enum how how, const struct annals_host *host, const struct annals_source *source,
                   const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error) {
  struct reading *reading;
  size_t room = 4096;
  int64_t got;
  static int calls;
  if (request->flags & ~ANNALS_FLAG_RAW && how != CARELESS) return fail(error, "it knows no such flag");
  reading = calloc(1, sizeof *reading);
  reading->how = how;
  reading->host = host;
  reading->max_record = request->max_record;
  reading->bytes = malloc(room);
  while ((got = source->read(source->context, (uint8_t *)reading->bytes + reading->len, room - reading->len)) > 0) {
    reading->len += (size_t)got;
    if (reading->len == room) reading->bytes = realloc(reading->bytes, room *= 2);
  }
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, reading};
  if (got < 0) {
    release_stream(out);
    return fail(error, "the input could not be read");
  }
  int is_cut = reading->len && reading->bytes[reading->len - 1] != '\n';
  if (is_cut && how == CRASHES) {
    fputs("there is no line end\n", stderr);
    abort();
  }
  while (is_cut && how == HANGS) host->progress(host->context, 0);
  /* Says something else every other time. */
  if (how == RESTLESS && calls++ % 2) reject(reading, 0, 0, "not today");
  return 0;
}

static int sniff(struct annals_str head, struct annals_str name) {
  (void)name;
  return head.len > 0 ? 1 : 0;
}

static int sniff_restless(struct annals_str head, struct annals_str name) {
  static int calls;
  (void)head, (void)name;
  return calls++;
}

#define TEXT(text) {text, sizeof text - 1}
#define FORMAT(name, how, sniff, summary, extension, options, example)                                                  \
  static int open_##name(const struct annals_host *host, const struct annals_source *source,                           \
                         const struct annals_request *request, struct ArrowArrayStream *out,                           \
                         struct annals_error *error) {                                                                 \
    return open_as(how, host, source, request, out, error);                                                            \
  }                                                                                                                    \
  static const struct annals_format name = {                                                                           \
      sizeof name, 0, TEXT(#name), TEXT(summary), TEXT(extension), TEXT("text/plain"), TEXT(options), TEXT(example),   \
      sniff, open_##name, NULL, stream_stats, NULL, NULL};

FORMAT(good, GOOD, sniff, "lines as titles", "good", "{\"properties\":{}}", "annals merge a.good")
FORMAT(crashes, CRASHES, sniff, "lines as titles", "crashes", "{\"properties\":{}}", "annals merge a.crashes")
FORMAT(hangs, HANGS, sniff, "lines as titles", "hangs", "{\"properties\":{}}", "annals merge a.hangs")
FORMAT(lies, LIES, sniff, "lines as titles", "lies", "{\"properties\":{}}", "annals merge a.lies")
FORMAT(restless, RESTLESS, sniff_restless, "lines as titles", "restless", "{\"properties\":{}}", "annals merge a.restless")
FORMAT(careless, CARELESS, sniff, "two\nlines", "careless .Dotted",
       "{\"properties\":{\"Loud\":{\"type\":\"colour\"},\"lane\":{\"type\":\"string\",\"description\":\"its lane\"},"
       "\"tone\":{\"type\":\"string\",\"enum\":[\"low\"],\"default\":\"high\",\"description\":\"how it sounds\"}}}",
       "annals merge \xff")
FORMAT(loses, LOSES, sniff, "lines as titles", "loses", "{\"properties\":{}}", "annals merge a.loses")

static const struct annals_format *const formats[] = {&good, &crashes, &hangs, &lies, &restless, &careless, &loses};
static const struct annals_plugin plugin = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof plugin, {"wrong", 5},
    {"1.0.0", 5}, {"{}", 2}, formats, sizeof formats / sizeof *formats, 0,
};
const struct annals_plugin *annals_plugin_v1_wrong(void) { return &plugin; }
const struct annals_plugin *annals_plugin_v1_other(void) { return &plugin; }
