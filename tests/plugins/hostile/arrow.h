/* Two rows of the event table in plain C: a batch and its schema, to be changed before they are handed over. */
#ifndef HOSTILE_ARROW_H
#define HOSTILE_ARROW_H

#include <stdlib.h>
#include <string.h>
#include "annals_plugin.h"

enum { TITLE, START, EXTENT, NANOS, TAGS, COLUMNS };

struct schema {
  struct ArrowSchema fields[COLUMNS + 1], tag, *list[COLUMNS + 1], *tags[1];
  int released;
};

struct batch {
  struct ArrowArray columns[COLUMNS + 1], tag, *list[COLUMNS + 1], *tags[1];
  const void *none[1], *buffers[COLUMNS + 1][8], *tag_buffers[3];
  /* Offsets have room around them, for those that are moved. */
  int32_t title_ends[6], tag_ends[6], tags_ends[6];
  int64_t starts[4], sizes[4];
  uint8_t extents[8], validity[8];
  uint16_t nanos[4];
  char title[16], tag_text[16];
  uint64_t views[4][2];
  int released;
};

static inline void release_schema(struct ArrowSchema *schema) {
  struct schema *it = schema->private_data;
  /* A second release of the same is the host's fault, which a test must see. */
  if (it->released++) abort();
  schema->release = 0;
}

static inline void field(struct ArrowSchema *it, const char *format, const char *name) {
  memset(it, 0, sizeof *it);
  it->format = format;
  it->name = name;
  it->flags = 2; /* nullable */
}

static inline void make_schema(struct schema *it, struct ArrowSchema *out) {
  /* One entry: the key with its length, the value with its. */
  static char metadata[4 + 4 + 13 + 4 + 1];
  int32_t one = 1, key = 13;
  memset(it, 0, sizeof *it);
  memcpy(metadata, &one, 4);
  memcpy(metadata + 4, &key, 4);
  memcpy(metadata + 8, "annals.schema", 13);
  memcpy(metadata + 21, &one, 4);
  metadata[25] = '1';
  field(&it->fields[TITLE], "u", "title");
  field(&it->fields[START], "tsu:", "start_lo");
  field(&it->fields[EXTENT], "C", "extent");
  field(&it->fields[NANOS], "S", "start_nanos");
  field(&it->fields[TAGS], "+l", "tags");
  field(&it->tag, "u", "item");
  it->tags[0] = &it->tag;
  it->fields[TAGS].n_children = 1;
  it->fields[TAGS].children = it->tags;
  for (int at = 0; at <= COLUMNS; at++) it->list[at] = &it->fields[at];
  field(out, "+s", "");
  out->metadata = metadata;
  out->n_children = COLUMNS;
  out->children = it->list;
  out->release = release_schema;
  out->private_data = it;
}

static inline void release_batch(struct ArrowArray *array) {
  struct batch *it = array->private_data;
  if (it->released++) abort();
  array->release = 0;
}

static inline void array(struct ArrowArray *it, const void **buffers, int64_t count, int64_t rows) {
  memset(it, 0, sizeof *it);
  it->length = rows;
  it->n_buffers = count;
  it->buffers = buffers;
}

/* Two rows: titles `one` and `two`, of 1970, the first with a tag. */
static inline void make_batch(struct batch *it, struct ArrowArray *out) {
  memset(it, 0, sizeof *it);
  memcpy(it->title, "onetwo", 6);
  it->title_ends[1] = 3, it->title_ends[2] = 6;
  memcpy(it->tag_text, "tag", 3);
  it->tag_ends[1] = 3;
  it->tags_ends[1] = it->tags_ends[2] = 1;
  it->starts[1] = 1000000;
  memset(it->validity, 255, sizeof it->validity);
  const void **buffers;
  buffers = it->buffers[TITLE], buffers[1] = it->title_ends, buffers[2] = it->title;
  array(&it->columns[TITLE], buffers, 3, 2);
  buffers = it->buffers[START], buffers[1] = it->starts;
  array(&it->columns[START], buffers, 2, 2);
  buffers = it->buffers[EXTENT], buffers[1] = it->extents;
  array(&it->columns[EXTENT], buffers, 2, 2);
  buffers = it->buffers[NANOS], buffers[1] = it->nanos;
  array(&it->columns[NANOS], buffers, 2, 2);
  buffers = it->buffers[TAGS], buffers[1] = it->tags_ends;
  array(&it->columns[TAGS], buffers, 2, 2);
  it->tag_buffers[1] = it->tag_ends, it->tag_buffers[2] = it->tag_text;
  array(&it->tag, it->tag_buffers, 3, 1);
  it->tags[0] = &it->tag;
  it->columns[TAGS].n_children = 1;
  it->columns[TAGS].children = it->tags;
  for (int at = 0; at <= COLUMNS; at++) it->list[at] = &it->columns[at];
  array(out, it->none, 1, 2);
  out->n_children = COLUMNS;
  out->children = it->list;
  out->release = release_batch;
  out->private_data = it;
}

#endif
