/* A host of a later version 1.x, by hand: it calls every slot of a plugin and prints what comes of it.
 *
 *     host LIBRARY ID FILE MAX_RECORD
 *
 * Its structs are larger than those of 1.0, and what has been appended points nowhere; input comes in pieces of 1 to 7
 * bytes, and rows two at a time. So a plugin that reads beyond what it knows, or writes there, is found out; compiled
 * with sanitizers, also one that leaks. */
#include "annals_plugin-1.0.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPENDED void *appended[4]
#define NOWHERE {(void *)8, (void *)8, (void *)8, (void *)8}

static char *file;
static size_t file_len, file_at, pieces;
static int questions, patience = -1;

static struct annals_str text(const char *of) { return (struct annals_str){of, strlen(of)}; }

static void say(const char *what, struct annals_str text) {
  printf("%s\"", what);
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c < 0x20 || c >= 0x7f) printf("\\x%02x", c);
    else putchar(c);
  }
  printf("\"");
}

static int cancelled(void *context) { return (void)context, patience >= 0 && questions++ >= patience; }

static void progress(void *context, uint64_t done) { (void)context, (void)done; }

static void note(void *context, const struct annals_note *note) {
  (void)context;
  printf("note %u", note->kind);
  say(" code ", note->code);
  say(" text ", note->text);
  if (note->offset != ANNALS_UNKNOWN) printf(" at %llu+%llu line %llu", (unsigned long long)note->offset,
                                             (unsigned long long)note->len, (unsigned long long)note->line);
  if (note->bytes.len > 0) say(" bytes ", note->bytes);
  printf("\n");
}

static void fact(void *context, struct annals_str kind, struct annals_str key, struct annals_str json) {
  (void)context;
  say("fact ", kind), say(" ", key), say(" = ", json), printf("\n");
}

static const void *get_extension(void *context, struct annals_str id) { return (void)context, (void)id, NULL; }

static int64_t read_some(void *context, uint8_t *buffer, size_t capacity) {
  size_t len = 1 + pieces++ % 7;
  (void)context;
  if (len > capacity) len = capacity;
  if (len > file_len - file_at) len = file_len - file_at;
  if (len > 0) memcpy(buffer, file + file_at, len);
  file_at += len;
  return (int64_t)len;
}

static int write_out(void *context, const uint8_t *bytes, size_t len) {
  (void)context;
  return fwrite(bytes, 1, len, stdout) != len;
}

static const struct { struct annals_host now; APPENDED; } host = {
    {sizeof host, 0, NULL, cancelled, progress, NULL, note, fact, get_extension}, NOWHERE};
static struct { struct annals_source now; APPENDED; } source = {
    {sizeof source, 0, NULL, {"file", 4}, ANNALS_UNKNOWN, read_some, NULL, NULL}, NOWHERE};
static const struct { struct annals_sink now; APPENDED; } sink = {{sizeof sink, 0, NULL, write_out}, NOWHERE};
static struct { struct annals_request now; APPENDED; } request = {
    {sizeof request, 0, 0, {"{}", 2}, {NULL, 0}, 2, 0}, NOWHERE};
static struct { struct annals_export_request now; APPENDED; } export_request = {
    {sizeof export_request, 0, 0, {"{}", 2}, {"[]", 2}}, NOWHERE};

/* A value of an Arrow array, as JSON but for its quotes. */
static void print(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row) {
  const char *format = schema->format;
  int64_t at = array->offset + row;
  const uint8_t *bits = array->n_buffers > 0 ? array->buffers[0] : NULL;
  if (bits != NULL && !(bits[at / 8] >> (at % 8) & 1)) {
    printf("null");
  } else if (strcmp(format, "u") == 0 || strcmp(format, "z") == 0) {
    const int32_t *ends = (const int32_t *)array->buffers[1] + at;
    say("", (struct annals_str){(const char *)array->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])});
  } else if (strcmp(format, "vu") == 0) {
    const int32_t *view = (const int32_t *)array->buffers[1] + 4 * at;
    const char *where = (const char *)(view + 1);
    if (view[0] > 12) where = (const char *)array->buffers[2 + view[2]] + view[3];
    say("", (struct annals_str){where, (size_t)view[0]});
  } else if (strcmp(format, "+l") == 0) {
    const int32_t *ends = (const int32_t *)array->buffers[1] + at;
    printf("[");
    for (int64_t i = ends[0]; i < ends[1]; i++) print(schema->children[0], array->children[0], i);
    printf("]");
  } else if (strcmp(format, "+s") == 0) {
    printf("{");
    for (int64_t i = 0; i < schema->n_children; i++) {
      printf("%s%s ", i > 0 ? ", " : "", schema->children[i]->name);
      print(schema->children[i], array->children[i], at);
    }
    printf("}");
  } else if (strcmp(format, "C") == 0) {
    printf("%u", ((const uint8_t *)array->buffers[1])[at]);
  } else if (strcmp(format, "S") == 0) {
    printf("%u", ((const uint16_t *)array->buffers[1])[at]);
  } else if (strcmp(format, "g") == 0) {
    printf("%g", ((const double *)array->buffers[1])[at]);
  } else {
    printf("%lld", (long long)((const int64_t *)array->buffers[1])[at]);
  }
}

struct wide_error { struct annals_error now; APPENDED; };

static struct wide_error no_error(void) {
  return (struct wide_error){{.struct_size = sizeof(struct wide_error), .offset = ANNALS_UNKNOWN}, NOWHERE};
}

static void tell(struct wide_error *error, int code) {
  if (code != 0) {
    say("  error ", error->now.message);
    if (error->now.hint.len > 0) say(" hint ", error->now.hint);
    if (error->now.offset != ANNALS_UNKNOWN) printf(" at %llu line %llu", (unsigned long long)error->now.offset,
                                                    (unsigned long long)error->now.line);
    printf("\n");
  }
  if (error->now.release != NULL) error->now.release(&error->now);
  if (error->appended[0] != (void *)8) printf("  wrote beyond the error\n");
}

/* 0 if there is a stream now. */
static int open_stream(const struct annals_format *format, struct ArrowArrayStream *stream) {
  struct wide_error error = no_error();
  file_at = pieces = 0;
  int code = format->open_import(&host.now, &source.now, &request.now, stream, &error.now);
  tell(&error, code);
  return code;
}

static void import(const struct annals_format *format) {
  struct ArrowArrayStream stream = {0};
  struct ArrowSchema schema = {0};
  struct ArrowArray batch = {0};
  struct { struct annals_import_stats now; APPENDED; } stats = {{.struct_size = sizeof stats}, NOWHERE};
  if (open_stream(format, &stream) != 0) return;
  int code = stream.get_schema(&stream, &schema);
  while (code == 0 && (code = stream.get_next(&stream, &batch)) == 0 && batch.release != NULL) {
    printf("batch\n");
    for (int64_t row = 0; row < batch.length; row++) printf("  "), print(&schema, &batch, row), printf("\n");
    batch.release(&batch);
  }
  if (code != 0) {
    struct wide_error error = no_error();
    const char *last = stream.get_last_error(&stream);
    printf("failed: %s\n", last ? last : "no reason given");
    if (format->stream_error != NULL) tell(&error, format->stream_error(&stream, &error.now) == 0);
  }
  if (format->stream_stats(&stream, &stats.now) == 0)
    printf("complete %u: read %llu = %llu + %llu + %llu\n", stats.now.complete, (unsigned long long)stats.now.read,
           (unsigned long long)stats.now.emitted, (unsigned long long)stats.now.rejected,
           (unsigned long long)stats.now.filtered);
  if (stats.appended[0] != (void *)8) printf("wrote beyond the statistics\n");
  if (schema.release != NULL) schema.release(&schema);
  stream.release(&stream);
}

/* The plugin's own import is what it writes. */
static void export(const struct annals_format *format) {
  struct ArrowArrayStream stream = {0};
  struct { struct annals_export_stats now; APPENDED; } stats = {{.struct_size = sizeof stats}, NOWHERE};
  struct wide_error error = no_error();
  if (open_stream(format, &stream) != 0) return;
  int code = format->run_export(&host.now, &stream, &sink.now, &export_request.now, &stats.now, &error.now);
  tell(&error, code);
  if (stream.release != NULL) printf("the stream is not released\n");
  if (code == 0) printf("read %llu = %llu + %llu\n", (unsigned long long)stats.now.read,
                        (unsigned long long)stats.now.written, (unsigned long long)stats.now.omitted);
  if (stats.appended[0] != (void *)8) printf("wrote beyond the statistics\n");
}

static void check(const struct annals_format *format) {
  struct wide_error error = no_error();
  file_at = pieces = 0;
  tell(&error, format->validate(&host.now, &source.now, &request.now, &error.now));
}

static int load(const char *path) {
  FILE *input = fopen(path, "rb");
  if (input == NULL) return 0;
  file = malloc(1 << 20);
  file_len = file ? fread(file, 1, 1 << 20, input) : 0;
  fclose(input);
  return file != NULL;
}

int main(int count, char **words) {
  char name[64];
  if (count != 5 || !load(words[3])) return 2;
  request.now.max_record = strtoull(words[4], NULL, 10);
  void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 2;
  snprintf(name, sizeof name, "annals_plugin_v1_%s", words[2]);
  /* ISO C has no cast from an object's pointer to a function's. */
  const struct annals_plugin *(*entry)(void);
  void *found = dlsym(library, name);
  if (found == NULL) return 2;
  memcpy(&entry, &found, sizeof entry);
  const struct annals_plugin *plugin = entry();
  const struct annals_format *format = plugin->formats[0];
  say("plugin ", plugin->id), say(" ", plugin->version), say(" format ", format->name), printf("\n");
  if (plugin->get_extension != NULL && plugin->get_extension(text("nobody.knows.1")) != NULL) printf("extension\n");
  if (format->sniff != NULL) printf("sniff %d\n", format->sniff((struct annals_str){file, file_len}, text("file")));
  printf("-- import\n"), import(format);
  if (format->run_export != NULL) printf("-- export\n"), export(format);
  if (format->validate != NULL) printf("-- validate\n"), check(format);
  printf("-- with the bytes of each record\n"), request.now.flags = 1, import(format);
  printf("-- with flags of a later version\n"), request.now.flags = 2 | 1, import(format);
  request.now.flags = 0, export_request.now.flags = 4;
  if (format->run_export != NULL) export(format);
  printf("-- cancelled\n"), patience = 0, import(format);
  return free(file), 0;
}
