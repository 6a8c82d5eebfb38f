/* The history of a shell: `#1700000000`, then the command. */
#include "nanoarrow/nanoarrow.h"

#include "annals_plugin.h"

#include <stdio.h>
#include <time.h>

#define TEXT(literal) {literal, sizeof literal - 1}
/* Within functions that answer with an errno. */
#define DO(call) NANOARROW_RETURN_NOT_OK(call)

struct history {
  const struct annals_host *host;
  struct ArrowSchema schema;
  struct ArrowBuffer bytes;
  int64_t at, line, seconds;
  int has_time, is_complete;
  uint64_t batch_rows, emitted, rejected;
  struct ArrowError error;
};

static int fail(struct annals_error *error, const char *message) {
  error->message.ptr = message;
  error->message.len = strlen(message);
  return 1;
}

static int add(struct ArrowSchema *schema, const char *name, enum ArrowType type) {
  DO(ArrowSchemaSetName(schema, name));
  return type == NANOARROW_TYPE_TIMESTAMP ? ArrowSchemaSetTypeDateTime(schema, type, NANOARROW_TIME_UNIT_MICRO, NULL)
                                          : ArrowSchemaSetType(schema, type);
}

enum { EDTF, START_LO, START_HI, END_LO, END_HI, ZONE, TITLE, TAGS, CLAIMS, COLUMNS };
enum { SOURCE, ID, LOCATOR = 7, FIELDS = 13 };

static int make_schema(struct ArrowSchema *schema) {
  static const char *const TIMES[] = {"start_lo", "start_hi", "end_lo", "end_hi"};
  static const char *const NAMES[FIELDS] = {"source", "id", "instance", "revision", "modified", "lane", "attributed_to",
                                            "locator", "quote", "edtf", "title", "differs", "retrieved"};
  static const char *const PLACE[] = {"offset", "len", "line"};
  struct ArrowBuffer metadata;
  ArrowSchemaInit(schema);
  DO(ArrowSchemaSetTypeStruct(schema, COLUMNS));
  DO(ArrowMetadataBuilderInit(&metadata, NULL));
  DO(ArrowMetadataBuilderAppend(&metadata, ArrowCharView("annals.schema"), ArrowCharView("1")));
  int code = ArrowSchemaSetMetadata(schema, (const char *)metadata.data);
  ArrowBufferReset(&metadata);
  DO(code);
  DO(add(schema->children[EDTF], "edtf", NANOARROW_TYPE_STRING_VIEW));
  for (int i = 0; i < 4; i++) DO(add(schema->children[START_LO + i], TIMES[i], NANOARROW_TYPE_TIMESTAMP));
  DO(add(schema->children[ZONE], "zone", NANOARROW_TYPE_STRING));
  DO(add(schema->children[TITLE], "title", NANOARROW_TYPE_STRING_VIEW));
  DO(add(schema->children[TAGS], "tags", NANOARROW_TYPE_LIST));
  DO(add(schema->children[TAGS]->children[0], "item", NANOARROW_TYPE_STRING_VIEW));
  DO(add(schema->children[CLAIMS], "claims", NANOARROW_TYPE_LIST));
  struct ArrowSchema *claim = schema->children[CLAIMS]->children[0];
  DO(ArrowSchemaSetTypeStruct(claim, FIELDS));
  DO(ArrowSchemaSetName(claim, "item"));
  for (int i = 0; i < FIELDS; i++)
    if (i != LOCATOR) DO(add(claim->children[i], NAMES[i], NANOARROW_TYPE_STRING));
  DO(ArrowSchemaSetType(claim->children[3], NANOARROW_TYPE_INT64));
  DO(ArrowSchemaSetTypeDateTime(claim->children[4], NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, "UTC"));
  struct ArrowSchema *locator = claim->children[LOCATOR];
  DO(ArrowSchemaSetTypeStruct(locator, 3));
  DO(ArrowSchemaSetName(locator, NAMES[LOCATOR]));
  for (int i = 0; i < 3; i++) DO(add(locator->children[i], PLACE[i], NANOARROW_TYPE_UINT64));
  return NANOARROW_OK;
}

static int append(struct history *history, struct ArrowArray *out, struct ArrowStringView command, int64_t offset) {
  char edtf[40];
  time_t seconds = (time_t)history->seconds;
  struct tm parts;
  int64_t start = history->seconds * 1000000;
  if (gmtime_r(&seconds, &parts) == NULL) return EINVAL;
  strftime(edtf, sizeof edtf, "%Y-%m-%dT%H:%M:%SZ", &parts);
  DO(ArrowArrayAppendString(out->children[EDTF], ArrowCharView(edtf)));
  for (int i = 0; i < 4; i++) DO(ArrowArrayAppendInt(out->children[START_LO + i], start + (i > 1)));
  DO(ArrowArrayAppendString(out->children[ZONE], ArrowCharView("UTC")));
  DO(ArrowArrayAppendString(out->children[TITLE], command));
  struct ArrowStringView word = command;
  for (word.size_bytes = 0; word.size_bytes < command.size_bytes && word.data[word.size_bytes] != ' ';) word.size_bytes++;
  DO(ArrowArrayAppendString(out->children[TAGS]->children[0], word));
  DO(ArrowArrayFinishElement(out->children[TAGS]));
  struct ArrowArray *claim = out->children[CLAIMS]->children[0];
  const int64_t place[] = {offset, command.size_bytes, history->line};
  for (int i = 0; i < 3; i++)
    DO(ArrowArrayAppendUInt(claim->children[LOCATOR]->children[i], (uint64_t)place[i]));
  DO(ArrowArrayFinishElement(claim->children[LOCATOR]));
  DO(ArrowArrayAppendString(claim->children[SOURCE], ArrowCharView("")));
  for (int i = ID; i < FIELDS; i++)
    if (i != LOCATOR) DO(ArrowArrayAppendNull(claim->children[i], 1));
  DO(ArrowArrayFinishElement(claim));
  DO(ArrowArrayFinishElement(out->children[CLAIMS]));
  return ArrowArrayFinishElement(out);
}

/* A line: a time, a command behind its time, or a command that has none. */
static int step(struct history *history, struct ArrowArray *out) {
  const char *from = (const char *)history->bytes.data + history->at;
  int64_t left = history->bytes.size_bytes - history->at, offset = history->at;
  const char *end = memchr(from, '\n', (size_t)left);
  struct ArrowStringView line = {from, end ? end - from : left};
  history->at += line.size_bytes + 1;
  history->line++;
  if (line.size_bytes > 1 && from[0] == '#' && from[1] >= '0' && from[1] <= '9') {
    history->seconds = 0;
    for (int64_t i = 1; i < line.size_bytes && i < 12 && from[i] >= '0' && from[i] <= '9'; i++)
      history->seconds = history->seconds * 10 + from[i] - '0';
    history->has_time = 1;
    return NANOARROW_OK;
  }
  if (history->has_time) {
    history->has_time = 0;
    return append(history, out, line, offset);
  }
  struct annals_note note = {sizeof note, ANNALS_NOTE_REJECT, TEXT("no-time"), TEXT("no time stands before the command"),
                             {NULL, 0}, (uint64_t)offset, (uint64_t)line.size_bytes, (uint64_t)history->line,
                             {line.data, (size_t)line.size_bytes}};
  history->host->note(history->host->context, &note);
  history->rejected++;
  return NANOARROW_OK;
}

static struct history *of(struct ArrowArrayStream *stream) { return stream->private_data; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  return ArrowSchemaDeepCopy(&of(stream)->schema, out);
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct history *history = of(stream);
  if (history->host->cancelled(history->host->context)) {
    ArrowErrorSet(&history->error, "cancelled");
    return EINTR;
  }
  DO(ArrowArrayInitFromSchema(out, &history->schema, &history->error));
  int code = ArrowArrayStartAppending(out);
  while (code == 0 && history->at < history->bytes.size_bytes && (uint64_t)out->length < history->batch_rows)
    code = step(history, out);
  if (code == 0) code = ArrowArrayFinishBuildingDefault(out, &history->error);
  history->is_complete = code == 0 && out->length == 0;
  if (code == 0) history->emitted += (uint64_t)out->length;
  if (code != 0 || out->length == 0) ArrowArrayRelease(out);
  return code;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return of(stream)->error.message; }

static void release(struct ArrowArrayStream *stream) {
  struct history *history = of(stream);
  if (history->schema.release != NULL) ArrowSchemaRelease(&history->schema);
  ArrowBufferReset(&history->bytes);
  ArrowFree(history);
  stream->release = NULL;
}

static int read_all(const struct annals_source *source, struct ArrowBuffer *bytes) {
  for (int64_t read = 1; read > 0;) {
    DO(ArrowBufferReserve(bytes, 4096));
    read = source->read(source->context, bytes->data + bytes->size_bytes, 4096);
    if (read < 0) return EIO;
    bytes->size_bytes += read;
  }
  return NANOARROW_OK;
}

static int open_import(const struct annals_host *host, const struct annals_source *source,
                       const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error) {
  if (request->flags & ~ANNALS_FLAG_RAW) return fail(error, "flags that are not known");
  struct history *history = ArrowMalloc(sizeof *history);
  if (history == NULL) return fail(error, "no memory");
  memset(history, 0, sizeof *history);
  history->host = host;
  history->batch_rows = request->batch_rows;
  ArrowBufferInit(&history->bytes);
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, history};
  if (make_schema(&history->schema) == 0 && read_all(source, &history->bytes) == 0) return 0;
  release(out);
  return fail(error, "the input could not be read");
}

static int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  struct history *history = of(stream);
  stats->complete = (uint32_t)history->is_complete;
  stats->read = history->emitted + history->rejected;
  stats->emitted = history->emitted;
  stats->rejected = history->rejected;
  stats->filtered = 0;
  return 0;
}

/* nanoarrow validates all that the host gives. */
static int write_batch(struct ArrowArrayView *view, const struct ArrowArray *batch, const int64_t *columns,
                       const struct annals_sink *sink, struct ArrowError *error) {
  char time[32];
  DO(ArrowArrayViewSetArray(view, batch, error));
  DO(ArrowArrayViewValidate(view, NANOARROW_VALIDATION_LEVEL_FULL, error));
  for (int64_t row = 0; row < batch->length; row++) {
    int64_t start = ArrowArrayViewGetIntUnsafe(view->children[columns[0]], row);
    struct ArrowStringView title = ArrowArrayViewGetStringUnsafe(view->children[columns[1]], row);
    int len = snprintf(time, sizeof time, "#%lld\n", (long long)start / 1000000);
    if (sink->write(sink->context, (const uint8_t *)time, (size_t)len) != 0) return EIO;
    if (sink->write(sink->context, (const uint8_t *)title.data, (size_t)title.size_bytes) != 0) return EIO;
    if (sink->write(sink->context, (const uint8_t *)"\n", 1) != 0) return EIO;
  }
  return NANOARROW_OK;
}

static int run_export(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
                      const struct annals_export_request *request, struct annals_export_stats *stats,
                      struct annals_error *error) {
  static _Thread_local struct ArrowError why;
  struct ArrowSchema schema = {0};
  struct ArrowArrayView view = {0};
  int64_t columns[2] = {-1, -1};
  (void)host;
  ArrowErrorInit(&why);
  int code = request->flags ? EINVAL : ArrowArrayStreamGetSchema(in, &schema, &why);
  for (int64_t i = 0; code == 0 && i < schema.n_children; i++) {
    if (strcmp(schema.children[i]->name, "start_lo") == 0) columns[0] = i;
    if (strcmp(schema.children[i]->name, "title") == 0) columns[1] = i;
  }
  if (code == 0) code = columns[0] < 0 || columns[1] < 0 ? EINVAL : ArrowArrayViewInitFromSchema(&view, &schema, &why);
  while (code == 0) {
    struct ArrowArray batch = {0};
    code = ArrowArrayStreamGetNext(in, &batch, &why);
    if (code != 0 || batch.release == NULL) break;
    code = write_batch(&view, &batch, columns, sink, &why);
    stats->read += (uint64_t)batch.length;
    ArrowArrayRelease(&batch);
  }
  stats->written = stats->read;
  ArrowArrayViewReset(&view);
  if (schema.release != NULL) ArrowSchemaRelease(&schema);
  ArrowArrayStreamRelease(in);
  return code == 0 ? 0 : fail(error, why.message[0] ? why.message : "the events cannot be written");
}

static const struct annals_format HISTORY = {
    sizeof HISTORY, 0, TEXT("history"), TEXT("the history of a shell, with times"), TEXT("history"),
    TEXT("text/plain"), TEXT("{}"), TEXT("annals merge bash.history"), NULL, open_import, NULL, stream_stats,
    run_export, NULL,
};
static const struct annals_format *const FORMATS[] = {&HISTORY};
static const struct annals_plugin PLUGIN = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof PLUGIN, TEXT("history"),
    TEXT("1.0.0"), TEXT("{}"), FORMATS, 1, NULL,
};

__attribute__((visibility("default"))) const struct annals_plugin *annals_plugin_v1_history(void) { return &PLUGIN; }
