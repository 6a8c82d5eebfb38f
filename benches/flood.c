/* A plugin that gives the same batch again and again: how fast are batches carried? The input is a number, of batches.
 * The format `flood` has eight columns, a hundred bytes a row. */
#include "annals_plugin.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 4096
#define COLUMNS 8
#define TEXT(literal) {literal, sizeof literal - 1}

static const char *NAMES[COLUMNS] = {"id", "edtf", "start_lo", "start_hi", "end_lo", "end_hi", "zone", "title"};
static const char *FORMATS[COLUMNS] = {"u", "u", "tsu:", "tsu:", "tsu:", "tsu:", "u", "u"};
/* Bytes of a text; 0 = a time. */
static const int32_t WIDTHS[COLUMNS] = {12, 20, 0, 0, 0, 0, 3, 33};

static int32_t offsets[COLUMNS][ROWS + 1];
static char texts[COLUMNS][ROWS * 40];
static int64_t times[COLUMNS][ROWS];
static const void *buffers[COLUMNS][3];

struct flood {
  uint64_t left, given;
};

static void nothing_array(struct ArrowArray *array) { array->release = NULL; }
static void nothing_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void make(void) {
  for (int column = 0; column < COLUMNS; column++) {
    int32_t width = WIDTHS[column];
    for (int row = 0; row < ROWS; row++) {
      offsets[column][row + 1] = (row + 1) * width;
      times[column][row] = INT64_C(1757491200000000) + row * INT64_C(1000000) + column / 4;
      if (column == 1) memcpy(texts[1] + row * 20, "2025-09-10T08:00:00Z", 20);
      else if (column == 6) memcpy(texts[6] + row * 3, "UTC", 3);
      else if (width > 0) memset(texts[column] + row * width, 'a' + row % 26, (size_t)width);
    }
    buffers[column][1] = width > 0 ? (const void *)offsets[column] : (const void *)times[column];
    buffers[column][2] = texts[column];
  }
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static struct ArrowSchema columns[COLUMNS], *children[COLUMNS];
  static char metadata[64];
  int32_t one = 1, key = 13, value = 1;
  (void)stream;
  memcpy(metadata, &one, 4), memcpy(metadata + 4, &key, 4), memcpy(metadata + 8, "annals.schema", 13);
  memcpy(metadata + 21, &value, 4), memcpy(metadata + 25, "1", 1);
  for (int column = 0; column < COLUMNS; column++) {
    columns[column] = (struct ArrowSchema){FORMATS[column], NAMES[column], NULL, 2, 0, NULL, NULL, nothing_schema, NULL};
    children[column] = &columns[column];
  }
  *out = (struct ArrowSchema){"+s", "", metadata, 0, COLUMNS, children, NULL, nothing_schema, NULL};
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static struct ArrowArray columns[COLUMNS], *children[COLUMNS];
  static const void *valid[1];
  struct flood *flood = stream->private_data;
  memset(out, 0, sizeof *out);
  if (flood->left == 0) return 0;
  flood->left--;
  flood->given += ROWS;
  for (int column = 0; column < COLUMNS; column++) {
    int64_t count = WIDTHS[column] > 0 ? 3 : 2;
    columns[column] = (struct ArrowArray){ROWS, 0, 0, count, 0, buffers[column], NULL, NULL, nothing_array, NULL};
    children[column] = &columns[column];
  }
  *out = (struct ArrowArray){ROWS, 0, 0, 1, COLUMNS, valid, children, NULL, nothing_array, NULL};
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return (void)stream, NULL; }

static void release(struct ArrowArrayStream *stream) {
  free(stream->private_data);
  stream->release = NULL;
}

static int open_import(const struct annals_host *host, const struct annals_source *source,
                       const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error) {
  char number[32] = {0};
  struct flood *flood = calloc(1, sizeof *flood);
  (void)host, (void)request, (void)error;
  if (flood == NULL || source->read(source->context, (uint8_t *)number, sizeof number - 1) <= 0) return free(flood), 1;
  make();
  flood->left = strtoull(number, NULL, 10);
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, flood};
  return 0;
}

static int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  const struct flood *flood = stream->private_data;
  stats->complete = 1;
  stats->read = stats->emitted = flood->given;
  return 0;
}

static const struct annals_format format = {
    sizeof format, 0, TEXT("flood"), TEXT("the same batch again and again"), TEXT("flood"), TEXT(""), TEXT("{}"),
    TEXT(""), NULL, open_import, NULL, stream_stats, NULL, NULL};
static const struct annals_format *const formats[] = {&format};
static const struct annals_plugin plugin = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof plugin, TEXT("flood"),
    TEXT("1.0.0"), TEXT("{}"), formats, 1, NULL};
const struct annals_plugin *annals_plugin_v1_flood(void) { return &plugin; }
