/* Descriptors, each wrong (or just odd) in one way. One library has them all: the host looks up the function by the name
 * of the file, so that a copy of it under another name is another plugin. */
#include <string.h>
#include "annals_plugin.h"

#define TEXT(text) {text, sizeof(text) - 1}
#define WILD ((const char *)0)

static int stats(struct ArrowArrayStream *stream, struct annals_import_stats *out) {
  (void)stream, (void)out;
  return 1;
}

static int open_nothing(const struct annals_host *host, const struct annals_source *source,
                        const struct annals_request *request, struct ArrowArrayStream *out,
                        struct annals_error *error) {
  (void)host, (void)source, (void)request, (void)out, (void)error;
  return 1;
}

/* A good format and a good descriptor, to be changed. */
static struct annals_format format(const char *name) {
  struct annals_format it;
  memset(&it, 0, sizeof it);
  it.struct_size = sizeof it;
  it.name.ptr = name;
  it.name.len = strlen(name);
  it.open_import = open_nothing;
  it.stream_stats = stats;
  return it;
}

static struct annals_plugin plugin(const char *id, const struct annals_format *const *formats, size_t count) {
  struct annals_plugin it;
  memset(&it, 0, sizeof it);
  memcpy(it.magic, ANNALS_MAGIC, 8);
  it.abi_major = ANNALS_ABI_MAJOR;
  it.abi_minor = ANNALS_ABI_MINOR;
  it.struct_size = sizeof it;
  it.id.ptr = id;
  it.id.len = strlen(id);
  it.version.ptr = "1";
  it.version.len = 1;
  it.formats = formats;
  it.formats_len = count;
  return it;
}

/* The function of plugin ID: CHANGE may change the descriptor `p` and its format `f`. */
#define PLUGIN(ID, CHANGE)                                     \
  const struct annals_plugin *annals_plugin_v1_##ID(void) {    \
    static struct annals_format f;                             \
    static const struct annals_format *list[3];                \
    static struct annals_plugin p;                             \
    f = format(#ID);                                           \
    list[0] = &f;                                              \
    p = plugin(#ID, list, 1);                                  \
    CHANGE;                                                    \
    return &p;                                                 \
  }

#define SET(PLACE, VALUE)                       \
  do {                                          \
    static const char value[] = VALUE;          \
    (PLACE).ptr = value;                        \
    (PLACE).len = sizeof value - 1;             \
  } while (0)
#define NULL_OF_9(PLACE) ((PLACE).ptr = 0, (PLACE).len = 9)

/* What other versions may look like: these load. */
PLUGIN(size_huge, p.struct_size = UINT32_MAX)
PLUGIN(format_size_huge, f.struct_size = UINT32_MAX)
PLUGIN(minor_newer, (p.abi_minor = 9, p.struct_size += 64))
PLUGIN(no_formats, (p.formats = 0, p.formats_len = 0))
PLUGIN(bare, (p.version.ptr = 0, p.version.len = 0))
PLUGIN(summary_not_utf8, SET(f.summary, "caf\xe9"))
PLUGIN(summary_commands, SET(f.summary, "\x1b[2J\x1b[31mred\ntwo\0three"))

/* These are refused. */
PLUGIN(wrong_magic, p.magic[0] = 'A')
PLUGIN(newer_major, p.abi_major = 2)
PLUGIN(size_zero, p.struct_size = 0)
PLUGIN(size_short, p.struct_size -= 1)
PLUGIN(id_null, NULL_OF_9(p.id))
PLUGIN(id_empty, p.id.len = 0)
PLUGIN(id_not_utf8, SET(p.id, "id\xff"))
PLUGIN(id_huge, p.id.len = SIZE_MAX)
PLUGIN(version_null, NULL_OF_9(p.version))
PLUGIN(manifest_null, NULL_OF_9(p.manifest))
PLUGIN(manifest_huge, SET(p.manifest, "{}"); p.manifest.len = (size_t)1 << 62)
PLUGIN(formats_null, p.formats = 0)
PLUGIN(formats_huge, p.formats_len = (size_t)1 << 40)
PLUGIN(formats_most, p.formats_len = SIZE_MAX)
PLUGIN(format_null, p.formats_len = 2)
PLUGIN(format_twice, (list[1] = &f, p.formats_len = 2))
PLUGIN(format_size_zero, f.struct_size = 0)
PLUGIN(name_null, NULL_OF_9(f.name))
PLUGIN(name_empty, f.name.len = 0)
PLUGIN(name_with_nul, SET(f.name, "a\0b"))
PLUGIN(name_with_colon, SET(f.name, "a:b"))
PLUGIN(name_not_utf8, SET(f.name, "a\xff"))
PLUGIN(name_long, SET(f.name, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
PLUGIN(summary_null, NULL_OF_9(f.summary))
PLUGIN(extensions_null, NULL_OF_9(f.extensions))
PLUGIN(media_types_null, NULL_OF_9(f.media_types))
PLUGIN(options_null, NULL_OF_9(f.options))
PLUGIN(example_null, NULL_OF_9(f.example))
PLUGIN(options_no_json, SET(f.options, "{\"properties\":"))
PLUGIN(options_array, SET(f.options, "[]"))
PLUGIN(options_of_no_objects, SET(f.options, "{\"properties\":{\"a\":1}}"))
PLUGIN(options_deep, {
  static char deep[1 << 16];
  memset(deep, '[', sizeof deep);
  memcpy(deep, "{\"a\":", 5);
  f.options.ptr = deep;
  f.options.len = sizeof deep;
})
PLUGIN(no_stats, f.stream_stats = 0)

static char room[sizeof(struct annals_plugin) + sizeof(struct annals_format) + 16];

PLUGIN(format_misaligned, {
  memcpy(room + 1, &f, sizeof f);
  list[0] = (const struct annals_format *)(const void *)(room + 1);
})
PLUGIN(list_misaligned, p.formats = (const struct annals_format *const *)(const void *)((const char *)list + 1))

const struct annals_plugin *annals_plugin_v1_misaligned(void) {
  struct annals_plugin it = plugin("misaligned", 0, 0);
  memcpy(room + 3, &it, sizeof it);
  return (const struct annals_plugin *)(const void *)(room + 3);
}

const struct annals_plugin *annals_plugin_v1_all_zero(void) {
  static const struct annals_plugin zero;
  return &zero;
}
