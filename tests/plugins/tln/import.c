/* TLN as an Arrow stream of the event table: some lines a batch. */
#include "tln.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 20, MOST_ROWS = 1 << 20, MOST_RECORD = 1 << 30 };

/* The columns that TLN fills, with the types of event-table.tsv. Of the others the host makes nulls. */
#define FIELD(name, format) {name, format, 0, NULL, 0}
#define REQUIRED(name, format) {name, format, 1, NULL, 0}
#define NESTED(name, format, required, children) {name, format, required, children, sizeof children / sizeof *children}

static const struct field ACTOR_FIELDS[] = {FIELD("name", "u"), FIELD("role", "u"), FIELD("address", "u")};
static const struct field ACTOR[] = {NESTED("item", "+s", 1, ACTOR_FIELDS)};
static const struct field LOCATOR[] = {REQUIRED("offset", "L"), REQUIRED("len", "L"), REQUIRED("line", "L")};
static const struct field CLAIM_FIELDS[] = {
    REQUIRED("source", "u"), FIELD("id", "u"),       FIELD("instance", "u"),      FIELD("revision", "l"),
    FIELD("modified", "tsu:UTC"), FIELD("lane", "u"), FIELD("attributed_to", "u"), NESTED("locator", "+s", 0, LOCATOR),
    FIELD("quote", "u"),     FIELD("edtf", "u"),     FIELD("title", "u"),         FIELD("differs", "u"),
    FIELD("retrieved", "u"),
};
static const struct field CLAIM[] = {NESTED("item", "+s", 1, CLAIM_FIELDS)};

enum { EDTF, START_LO, START_HI, END_LO, END_HI, ZONE, TITLE, BODY, LANE, ACTORS, CLAIMS, EXTRA, RAW, RAW_FORMAT, COUNT };
static const struct field COLUMNS[COUNT] = {
    [EDTF] = FIELD("edtf", "u"),
    [START_LO] = FIELD("start_lo", "tsu:"),
    [START_HI] = FIELD("start_hi", "tsu:"),
    [END_LO] = FIELD("end_lo", "tsu:"),
    [END_HI] = FIELD("end_hi", "tsu:"),
    [ZONE] = FIELD("zone", "u"),
    [TITLE] = FIELD("title", "u"),
    [BODY] = FIELD("body", "u"),
    [LANE] = FIELD("lane", "u"),
    [ACTORS] = NESTED("actors", "+l", 1, ACTOR),
    [CLAIMS] = NESTED("claims", "+l", 1, CLAIM),
    [EXTRA] = FIELD("extra", "u"),
    [RAW] = FIELD("raw", "z"),
    [RAW_FORMAT] = FIELD("raw_format", "u"),
};

struct import {
  const struct annals_host *host;
  struct lines lines;
  struct field wanted[COUNT]; /* those of COLUMNS that the host wants */
  struct field row;           /* a struct of them */
  struct column batch;
  struct column *columns[COUNT]; /* NULL = not wanted */
  int has_failed;                /* no memory for the columns */
  uint64_t batch_rows, batch_bytes;
  int wants_raw, zero_is_undated, fields;
  uint64_t emitted, rejected;
  int is_complete;
  char metadata[64];
  /* The last error. */
  const char *message, *hint;
  uint64_t error_offset, error_line;
};

static int is_wanted(struct annals_str wanted, const char *name) {
  if (wanted.len == 0) return 1;
  for (size_t at = 0; at < wanted.len;) {
    const char *from = wanted.ptr + at, *space = memchr(from, ' ', wanted.len - at);
    size_t len = space ? (size_t)(space - from) : wanted.len - at;
    if (same((struct annals_str){from, len}, name)) return 1;
    at += len + 1;
  }
  return 0;
}

/* Where a row goes: a column that is not wanted takes nothing. */
static void text_of(struct import *import, int at, struct annals_str text) {
  if (import->columns[at] != NULL) put_text(import->columns[at], text);
}

static void time_of(struct import *import, int at, const struct record *record, int64_t after) {
  if (import->columns[at] == NULL) return;
  int64_t microseconds = record->seconds * 1000000 + after;
  if (record->is_dated) {
    put_number(import->columns[at], &microseconds, sizeof microseconds);
  } else {
    put_null(import->columns[at]);
  }
}

static void actor_of(struct column *actors, struct annals_str name, struct annals_str role) {
  struct column *item = &actors->children[0];
  if (name.len == 0) return;
  put_text(&item->children[0], name);
  put_text(&item->children[1], role);
  put_null(&item->children[2]);
  put_struct(item);
}

/* The record's own claim, which says where it stands; its source stays empty, for the host to fill in. */
static void claim_of(struct column *claims, const struct line *line) {
  struct column *item = &claims->children[0];
  for (size_t i = 0; i < item->children_len; i++) {
    struct column *field = &item->children[i];
    if (strcmp(field->field->name, "source") == 0) {
      put_text(field, TEXT(""));
    } else if (strcmp(field->field->name, "locator") == 0) {
      put_number(&field->children[0], &line->offset, sizeof line->offset);
      put_number(&field->children[1], &line->len, sizeof line->len);
      put_number(&field->children[2], &line->number, sizeof line->number);
      put_struct(field);
    } else {
      put_null(field);
    }
  }
  put_struct(item);
  put_list(claims);
}

static void put_record(struct import *import, const struct record *record, const struct line *line) {
  char edtf[21], extra[80];
  instant_text(record->seconds, edtf);
  struct annals_str undated = {edtf, 0};
  text_of(import, EDTF, record->is_dated ? (struct annals_str){edtf, 20} : undated);
  time_of(import, START_LO, record, 0);
  time_of(import, START_HI, record, 0);
  time_of(import, END_LO, record, 1);
  time_of(import, END_HI, record, 1);
  text_of(import, ZONE, record->is_dated ? TEXT("UTC") : undated);
  text_of(import, TITLE, record->description);
  text_of(import, BODY, record->notes);
  text_of(import, LANE, record->source);
  if (import->columns[ACTORS] != NULL) {
    actor_of(import->columns[ACTORS], record->host, TEXT("host"));
    actor_of(import->columns[ACTORS], record->user, TEXT("user"));
    put_list(import->columns[ACTORS]);
  }
  if (import->columns[CLAIMS] != NULL) claim_of(import->columns[CLAIMS], line);
  /* The time is UTC whatever zone is named. A zone's name needs no escaping; see read_record. */
  int len = 0;
  if (record->zone.len > 0 && !same(record->zone, "UTC"))
    len = snprintf(extra, sizeof extra, "{\"tz\":\"%.*s\"}", (int)record->zone.len, record->zone.ptr);
  text_of(import, EXTRA, (struct annals_str){extra, (size_t)len});
  text_of(import, RAW, line->bytes);
  text_of(import, RAW_FORMAT, TEXT("tln"));
  put_struct(&import->batch);
  import->batch_bytes += line->len + 64;
}

static void reject(struct import *import, const struct line *line, const char *code, const char *reason) {
  struct annals_note note = {sizeof note, ANNALS_NOTE_REJECT, {code, strlen(code)}, {reason, strlen(reason)},
                             {NULL, 0},   line->offset,       line->len,            line->number,
                             line->bytes};
  if (HOST_HAS(import->host, note)) import->host->note(import->host->context, &note);
  import->rejected++;
}

static int stop(struct import *import, int code, const char *message, const char *hint, uint64_t offset, uint64_t line) {
  import->message = message;
  import->hint = hint;
  import->error_offset = offset;
  import->error_line = line;
  return code;
}

/* Refuses what is no text at all, instead of rejecting each line of it. */
static int check_head(struct import *import) {
  struct annals_str head;
  enum next next = peek(&import->lines, &head);
  if (next == NEXT_UNREADABLE) return stop(import, EIO, "the input could not be read", "", ANNALS_UNKNOWN, 0);
  if (next == NEXT_NO_MEMORY) return stop(import, ENOMEM, "there is not enough memory", "", ANNALS_UNKNOWN, 0);
  if (head.len >= 3 && memcmp(head.ptr, "\xef\xbb\xbf", 3) == 0) {
    import->lines.start += 3;
    import->lines.offset += 3;
  }
  if (head.len >= 2 && (memcmp(head.ptr, "\xff\xfe", 2) == 0 || memcmp(head.ptr, "\xfe\xff", 2) == 0))
    return stop(import, EINVAL, "the file is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8", 0, 1);
  const char *nul = head.len > 0 ? memchr(head.ptr, 0, head.len) : NULL;
  if (nul == NULL) return 0;
  uint64_t line = 1;
  for (const char *at = head.ptr; at < nul; at++) line += *at == '\n';
  return stop(import, EINVAL, "this is binary data, not TLN: it has a NUL byte", "name the right format with `-f FORMAT`",
              (uint64_t)(nul - head.ptr), line);
}

/* Reads a line: 1, 0 at the end, or a negative errno. */
static int step(struct import *import) {
  struct line line;
  struct record record;
  char reason[200];
  switch (next_line(&import->lines, &line)) {
  case NEXT_LINE: break;
  case NEXT_END: return 0;
  case NEXT_UNREADABLE:
    return -stop(import, EIO, "the input could not be read", "", import->lines.offset, import->lines.number + 1);
  case NEXT_NO_MEMORY:
    return -stop(import, ENOMEM, "there is not enough memory for a line", "a smaller `--max-record` needs less",
                 import->lines.offset, import->lines.number + 1);
  }
  if (line.len > import->lines.limit) {
    snprintf(reason, sizeof reason, "the record has %llu bytes, the limit is %zu (--max-record)",
             (unsigned long long)line.len, import->lines.limit);
    reject(import, &line, "too-large", reason);
    return 1;
  }
  if (trim(line.bytes).len == 0) return 1;
  int fields = header_fields(line.bytes);
  if (fields != 0) {
    import->fields = fields;
    return 1;
  }
  const char *code = read_record(line.bytes, import->fields, import->zero_is_undated, &record, reason);
  if (code != NULL) {
    reject(import, &line, code, reason);
  } else {
    put_record(import, &record, &line);
  }
  return 1;
}

static struct import *of(struct ArrowArrayStream *stream) { return stream->private_data; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  return describe(&of(stream)->batch, of(stream)->metadata, out) == 0 ? 0 : ENOMEM;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct import *import = of(stream);
  const struct annals_host *host = import->host;
  memset(out, 0, sizeof *out); /* released: the end */
  if (import->message != NULL) return EIO;
  if (import->lines.number == 0) {
    int code = check_head(import);
    if (code != 0) return code;
  }
  import->batch_bytes = 0;
  uint64_t asked = 0;
  for (int left = 1; left > 0 && (uint64_t)import->batch.rows < import->batch_rows && import->batch_bytes < BATCH_BYTES;) {
    if (asked++ % 1024 == 0) {
      if (HOST_HAS(host, cancelled) && host->cancelled(host->context))
        return stop(import, EINTR, "interrupted", "", ANNALS_UNKNOWN, 0);
      if (HOST_HAS(host, progress)) host->progress(host->context, import->lines.offset);
    }
    left = step(import);
    if (left < 0) return -left;
    import->is_complete = left == 0;
  }
  uint64_t rows = (uint64_t)import->batch.rows;
  if (!import->has_failed && rows > 0 && take_array(&import->batch, out) != 0) import->has_failed = 1;
  if (import->has_failed) return stop(import, ENOMEM, "there is not enough memory for a batch", "", ANNALS_UNKNOWN, 0);
  import->emitted += rows;
  if (HOST_HAS(host, progress)) host->progress(host->context, import->lines.offset);
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return of(stream)->message; }

static void free_import(struct import *import) {
  free_column(&import->batch);
  free(import->lines.buffer);
  free(import);
}

static void release(struct ArrowArrayStream *stream) {
  free_import(of(stream));
  stream->release = NULL;
}

/* The binary form of Arrow's metadata: how many, then each key and value behind its length. */
static void write_metadata(char *out) {
  static const char *const TEXTS[] = {"annals.schema", "1"};
  int32_t number = 1;
  memcpy(out, &number, sizeof number);
  out += sizeof number;
  for (int i = 0; i < 2; i++) {
    number = (int32_t)strlen(TEXTS[i]);
    memcpy(out, &number, sizeof number);
    memcpy(out + sizeof number, TEXTS[i], (size_t)number);
    out += sizeof number + (size_t)number;
  }
}

static uint64_t clamp(uint64_t number, uint64_t most) { return number < 1 ? 1 : number > most ? most : number; }

int open_import(const struct annals_host *host, const struct annals_source *source,
                const struct annals_request *request, struct ArrowArrayStream *out, struct annals_error *error) {
  if ((request->flags & ~ANNALS_FLAG_RAW) != 0)
    return fail(error, "the host asks for what this plugin does not know (flags)", "", ANNALS_UNKNOWN, 0);
  if (!HAS(annals_source, source, read)) return fail(error, "the host gives no bytes", "", ANNALS_UNKNOWN, 0);
  struct import *import = calloc(1, sizeof *import);
  if (import == NULL) return fail(error, "there is not enough memory", "", ANNALS_UNKNOWN, 0);
  import->host = host;
  import->lines.source = source;
  import->lines.limit = (size_t)clamp(request->max_record, MOST_RECORD);
  import->batch_rows = clamp(request->batch_rows, MOST_ROWS);
  import->wants_raw = (request->flags & ANNALS_FLAG_RAW) != 0;
  struct annals_str zero = TEXT("undated");
  json_member(request->options, "zero", &zero);
  import->zero_is_undated = !same(zero, "epoch");
  write_metadata(import->metadata);
  size_t count = 0;
  int at[COUNT];
  for (int i = 0; i < COUNT; i++) {
    int is_raw = i == RAW || i == RAW_FORMAT;
    at[i] = -1;
    if (is_raw ? !import->wants_raw : !is_wanted(request->wanted, COLUMNS[i].name)) continue;
    at[i] = (int)count;
    import->wanted[count++] = COLUMNS[i];
  }
  import->row = (struct field){"", "+s", 1, import->wanted, count};
  if (open_column(&import->batch, &import->row, &import->has_failed) != 0) {
    free_import(import);
    return fail(error, "there is not enough memory", "", ANNALS_UNKNOWN, 0);
  }
  for (int i = 0; i < COUNT; i++) import->columns[i] = at[i] < 0 ? NULL : &import->batch.children[at[i]];
  *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, import};
  return 0;
}

int stream_error(struct ArrowArrayStream *stream, struct annals_error *error) {
  struct import *import = of(stream);
  if (import->message == NULL) return 1;
  fail(error, import->message, import->hint, import->error_offset, import->error_line);
  return 0;
}

int stream_stats(struct ArrowArrayStream *stream, struct annals_import_stats *stats) {
  struct import *import = of(stream);
  if (stats->struct_size < sizeof *stats) return 1;
  stats->complete = import->is_complete;
  stats->read = import->emitted + import->rejected;
  stats->emitted = import->emitted;
  stats->rejected = import->rejected;
  stats->filtered = 0;
  return 0;
}
