/* The plugin itself: what annals is told of it. */
#include "tln.h"

#include <string.h>

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

/* Pure and fast: a header, or up to three first lines that are records. */
static int sniff(struct annals_str head, struct annals_str name) {
  int good = 0;
  (void)name;
  if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0) head.ptr += 3, head.len -= 3;
  while (good < 3 && head.len > 0) {
    const char *end = memchr(head.ptr, '\n', head.len);
    struct annals_str line = {head.ptr, end ? (size_t)(end - head.ptr) : head.len};
    struct record record;
    char reason[200];
    /* The last one may be cut off. */
    if (end == NULL && good > 0) break;
    head.ptr += line.len + (end != NULL);
    head.len -= line.len + (end != NULL);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    if (trim(line).len == 0) continue;
    if (good == 0 && header_fields(line) != 0) return 95;
    if (read_record(line, 0, 1, &record, reason) != NULL) return 0;
    good++;
  }
  return good > 0 ? 60 : 0;
}

static const struct annals_format TLN = {
    .struct_size = sizeof TLN,
    .name = LITERAL("tln"),
    .summary = LITERAL("TLN and TLNX: forensic timelines, five or seven fields a line between bars"),
    .extensions = LITERAL("tln tlnx"),
    .media_types = LITERAL("text/plain"),
    .options = LITERAL("{\"type\":\"object\",\"properties\":{"
                    "\"zero\":{\"type\":\"string\",\"enum\":[\"undated\",\"epoch\"],\"default\":\"undated\","
                    "\"description\":\"What the time 0 means when reading: no time, or 1970-01-01T00:00:00Z.\"},"
                    "\"notes\":{\"type\":\"boolean\",\"default\":false,"
                    "\"description\":\"Whether to write the seven fields of TLNX, with the longer text as notes.\"}}}"),
    .example = LITERAL("annals --plugin ./libannals_tln.so merge host.tln calendar.ics -o timeline.json"),
    .sniff = sniff,
    .open_import = open_import,
    .stream_error = stream_error,
    .stream_stats = stream_stats,
    .run_export = run_export,
};

static const struct annals_format *const FORMATS[] = {&TLN};

static const struct annals_plugin PLUGIN = {
    .magic = {'a', 'n', 'n', 'a', 'l', 's', 'P', 'L'},
    .abi_major = ANNALS_ABI_MAJOR,
    .abi_minor = ANNALS_ABI_MINOR,
    .struct_size = sizeof PLUGIN,
    .id = LITERAL("tln"),
    .version = LITERAL("1.0.0"),
    .manifest = LITERAL("{\"description\":\"TLN and TLNX, in C\"}"),
    .formats = FORMATS,
    .formats_len = sizeof FORMATS / sizeof *FORMATS,
};

EXPORTED const struct annals_plugin *annals_plugin_v1_tln(void) { return &PLUGIN; }
