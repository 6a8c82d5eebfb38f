/* A whole plugin of version 1.0: every slot of the contract in one file. It is compiled against the header of that
 * version (annals_plugin-1.0.h), never today's, and must load and work in every later 1.x. Do not edit it.
 *
 * The format: a line is an event's title; `!` begins one that is rejected, `~` one that is repaired, `#` a fact.
 *
 * With -DLATER it is a plugin of a later minor version, whose structs have more than this version knows. */
#include "annals_plugin-1.0.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof literal - 1}
#define HOST_HAS(host, field)                                                                                          \
  ((host)->struct_size >= offsetof(struct annals_host, field) + sizeof(host)->field && (host)->field != NULL)

static struct annals_str text(const char *of) { return (struct annals_str){of, strlen(of)}; }

/* The stream: all titles are read at once, and given so many at a time. */
struct titles {
  const struct annals_host *host;
  char *bytes; /* of the input, then of the rows one behind the other */
  uint64_t *ends;
  uint64_t rows, given, rejected, batch_rows;
  const char *failure;
  uint64_t at, line;
  int is_complete;
};

static int refuse(struct annals_error *error, const char *message, uint64_t at, uint64_t line) {
  if (error->struct_size < sizeof *error) return 1;
  error->message = text(message);
  error->hint = text("this is what version 1.0 said");
  error->offset = at;
  error->line = line;
  error->column = line > 0 ? 1 : 0;
  return 1;
}

static void note(const struct annals_host *host, uint32_t kind, const char *code, struct annals_str event, uint64_t at,
                 uint64_t line, struct annals_str bytes) {
  struct annals_note note = {sizeof note, kind, text(code), text("so says version 1.0"), event, at, bytes.len, line, bytes};
  if (HOST_HAS(host, note)) host->note(host->context, &note);
}

static char *read_all(const struct annals_source *source, size_t *len) {
  char *bytes = NULL;
  *len = 0;
  for (;;) {
    char *more = realloc(bytes, *len + 4096);
    int64_t read = more ? source->read(source->context, (uint8_t *)more + *len, 4096) : -1;
    bytes = more ? more : bytes;
    if (read < 0) free(bytes);
    if (read < 0) return NULL;
    if (read == 0) return bytes;
    *len += (size_t)read;
  }
}

static const char *NAMES[] = {"item", "tags", "title"};
static const char *FORMATS[] = {"u", "+l", "u"};

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) schema->children[i]->release(schema->children[i]);
  free(schema->private_data);
  schema->release = NULL;
}

static void field(struct ArrowSchema *schema, int at) {
  *schema = (struct ArrowSchema){.format = FORMATS[at], .name = NAMES[at], .flags = at == 2 ? 2 : 0,
                                 .release = release_schema};
}

/* A struct of title and tags; the tags are a list of texts. */
static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static const char METADATA[] = {1, 0, 0, 0, 13, 0, 0, 0, 'a', 'n', 'n', 'a', 'l', 's', '.', 's', 'c', 'h', 'e', 'm',
                                  'a', 1, 0, 0, 0, '1'};
  struct { struct ArrowSchema schemas[3]; struct ArrowSchema *children[2], *item[1]; } *all = calloc(1, sizeof *all);
  (void)stream;
  if (all == NULL) return 12;
  for (int at = 0; at < 3; at++) field(&all->schemas[at], at);
  all->item[0] = &all->schemas[0];
  all->schemas[1].children = all->item;
  all->schemas[1].n_children = 1;
  all->children[0] = &all->schemas[2];
  all->children[1] = &all->schemas[1];
  *out = (struct ArrowSchema){.format = "+s", .name = "", .metadata = METADATA, .n_children = 2,
                              .children = all->children, .release = release_schema, .private_data = all};
  return 0;
}

static void release_array(struct ArrowArray *array) {
  for (int64_t i = 0; i < array->n_children; i++) array->children[i]->release(array->children[i]);
  free(array->private_data);
  array->release = NULL;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct titles *titles = stream->private_data;
  const struct annals_host *host = titles->host;
  memset(out, 0, sizeof *out);
  if (HOST_HAS(host, cancelled) && host->cancelled(host->context)) titles->failure = "cancelled";
  if (titles->failure != NULL) return 5;
  uint64_t left = titles->rows - titles->given, rows = left < titles->batch_rows ? left : titles->batch_rows;
  titles->is_complete = left == 0;
  if (left == 0) return 0;
  /* titles and tags; every row has one tag, its own title */
  struct { struct ArrowArray arrays[3]; struct ArrowArray *children[2], *item[1]; const void *buffers[8]; } *all;
  uint64_t from = titles->given == 0 ? 0 : titles->ends[titles->given - 1];
  uint64_t bytes = titles->ends[titles->given + rows - 1] - from;
  all = calloc(1, sizeof *all + (rows + 1) * 2 * sizeof(int32_t) + bytes + 1);
  if (all == NULL) return 12;
  int32_t *ends = (int32_t *)(void *)(all + 1), *counts = ends + rows + 1;
  char *texts = (char *)(counts + rows + 1);
  memcpy(texts, titles->bytes + from, bytes);
  for (uint64_t row = 0; row < rows; row++) {
    ends[row + 1] = (int32_t)(titles->ends[titles->given + row] - from);
    counts[row + 1] = (int32_t)row + 1;
  }
  titles->given += rows;
  all->buffers[1] = ends;
  all->buffers[2] = texts;
  all->buffers[4] = counts;
  for (int at = 0; at < 3; at++)
    all->arrays[at] = (struct ArrowArray){.length = (int64_t)rows, .n_buffers = at == 1 ? 2 : 3,
                                          .buffers = at == 1 ? all->buffers + 3 : all->buffers, .release = release_array};
  all->item[0] = &all->arrays[0];
  all->arrays[1].children = all->item;
  all->arrays[1].n_children = 1;
  all->children[0] = &all->arrays[2];
  all->children[1] = &all->arrays[1];
  *out = (struct ArrowArray){.length = (int64_t)rows, .n_buffers = 1, .buffers = all->buffers + 5, .n_children = 2,
                             .children = all->children, .release = release_array, .private_data = all};
  if (HOST_HAS(host, progress)) host->progress(host->context, titles->given);
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  return ((struct titles *)stream->private_data)->failure;
}

static void release(struct ArrowArrayStream *stream) {
  struct titles *titles = stream->private_data;
  free(titles->bytes);
  free(titles->ends);
  free(titles);
  stream->release = NULL;
}

static int open_import(const struct annals_host *host, const struct annals_source *source,
                       const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error) {
  if (request->flags & ~ANNALS_FLAG_RAW) return refuse(error, "flags that version 1.0 does not know", ANNALS_UNKNOWN, 0);
  /* What a host does not have is NULL, and what it has is for others. */
  if (HOST_HAS(host, get_extension)) host->get_extension(host->context, text("frozen.nobody.knows.1"));
  if (HOST_HAS(host, log)) host->log(host->context, text("version 1.0 reads"));
  struct titles *titles = calloc(1, sizeof *titles);
  size_t len = 0, used = 0, line = 0;
  if (titles == NULL) return refuse(error, "no memory", ANNALS_UNKNOWN, 0);
  *titles = (struct titles){.host = host, .batch_rows = request->batch_rows, .bytes = read_all(source, &len)};
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, titles};
  if (titles->bytes == NULL) return release(out), refuse(error, "the input could not be read", ANNALS_UNKNOWN, 0);
  titles->ends = calloc(len + 1, sizeof *titles->ends);
  if (titles->ends == NULL) return release(out), refuse(error, "no memory", ANNALS_UNKNOWN, 0);
  for (size_t at = 0; at < len;) {
    char *from = titles->bytes + at, *end = memchr(from, '\n', len - at);
    struct annals_str bytes = {from, end ? (size_t)(end - from) : len - at};
    line++;
    if (bytes.len > 0 && bytes.ptr[0] == '?') return release(out), refuse(error, "a line that asks", at, line);
    if (bytes.len > 0 && bytes.ptr[0] == '!') {
      note(host, ANNALS_NOTE_REJECT, "frozen-reject", text(""), at, line, bytes);
      titles->rejected++;
    } else if (bytes.len > 0 && bytes.ptr[0] == '#') {
      if (HOST_HAS(host, fact)) host->fact(host->context, text("title"), text(""), text("\"frozen\""));
    } else {
      if (bytes.len > 0 && bytes.ptr[0] == '~')
        note(host, ANNALS_NOTE_REPAIR, "frozen-repair", text(""), at, line, (struct annals_str){NULL, 0});
      /* Rows never need more room than the lines that they come from. */
      memmove(titles->bytes + used, bytes.ptr, bytes.len);
      used += bytes.len;
      titles->ends[titles->rows++] = used;
    }
    at += bytes.len + 1;
  }
  return 0;
}

static int stream_error(struct ArrowArrayStream *stream, struct annals_error *error) {
  struct titles *titles = stream->private_data;
  if (titles->failure == NULL) return 1;
  refuse(error, titles->failure, ANNALS_UNKNOWN, 0);
  return 0;
}

static int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  struct titles *titles = stream->private_data;
  *stats = (struct annals_import_stats){stats->struct_size, titles->is_complete, titles->given + titles->rejected,
                                        titles->given, titles->rejected, 0};
  return 0;
}

/* A text of a column of texts; what is null is empty. */
static struct annals_str text_at(const struct ArrowArray *array, int64_t row) {
  int64_t at = array->offset + row;
  const uint8_t *valid = array->buffers[0];
  const int32_t *ends = array->buffers[1];
  if (valid != NULL && !(valid[at / 8] >> (at % 8) & 1)) return text("");
  return (struct annals_str){(const char *)array->buffers[2] + ends[at], (size_t)(ends[at + 1] - ends[at])};
}

/* Writes titles, a line each; `omit` is omitted, `lossy` is lossy. */
static int run_export(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
                      const struct annals_export_request *request, struct annals_export_stats *stats,
                      struct annals_error *error) {
  struct ArrowSchema schema = {0};
  struct ArrowArray batch = {0};
  int64_t title = -1, id = -1;
  int code = request->flags ? 1 : in->get_schema(in, &schema);
  if (code == 0) {
    for (int64_t i = 0; i < schema.n_children; i++) {
      if (strcmp(schema.children[i]->name, "title") == 0) title = i;
      if (strcmp(schema.children[i]->name, "id") == 0) id = i;
    }
    schema.release(&schema);
    code = title < 0;
  }
  if (request->facts.len > 2) code = code ? code : sink->write(sink->context, (const uint8_t *)"facts\n", 6);
  while (code == 0 && (code = in->get_next(in, &batch)) == 0 && batch.release != NULL) {
    for (int64_t row = 0; row < batch.length && code == 0; row++) {
      struct annals_str line = text_at(batch.children[title], batch.offset + row);
      struct annals_str event = id < 0 ? text("") : text_at(batch.children[id], batch.offset + row);
      stats->read++;
      if (line.len == 4 && memcmp(line.ptr, "omit", 4) == 0) {
        note(host, ANNALS_NOTE_OMIT, "frozen-omit", event, ANNALS_UNKNOWN, 0, text(""));
        stats->omitted++;
        continue;
      }
      if (line.len == 5 && memcmp(line.ptr, "lossy", 5) == 0)
        note(host, ANNALS_NOTE_LOSSY, "frozen-lossy", event, ANNALS_UNKNOWN, 0, text(""));
      code = sink->write(sink->context, (const uint8_t *)line.ptr, line.len);
      code = code ? code : sink->write(sink->context, (const uint8_t *)"\n", 1);
      stats->written++;
    }
    if (HOST_HAS(host, progress)) host->progress(host->context, stats->read);
    batch.release(&batch);
  }
  in->release(in);
  return code ? refuse(error, "version 1.0 cannot write", ANNALS_UNKNOWN, 0) : 0;
}

/* Lines that begin with `!` are forbidden, with `~` doubtful. */
static int validate(const struct annals_host *host, const struct annals_source *source,
                    const struct annals_request *request, struct annals_error *error) {
  size_t len = 0, line = 0;
  char *bytes = read_all(source, &len);
  if (bytes == NULL || request->flags) return free(bytes), refuse(error, "it cannot be checked", ANNALS_UNKNOWN, 0);
  for (size_t at = 0; at < len;) {
    const char *end = memchr(bytes + at, '\n', len - at);
    struct annals_str found = {bytes + at, end ? (size_t)(end - bytes) - at : len - at};
    line++;
    if (bytes[at] == '!') note(host, ANNALS_NOTE_REJECT, "frozen-reject", text(""), at, line, found);
    if (bytes[at] == '~') note(host, ANNALS_NOTE_REPAIR, "frozen-repair", text(""), at, line, found);
    at += found.len + 1;
  }
  free(bytes);
  return 0;
}

static int sniff(struct annals_str head, struct annals_str name) {
  (void)name;
  return head.len >= 6 && memcmp(head.ptr, "frozen", 6) == 0 ? 90 : 0;
}

static const void *get_extension(struct annals_str id) {
  (void)id;
  return NULL;
}

#define FORMAT(size)                                                                                                   \
  {size, 0, TEXT("frozen"), TEXT("titles, as version 1.0 had them"), TEXT("frozen"), TEXT("text/x-frozen"),            \
   TEXT("{\"properties\":{\"word\":{\"type\":\"string\",\"description\":\"Anything.\"}}}"),                            \
   TEXT("annals merge a.frozen"), sniff, open_import, stream_error, stream_stats, run_export, validate}
#define PLUGIN(minor, size)                                                                                            \
  {{'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'}, 1, minor, size, TEXT("frozen"), TEXT("1.0.0"),                            \
   TEXT("{\"description\":\"frozen\"}"), formats, 1, get_extension}

#ifdef LATER
/* What has been appended points nowhere: whoever touches it does not know where its own version ends. */
static const struct { struct annals_format now; void *appended[3]; } format = {
    FORMAT(sizeof format), {(void *)8, (void *)8, (void *)8}};
static const struct annals_format *const formats[] = {&format.now};
static const struct { struct annals_plugin now; void *appended[3]; } plugin = {
    PLUGIN(7, sizeof plugin), {(void *)8, (void *)8, (void *)8}};
const struct annals_plugin *annals_plugin_v1_frozen(void) { return &plugin.now; }
#else
static const struct annals_format format = FORMAT(sizeof format);
static const struct annals_format *const formats[] = {&format};
static const struct annals_plugin plugin = PLUGIN(0, sizeof plugin);
const struct annals_plugin *annals_plugin_v1_frozen(void) { return &plugin; }
#endif
