/* annals plugin ABI, version 1.0: the contract between annals and its format plugins.
 *
 * A plugin is a shared library `libannals_ID.so` that exports one function,
 *
 *     const struct annals_plugin *annals_plugin_v1_ID(void);
 *
 * which returns a static descriptor. Event batches cross as Arrow C streams whose schema is the event table
 * (event-table.tsv; metadata annals.schema = 1).
 *
 * Rules
 * - The major version is in the symbol. A minor version only appends fields; each side reads no more than the
 *   smaller of its own and the other's struct_size. A slot that is NULL or lies beyond is not offered.
 * - Reserved fields are 0. A plugin refuses request flags that it does not know; the host ignores unknown ones.
 * - Texts are UTF-8 with a length, not NUL-terminated, and borrowed for the call unless stated otherwise.
 * - No unwinding and no longjmp crosses. The library is never unloaded.
 * - A plugin gets bytes, never a path; it opens nothing itself.
 * - A host may refuse what is out of all proportion: more than 256 formats or codes of notes, 64 MiB of facts, more than
 *   four notes or facts for each byte read, a thousand batches without rows for which nothing was read or told.
 */
#ifndef ANNALS_PLUGIN_H
#define ANNALS_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ANNALS_MAGIC "annalsPL"
#define ANNALS_ABI_MAJOR 1
#define ANNALS_ABI_MINOR 0
#define ANNALS_FLAG_RAW UINT64_C(1)
#define ANNALS_UNKNOWN UINT64_MAX

#define ANNALS_NOTE_REJECT 1u /* import: the record could not be read and is not among the rows */
#define ANNALS_NOTE_REPAIR 2u /* import: the record was read, after a repair */
#define ANNALS_NOTE_LOSSY 3u  /* export: the event was written, but not everything it says */
#define ANNALS_NOTE_OMIT 4u   /* export: the format cannot hold the event; it was not written */

/* Arrow C data and stream interface; skipped where the plugin has them from elsewhere. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};
#endif

/* A borrowed UTF-8 text. ptr may be NULL where len is 0. */
struct annals_str {
  const char *ptr;
  size_t len;
};

/* Why a call failed. The caller owns the struct and gives it zeroed but for struct_size; the callee fills it; the
 * caller calls release when it is not NULL. */
struct annals_error {
  uint32_t struct_size;
  uint32_t kind;             /* 0 the input or output is at fault, 1 the plugin is (it panicked, say) */
  struct annals_str message; /* one sentence without a full stop */
  struct annals_str hint;    /* what to do about it; may be empty */
  uint64_t offset;           /* byte offset from 0; ANNALS_UNKNOWN if none */
  uint64_t line;             /* from 1; 0 if none */
  uint64_t column;           /* in bytes from 1; 0 if none */
  void *private_data;
  void (*release)(struct annals_error *);
};

/* A source's bytes, opened by the host. */
struct annals_source {
  uint32_t struct_size;
  uint32_t reserved;
  void *context;
  struct annals_str label; /* for messages */
  uint64_t size;           /* in bytes; ANNALS_UNKNOWN for a stream */
  /* Up to capacity bytes; 0 at the end, negative on failure (the host knows why). */
  int64_t (*read)(void *context, uint8_t *buffer, size_t capacity);
  /* The same from an offset; NULL for what cannot seek. */
  int64_t (*read_at)(void *context, uint64_t offset, uint8_t *buffer, size_t capacity);
  const uint8_t *bytes; /* the whole input where the host has it in memory, else NULL */
};

struct annals_request {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t flags;
  struct annals_str options; /* JSON object, valid by the format's schema */
  struct annals_str wanted;  /* names of columns separated by spaces; empty = all */
  uint64_t batch_rows;       /* rows a batch should have; none may have more than 2^20 */
  uint64_t max_record; /* bytes; a larger record is rejected */
};

struct annals_export_request {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t flags;
  struct annals_str options; /* JSON object, valid by the format's schema */
  struct annals_str facts;   /* JSON array of {"kind","key","value"}, sorted */
};

/* One thing to tell about one record. */
struct annals_note {
  uint32_t struct_size;
  uint32_t kind;
  struct annals_str code;  /* short, stable, lower-case: "bad-date" */
  struct annals_str text;  /* the reason in words, for this record */
  struct annals_str event; /* the event's id; may be empty */
  uint64_t offset;         /* of the record; ANNALS_UNKNOWN if none */
  uint64_t len;            /* in bytes */
  uint64_t line;           /* from 1; 0 if none */
  struct annals_str bytes; /* the record's bytes (rejected records) */
};

/* What the host offers; valid until the stream or call it was given to ends, used from one thread at a time. */
struct annals_host {
  uint32_t struct_size;
  uint32_t reserved;
  void *context;
  int (*cancelled)(void *context);                /* nonzero: return soon, with any error */
  void (*progress)(void *context, uint64_t done); /* bytes read or rows written so far */
  void (*log)(void *context, struct annals_str text);
  void (*note)(void *context, const struct annals_note *note);
  void (*fact)(void *context, struct annals_str kind, struct annals_str key, struct annals_str json);
  const void *(*get_extension)(void *context, struct annals_str id);
};

struct annals_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void *context;
  int (*write)(void *context, const uint8_t *bytes, size_t len); /* takes all; nonzero on failure */
};

/* read = emitted + rejected + filtered. An import counts as complete only when the stream ended without an error,
 * complete is nonzero, and the numbers equal what the host counted. */
struct annals_import_stats {
  uint32_t struct_size;
  uint32_t complete;
  uint64_t read;
  uint64_t emitted;
  uint64_t rejected;
  uint64_t filtered;
};

/* read = written + omitted. */
struct annals_export_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t read;
  uint64_t written;
  uint64_t omitted;
};

struct annals_format {
  uint32_t struct_size;
  uint32_t reserved;
  struct annals_str name;        /* what users type */
  struct annals_str summary;     /* one line */
  struct annals_str extensions;  /* without the dot, separated by spaces */
  struct annals_str media_types; /* separated by spaces */
  struct annals_str options;     /* JSON Schema: an object with properties (type, description, enum, default) */
  struct annals_str example;     /* an example command line */
  /* 0 no ... 50 likely ... 100 certain; pure and fast; head is at most 64 KiB. May be NULL. */
  int (*sniff)(struct annals_str head, struct annals_str name);
  /* Starts an import: 0, or nonzero with *error filled in. host and source stay valid until the stream is released;
   * request only for the call. NULL = the format cannot be read. */
  int (*open_import)(const struct annals_host *host, const struct annals_source *source,
                     const struct annals_request *request, struct ArrowArrayStream *out,
                     struct annals_error *error);
  /* The last error of a stream of this format, in full. May be NULL. */
  int (*stream_error)(struct ArrowArrayStream *stream, struct annals_error *error);
  /* The account of a stream of this format, before its release. Required with open_import. */
  int (*stream_stats)(struct ArrowArrayStream *stream, struct annals_import_stats *stats);
  /* Takes all rows of in, releases it, and writes them: 0, or nonzero with *error filled in. NULL = the format
   * cannot be written. */
  int (*run_export)(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
                    const struct annals_export_request *request, struct annals_export_stats *stats,
                    struct annals_error *error);
  /* Checks a source against the specification of the format, for `annals check`: notes of kind reject for what is
   * forbidden, of kind repair for what is allowed but read in different ways. 0, or nonzero with *error filled in if
   * the source cannot be checked. May be NULL. */
  int (*validate)(const struct annals_host *host, const struct annals_source *source,
                  const struct annals_request *request, struct annals_error *error);
};

struct annals_plugin {
  char magic[8]; /* ANNALS_MAGIC without the NUL */
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t struct_size;
  struct annals_str id; /* lower-case letters, digits, '_' */
  struct annals_str version;
  struct annals_str manifest; /* JSON object */
  const struct annals_format *const *formats;
  size_t formats_len;
  const void *(*get_extension)(struct annals_str id); /* may be NULL */
};

#ifdef __cplusplus
}
#endif
#endif
