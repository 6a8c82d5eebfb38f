/* A plugin that can be hostile in many ways; README.md lists them. Its format `hostile` reads any input as two rows. */
#include "hostile.h"

#include <pthread.h>

char hostile_case[64];

/* Behind a stream. */
struct state {
  const struct annals_host *host;
  const struct annals_source *source;
  const char *outcome;
  uint64_t given, rows;
  int released;
};

static void choose(struct annals_str options) {
  static const char key[] = "\"case\":\"";
  hostile_case[0] = 0;
  for (size_t at = 0; at + sizeof key - 1 < options.len; at++) {
    if (memcmp(options.ptr + at, key, sizeof key - 1)) continue;
    const char *from = options.ptr + at + sizeof key - 1;
    const char *end = memchr(from, '"', options.ptr + options.len - from);
    size_t len = end ? (size_t)(end - from) : 0;
    if (len >= sizeof hostile_case) len = 0;
    memcpy(hostile_case, from, len);
    hostile_case[len] = 0;
    return;
  }
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  act("schema");
  if (begins("schema-fails")) return 5;
  if (is("schema-unfilled")) return 0;
  struct schema *it = malloc(sizeof *it);
  make_schema(it, out);
  spoil_schema(it, out);
  return 0;
}

/* One row whose title says what became of an attack. */
static void title_of(struct batch *it, const char *title, struct ArrowArray *out) {
  size_t len = strlen(title);
  it->columns[TITLE].buffers[2] = title;
  for (int at = 1; at < 6; at++) it->title_ends[at] = (int32_t)len;
  for (int at = 0; at < COLUMNS; at++) it->columns[at].length = 1;
  out->length = 1;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct state *state = stream->private_data;
  if (state->released) abort();
  const char *outcome = act("next");
  if (outcome) state->outcome = outcome;
  if (begins("next-error")) return is("next-error-negative") ? -1 : 5;
  if (is("empty-batches") || is("empty-batches-thousand")) {
    if (is("empty-batches-thousand") && state->given >= 1000) return 0;
    struct batch *it = malloc(sizeof *it);
    make_batch(it, out);
    out->length = 0;
    state->given++;
    return 0;
  }
  if (tell(state->host, state->source)) return 5;
  if (is("out-unfilled") || state->given++) return 0;
  struct batch *it = malloc(sizeof *it);
  make_batch(it, out);
  if (state->outcome) {
    title_of(it, state->outcome, out);
    state->rows = 1;
    return 0;
  }
  spoil_batch(it, out);
  state->rows = out->length;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  if (is("schema-fails-aloud") || is("next-error-text")) return "the tape is torn";
  if (is("next-error-not-utf8")) return "the t\xe4pe is torn";
  if (is("next-error-commands")) return "\x1b[2Jthe tape is torn\r\x07";
  return 0;
}

static const struct annals_host *of_old;

/* Calls the host again and again, which is over; not so often that it fills anything. */
static void *call_on(void *nothing) {
  for (int n = 0; n < 100000; n++) of_old->progress(of_old->context, 1);
  return nothing;
}

static void release(struct ArrowArrayStream *stream) {
  struct state *state = stream->private_data;
  if (is("calls-in-release")) state->host->progress(state->host->context, 1);
  pthread_t thread;
  of_old = state->host;
  if (is("calls-after-release")) pthread_create(&thread, 0, call_on, 0);
  /* A second release is the host's fault; the state is kept, so that it is seen. */
  if (state->released++) abort();
  act("release");
  if (is("stream-release-kept")) return;
  stream->release = 0;
}

static int stream_error(struct ArrowArrayStream *stream, struct annals_error *error) {
  (void)stream;
  if (!begins("next-error-full")) return 1;
  fill_error(error);
  return 0;
}

static int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  struct state *state = stream->private_data;
  act("stats");
  if (is("stats-fail")) return 1;
  if (is("stats-unfilled")) return 0;
  stats->complete = !is("stats-incomplete");
  stats->read = stats->emitted = state->rows;
  if (is("stats-more")) stats->read++, stats->emitted++;
  if (is("stats-fewer")) stats->read--, stats->emitted--;
  if (is("stats-rejects")) stats->read++, stats->rejected++;
  if (is("stats-unbalanced")) stats->read++;
  if (is("stats-overflow")) stats->filtered = UINT64_MAX, stats->read--;
  if (is("stats-all-ones")) memset(stats, 255, sizeof *stats);
  if (begins("outside")) stats->filtered = 1, stats->read++;
  if (is("note-good")) stats->rejected = 1, stats->read++;
  return 0;
}

static int open_import(const struct annals_host *host, const struct annals_source *source,
                       const struct annals_request *request, struct ArrowArrayStream *out,
                       struct annals_error *error) {
  choose(request->options);
  const char *outcome = act("open");
  if (!outcome) outcome = constructed;
  if (begins("open-error")) {
    fill_error(error);
    return 1;
  }
  if (is("open-gives-nothing")) return 0;
  struct state *state = calloc(1, sizeof *state);
  state->host = host, state->source = source, state->outcome = outcome;
  struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release, state};
  if (is("stream-without-next")) stream.get_next = 0;
  if (is("stream-without-schema")) stream.get_schema = 0;
  if (is("stream-without-errors")) stream.get_last_error = 0;
  *out = stream;
  if (is("open-succeeds-with-error")) fill_error(error);
  return 0;
}

static int sniff(struct annals_str head, struct annals_str name) {
  (void)name;
  /* There are no options here: the input says the case. */
  const char *end = head.len ? memchr(head.ptr, '\n', head.len) : 0;
  size_t len = end ? (size_t)(end - head.ptr) : 0;
  if (len >= sizeof hostile_case) return 0;
  memcpy(hostile_case, head.ptr, len);
  hostile_case[len] = 0;
  if (!strstr(hostile_case, "sniff")) return 0;
  act("sniff");
  if (is("sniff-above")) return 1000000;
  if (is("sniff-most")) return INT32_MAX;
  if (is("sniff-below")) return INT32_MIN;
  return 60;
}

static int run_export(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
                      const struct annals_export_request *request, struct annals_export_stats *stats,
                      struct annals_error *error) {
  (void)host;
  choose(request->options);
  const char *outcome = act("export");
  if (begins("open-error")) {
    fill_error(error);
    return 1;
  }
  if (is("write-null")) return sink->write(sink->context, 0, 5);
  if (is("write-huge")) return sink->write(sink->context, (const uint8_t *)"x", SIZE_MAX);
  if (is("write-null-ignored")) sink->write(sink->context, 0, 5);
  if (!outcome) outcome = "x\n";
  sink->write(sink->context, (const uint8_t *)outcome, strlen(outcome));
  if (is("takes-nothing")) return 0;
  if (is("takes-nothing-claims-one")) {
    stats->read = stats->written = 1;
    return 0;
  }
  if (is("releases-unread")) {
    in->release(in);
    stats->read = stats->written = 1;
    return 0;
  }
  for (;;) {
    struct ArrowArray batch;
    memset(&batch, 0, sizeof batch);
    if (in->get_next(in, &batch) || !batch.release) break;
    stats->read += batch.length;
    batch.release(&batch);
    if (is("takes-one-batch")) break;
  }
  in->release(in);
  if (is("releases-twice") && in->release) in->release(in);
  stats->written = stats->read;
  if (is("claims-more")) stats->read++, stats->written++;
  if (is("claims-fewer")) stats->written--;
  if (is("omits-untold")) stats->written--, stats->omitted++;
  if (is("stats-overflow")) stats->written = UINT64_MAX, stats->omitted = 2;
  if (is("stats-unfilled")) memset(stats, 0, sizeof *stats);
  return 0;
}

static const char options[] = "{\"properties\":{\"case\":{\"type\":\"string\"}},\"parts\":\"lines\"}";
static const struct annals_format format = {
    sizeof format, 0, {"hostile", 7}, {"", 0}, {"hostile", 7}, {"", 0}, {options, sizeof options - 1}, {"", 0},
    sniff, open_import, stream_error, stream_stats, run_export, 0,
};
static const struct annals_format *const formats[] = {&format};
static const struct annals_plugin plugin = {
    {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, ANNALS_ABI_MAJOR, ANNALS_ABI_MINOR, sizeof plugin, {"hostile", 7},
    {"1", 1}, {"{}", 2}, formats, 1, 0,
};
const struct annals_plugin *annals_plugin_v1_hostile(void) { return &plugin; }
