/* The event table as TLN. It holds instants, to the second: what else there is is told, event by event. */
#include "tln.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 << 10 };

/* The columns that are looked at, by name: their order, and which there are, is the host's affair. */
enum {
  ID, START_LO, START_HI, END_LO, END_HI, START_NANOS, PRECISION, ZONE, TITLE, BODY, LANE, ACTORS, EXTRA,
  /* For what follows TLN has no place. */
  FIRST_OTHER, KIND = FIRST_OTHER, STATUS, URL, PLACE, LAT, LON, RECURRENCE, SAID, TAGS, COUNT
};
static const struct { const char *name, *format; } COLUMNS[COUNT] = {
    [ID] = {"id", "u"}, [START_LO] = {"start_lo", "tsu:"}, [START_HI] = {"start_hi", "tsu:"},
    [END_LO] = {"end_lo", "tsu:"}, [END_HI] = {"end_hi", "tsu:"}, [START_NANOS] = {"start_nanos", "S"},
    [PRECISION] = {"precision", "C"}, [ZONE] = {"zone", "u"}, [TITLE] = {"title", "u"}, [BODY] = {"body", "u"},
    [LANE] = {"lane", "u"}, [ACTORS] = {"actors", "+l"}, [EXTRA] = {"extra", "u"}, [KIND] = {"kind", "u"},
    [STATUS] = {"status", "u"}, [URL] = {"url", "u"}, [PLACE] = {"place", "u"}, [LAT] = {"lat", "g"},
    [LON] = {"lon", "g"}, [RECURRENCE] = {"recurrence", "u"}, [SAID] = {"said", "u"}, [TAGS] = {"tags", "+l"},
};

struct export {
  const struct annals_host *host;
  const struct annals_sink *sink;
  int has_notes; /* seven fields, not five */
  int64_t at[COUNT]; /* -1 = the table has no such column */
  const struct ArrowArray *columns[COUNT];
  int64_t actor_at[2]; /* the fields name and role of an actor */
  struct bytes out;
  uint64_t read, omitted;
  const char *failure;
};

/* Reading Arrow: every array has an offset of its own, and a missing bitmap says that there are no nulls. */
static int is_valid(const struct ArrowArray *array, int64_t row) {
  const uint8_t *bits = array->buffers[0];
  int64_t at = array->offset + row;
  return array->null_count == 0 || bits == NULL || (bits[at / 8] >> (at % 8) & 1);
}

static struct annals_str text_in(const struct ArrowArray *array, int64_t row) {
  const int32_t *ends = (const int32_t *)array->buffers[1] + array->offset + row;
  if (!is_valid(array, row)) return TEXT("");
  return (struct annals_str){(const char *)array->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])};
}

static struct annals_str text_at(const struct export *export, int column, int64_t row) {
  return export->columns[column] == NULL ? TEXT("") : text_in(export->columns[column], row);
}

/* A time; 0 if it is null. */
static int time_at(const struct export *export, int column, int64_t row, int64_t *time) {
  const struct ArrowArray *array = export->columns[column];
  if (array == NULL || !is_valid(array, row)) return 0;
  *time = ((const int64_t *)array->buffers[1])[array->offset + row];
  return 1;
}

static uint64_t code_at(const struct export *export, int column, int64_t row) {
  const struct ArrowArray *array = export->columns[column];
  if (array == NULL) return 0;
  if (COLUMNS[column].format[0] == 'C') return ((const uint8_t *)array->buffers[1])[array->offset + row];
  return ((const uint16_t *)array->buffers[1])[array->offset + row];
}

/* Whether a row has anything in a column. */
static int has(const struct export *export, int column, int64_t row) {
  const struct ArrowArray *array = export->columns[column];
  if (array == NULL || !is_valid(array, row)) return 0;
  if (strcmp(COLUMNS[column].format, "+l") != 0) return 1;
  const int32_t *ends = (const int32_t *)array->buffers[1] + array->offset + row;
  return ends[1] > ends[0];
}

/* The first host and the first user; whether there are others, or one with an address. */
static int actors_at(const struct export *export, int64_t row, struct annals_str *host, struct annals_str *user) {
  const struct ArrowArray *list = export->columns[ACTORS];
  *host = *user = TEXT("");
  if (list == NULL || !has(export, ACTORS, row)) return 0;
  const int32_t *ends = (const int32_t *)list->buffers[1] + list->offset + row;
  const struct ArrowArray *items = list->children[0];
  int others = 0;
  for (int64_t i = ends[0]; i < ends[1]; i++) {
    struct annals_str name = text_in(items->children[export->actor_at[0]], items->offset + i);
    struct annals_str role = text_in(items->children[export->actor_at[1]], items->offset + i);
    struct annals_str *to = same(role, "host") ? host : same(role, "user") ? user : NULL;
    int is_taken = to != NULL && to->len == 0 && name.len > 0;
    if (is_taken) *to = name;
    others |= !is_taken;
    for (int64_t k = 0; is_taken && k < items->n_children; k++)
      others |= k != export->actor_at[0] && k != export->actor_at[1] &&
                text_in(items->children[k], items->offset + i).len > 0;
  }
  return others;
}

static void note(const struct export *export, uint32_t kind, int64_t row, const char *code, const char *text) {
  struct annals_note note = {.struct_size = sizeof note, .kind = kind, .code = {code, strlen(code)},
                             .text = {text, strlen(text)}, .event = text_at(export, ID, row),
                             .offset = ANNALS_UNKNOWN};
  if (HOST_HAS(export->host, note)) export->host->note(export->host->context, &note);
}

static void flush(struct export *export) {
  if (export->failure == NULL && export->out.len > 0 &&
      export->sink->write(export->sink->context, export->out.ptr, export->out.len) != 0)
    export->failure = "the output could not be written";
  export->out.len = 0;
}

static void put(struct export *export, const char *text, size_t len) {
  struct bytes *out = &export->out;
  if (len > out->capacity - out->len) flush(export);
  if (len > out->capacity) {
    unsigned char *ptr = realloc(out->ptr, len < CHUNK ? CHUNK : len);
    if (ptr == NULL) {
      export->failure = "there is not enough memory";
      return;
    }
    out->ptr = ptr;
    out->capacity = len < CHUNK ? CHUNK : len;
  }
  memcpy(out->ptr + out->len, text, len);
  out->len += len;
}

/* A field, and the bar before it; whether bars and line ends in it had to become spaces. */
static int put_field(struct export *export, struct annals_str text, const char *otherwise) {
  int is_changed = 0;
  put(export, "|", 1);
  if (text.len == 0) put(export, otherwise, strlen(otherwise));
  while (text.len > 0 && export->failure == NULL) {
    size_t plain = 0;
    while (plain < text.len && text.ptr[plain] != '|' && text.ptr[plain] != '\n' && text.ptr[plain] != '\r') plain++;
    put(export, text.ptr, plain);
    if (plain < text.len) put(export, " ", 1), is_changed = 1, plain++;
    text.ptr += plain, text.len -= plain;
  }
  return is_changed;
}

/* The seconds of a row; 0 if TLN cannot say when, which is told. */
static int seconds_at(struct export *export, int64_t row, int64_t *seconds) {
  int64_t lo, hi, end = 0;
  int has_lo = time_at(export, START_LO, row, &lo), has_hi = time_at(export, START_HI, row, &hi);
  int has_end = time_at(export, END_LO, row, &end) || time_at(export, END_HI, row, &end);
  struct annals_str zone = text_at(export, ZONE, row);
  *seconds = 0;
  /* No date at all is 0 in TLN. */
  if (!has_lo && !has_hi && !has_end) return 1;
  const char *why = NULL;
  if (same(zone, "floating")) {
    why = "its time is floating, and TLN has instants only";
  } else if (zone.len == 0 || !has_lo || !has_hi || lo != hi) {
    why = "its time is not known to the second, and TLN has instants only";
  } else {
    *seconds = lo >= 0 ? lo / 1000000 : -((999999 - lo) / 1000000);
    if (*seconds < FIRST_SECOND || *seconds > LAST_SECOND) why = "its time is outside the years 1 to 9999";
  }
  if (why != NULL) {
    note(export, ANNALS_NOTE_OMIT, row, "time", why);
    export->omitted++;
    return 0;
  }
  if (*seconds * 1000000 != lo || code_at(export, START_NANOS, row) != 0)
    note(export, ANNALS_NOTE_LOSSY, row, "rounded", "its time is cut to the second");
  if (code_at(export, PRECISION, row) > 10)
    note(export, ANNALS_NOTE_LOSSY, row, "precision", "its time is given less precisely than to the second");
  if (end - lo != 1) note(export, ANNALS_NOTE_LOSSY, row, "end", "it lasts some time, of which only the start is written");
  if (*seconds == 0) note(export, ANNALS_NOTE_LOSSY, row, "epoch", "its time is 0, which many read as no time");
  return 1;
}

static void put_row(struct export *export, int64_t row) {
  int64_t seconds;
  struct annals_str host, user, zone = TEXT("UTC"), extra = text_at(export, EXTRA, row);
  char text[400];
  export->read++;
  if (!seconds_at(export, row, &seconds)) return;
  int others = actors_at(export, row, &host, &user), is_changed = 0, len = 0;
  put(export, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)seconds));
  is_changed |= put_field(export, text_at(export, LANE, row), "-");
  is_changed |= put_field(export, host, "-");
  is_changed |= put_field(export, user, "-");
  is_changed |= put_field(export, text_at(export, TITLE, row), "");
  int is_extra_lost = extra.len > 0;
  if (export->has_notes) {
    /* `{"tz":"…"}` is all that an import of TLN puts there. */
    if (json_member(extra, "tz", &zone)) is_extra_lost = extra.len != zone.len + strlen("{\"tz\":\"\"}");
    is_changed |= put_field(export, zone, "-");
    is_changed |= put_field(export, text_at(export, BODY, row), "-");
  }
  put(export, "\n", 1);
  if (is_changed)
    note(export, ANNALS_NOTE_LOSSY, row, "separators", "bars or line ends in its texts have become spaces");
  for (int column = FIRST_OTHER; column < COUNT; column++)
    if (has(export, column, row))
      len += snprintf(text + len, sizeof text - (size_t)len, "%s%s", len ? ", " : "", COLUMNS[column].name);
  if (others) len += snprintf(text + len, sizeof text - (size_t)len, "%sactors", len ? ", " : "");
  if (is_extra_lost) len += snprintf(text + len, sizeof text - (size_t)len, "%sextra", len ? ", " : "");
  if (!export->has_notes && has(export, BODY, row))
    len += snprintf(text + len, sizeof text - (size_t)len, "%sbody", len ? ", " : "");
  if (len > 0) {
    char words[500];
    snprintf(words, sizeof words, "TLN has no place for its %s", text);
    note(export, ANNALS_NOTE_LOSSY, row, "fields", words);
  }
}

/* Finds the columns; what has another type than the event table says is refused. */
static int find_columns(struct export *export, const struct ArrowSchema *schema) {
  for (int i = 0; i < COUNT; i++) export->at[i] = -1;
  export->actor_at[0] = export->actor_at[1] = -1;
  for (int64_t k = 0; k < schema->n_children; k++) {
    const struct ArrowSchema *child = schema->children[k];
    for (int i = 0; i < COUNT; i++) {
      if (strcmp(child->name, COLUMNS[i].name) != 0) continue;
      if (strcmp(child->format, COLUMNS[i].format) != 0) return 0;
      export->at[i] = k;
    }
    if (strcmp(child->name, "actors") != 0) continue;
    const struct ArrowSchema *item = child->children[0];
    for (int64_t field = 0; field < item->n_children; field++) {
      if (strcmp(item->children[field]->format, "u") != 0) return 0;
      if (strcmp(item->children[field]->name, "name") == 0) export->actor_at[0] = field;
      if (strcmp(item->children[field]->name, "role") == 0) export->actor_at[1] = field;
    }
    if (export->actor_at[0] < 0 || export->actor_at[1] < 0) return 0;
  }
  return 1;
}

static void put_batch(struct export *export, const struct ArrowArray *batch) {
  for (int i = 0; i < COUNT; i++) export->columns[i] = export->at[i] < 0 ? NULL : batch->children[export->at[i]];
  for (int64_t row = 0; row < batch->length && export->failure == NULL; row++) {
    if (row % 1024 == 0 && HOST_HAS(export->host, cancelled) && export->host->cancelled(export->host->context))
      export->failure = "interrupted";
    /* Children are as long as the struct's own offset and length need. */
    if (export->failure == NULL) put_row(export, batch->offset + row);
  }
  if (HOST_HAS(export->host, progress)) export->host->progress(export->host->context, export->read);
}

int run_export(const struct annals_host *host, struct ArrowArrayStream *in, const struct annals_sink *sink,
               const struct annals_export_request *request, struct annals_export_stats *stats,
               struct annals_error *error) {
  struct export export = {.host = host, .sink = sink};
  struct ArrowSchema schema = {0};
  struct annals_str notes;
  export.has_notes = json_member(request->options, "notes", &notes) && same(notes, "true");
  if (request->flags != 0) {
    export.failure = "the host asks for what this plugin does not know (flags)";
  } else if (!HAS(annals_sink, sink, write)) {
    export.failure = "the host takes no bytes";
  } else if (in->get_schema(in, &schema) != 0) {
    export.failure = "the events could not be read";
  } else if (!find_columns(&export, &schema)) {
    export.failure = "the events are no event table of version 1";
  }
  if (schema.release != NULL) schema.release(&schema);
  while (export.failure == NULL) {
    struct ArrowArray batch = {0};
    if (in->get_next(in, &batch) != 0) {
      export.failure = "the events could not be read";
      break;
    }
    if (batch.release == NULL) break;
    put_batch(&export, &batch);
    batch.release(&batch);
  }
  flush(&export);
  free(export.out.ptr);
  /* The stream is ours, whatever happened. */
  in->release(in);
  if (export.failure != NULL) return fail(error, export.failure, "", ANNALS_UNKNOWN, 0);
  if (stats->struct_size >= sizeof *stats) {
    stats->read = export.read;
    stats->written = export.read - export.omitted;
    stats->omitted = export.omitted;
  }
  return 0;
}
