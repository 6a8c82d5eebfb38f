/* What the files of this plugin share. See README.md for the way through them. */
#ifndef TLN_H
#define TLN_H

#include "annals_plugin.h"

/* Whether a struct of the other side reaches up to a field and has it: a slot that lies beyond is not offered. */
#define HAS(type, table, field)                                                                                        \
  ((table)->struct_size >= offsetof(struct type, field) + sizeof (table)->field && (table)->field != NULL)
#define HOST_HAS(host, field) HAS(annals_host, host, field)

/* A text of the program: as an initializer, and as a value. */
#define LITERAL(literal) {literal, sizeof literal - 1}
#define TEXT(literal) ((struct annals_str)LITERAL(literal))

/* text.c: texts, numbers and times. */

int same(struct annals_str a, const char *b);
/* Whether bytes are UTF-8 (RFC 3629); if not, *at is the first that is none. */
int is_utf8(struct annals_str bytes, size_t *at);
struct annals_str trim(struct annals_str text);
/* A whole number; 0 if it is none or does not fit. */
int whole_number(struct annals_str text, int64_t *number);
/* `1985-04-12T23:20:50Z` of seconds since 1970; the room is for 21 bytes. */
#define FIRST_SECOND INT64_C(-62135596800) /* of the year 1 */
#define LAST_SECOND INT64_C(253402300799)  /* of the year 9999 */
void instant_text(int64_t seconds, char *out);
/* A member of a flat JSON object as it is written, texts without their quotes; 0 if it is not there. */
int json_member(struct annals_str object, const char *name, struct annals_str *value);
/* Fills in what the caller of a failed call gets; the message is copied. */
int fail(struct annals_error *error, const char *message, const char *hint, uint64_t offset, uint64_t line);

/* record.c: one line. */

enum { TLN_FIELDS = 5, TLNX_FIELDS = 7 };

struct record {
  int is_dated;
  int64_t seconds;
  struct annals_str source, host, user, description, zone, notes; /* len 0 = none */
};

/* NULL, or the code of what is wrong with it and the reason in words. fields = how many there must be, 0 = 5 or 7. */
const char *read_record(struct annals_str line, int fields, int zero_is_undated, struct record *out, char reason[200]);
/* The number of fields that a header names, 0 if the line is none. */
int header_fields(struct annals_str line);

/* lines.c: the input, line by line in bounded memory. */

struct lines {
  const struct annals_source *source;
  size_t limit;
  unsigned char *buffer;
  size_t capacity, start, end;
  uint64_t offset, number; /* of the line that comes next; line numbers from 0 */
  int is_at_end;
};

struct line {
  struct annals_str bytes; /* without the line end; of a line over the limit, its beginning */
  uint64_t offset, number; /* from 0, from 1 */
  uint64_t len;            /* without the line end, also over the limit */
};

enum next { NEXT_LINE, NEXT_END, NEXT_UNREADABLE, NEXT_NO_MEMORY };
enum next next_line(struct lines *lines, struct line *line);
/* The bytes that are read already and come next; some of the input's first, when nothing has been taken yet. */
enum next peek(struct lines *lines, struct annals_str *bytes);

/* columns.c: a batch under construction. */

struct field {
  const char *name;
  const char *format; /* of the Arrow C data interface */
  int is_required;
  const struct field *children;
  size_t children_len;
};

struct bytes {
  unsigned char *ptr;
  size_t len, capacity;
};

struct column {
  const struct field *field;
  struct bytes valid, ends, values; /* bits, int32 offsets, values or texts */
  int64_t rows, nulls;
  struct column *children;
  size_t children_len;
  int *has_failed; /* of the whole batch: set for good where memory ran out */
};

int open_column(struct column *column, const struct field *field, int *has_failed);
void free_column(struct column *column);
void put_null(struct column *column);
void put_text(struct column *column, struct annals_str text); /* an empty one is null, where null may be */
void put_number(struct column *column, const void *number, size_t size);
void put_struct(struct column *column); /* after its children */
void put_list(struct column *column);   /* after its items */
/* What has been put, as Arrow structs that own it; the column is empty then. 0, or -1 where memory ran out. */
int take_array(struct column *column, struct ArrowArray *out);
int describe(const struct column *column, const char *metadata, struct ArrowSchema *out);

/* import.c, export.c */

int open_import(const struct annals_host *host, const struct annals_source *source,
                const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error);
int stream_error(struct ArrowArrayStream *stream, struct annals_error *error);
int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats);
int run_export(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
               const struct annals_export_request *request, struct annals_export_stats *stats,
               struct annals_error *error);

#endif
