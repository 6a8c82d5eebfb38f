/* Schemas and batches that are wrong in one way each. */
#include "hostile.h"

/* An address that nothing is at. */
#define NOWHERE ((void *)(uintptr_t)0x10)

void spoil_schema(struct schema *it, struct ArrowSchema *out) {
  struct ArrowSchema *title = &it->fields[TITLE], *extra = &it->fields[COLUMNS];
  static char metadata[64];
  memset(metadata, 0, sizeof metadata);
  if (is("schema-format-null")) title->format = 0;
  if (is("schema-format-empty")) title->format = "";
  if (is("schema-format-unknown")) title->format = "quux";
  if (is("schema-format-not-utf8")) title->format = "\xff";
  if (is("schema-format-long")) {
    static char format[100000];
    memset(format, 'x', sizeof format - 1);
    title->format = format;
  }
  if (is("schema-no-struct")) out->format = "l", out->n_children = 0;
  if (is("schema-name-not-utf8")) title->name = "titl\xe9";
  if (is("schema-name-null")) title->name = 0;
  if (is("schema-children-negative")) out->n_children = -1;
  if (is("schema-children-huge")) out->n_children = (int64_t)1 << 62;
  if (is("schema-children-null")) out->children = 0;
  if (is("schema-child-null")) it->list[1] = 0;
  if (is("schema-list-without-item")) it->fields[TAGS].n_children = 0;
  if (is("schema-cycle")) it->tags[0] = &it->fields[TAGS];
  if (is("schema-deep")) {
    static struct ArrowSchema deep[100000], *below[100000];
    for (int at = 0; at < 100000; at++) {
      field(&deep[at], at < 99999 ? "+l" : "u", "item");
      below[at] = at < 99999 ? &deep[at + 1] : 0;
      deep[at].n_children = at < 99999;
      deep[at].children = &below[at];
    }
    it->tags[0] = &deep[0];
  }
  if (is("schema-dictionary")) title->format = "i", title->dictionary = &it->tag;
  if (is("schema-metadata-none")) out->metadata = 0;
  if (is("schema-metadata-negative")) memset(metadata, 255, 4), out->metadata = metadata;
  if (is("schema-metadata-huge")) metadata[0] = 1, metadata[7] = 127, out->metadata = metadata;
  if (is("schema-metadata-many")) metadata[3] = 127, out->metadata = metadata;
  if (is("schema-version")) memcpy(metadata, out->metadata, 26), metadata[25] = '2', out->metadata = metadata;
  if (is("column-extra")) field(extra, "u", "titel"), out->n_children++;
  if (is("column-twice")) field(extra, "u", "title"), out->n_children++;
  if (is("column-of-another-type")) title->format = "l";
  if (is("columns-none")) out->n_children = 0;
  if (is("column-missing")) out->n_children--;
  if (begins("views")) title->format = "vu";
}

static void spoil_rows(struct batch *it, struct ArrowArray *out) {
  struct ArrowArray *title = &it->columns[TITLE];
  if (is("length-negative")) out->length = -1;
  if (is("length-huge")) out->length = (int64_t)1 << 62;
  if (is("length-most")) out->length = INT64_MAX;
  if (is("rows-too-many")) out->length = ((int64_t)1 << 20) + 1;
  if (is("column-length-negative")) title->length = -1;
  if (is("column-length-huge")) title->length = INT64_MAX;
  if (is("column-short")) title->length = 1;
  if (is("column-long")) title->length = it->columns[START].length = 2, out->length = 1;
  if (is("offset-negative")) out->offset = -1;
  if (is("offset-beyond")) out->offset = 1;
  if (is("offset-most")) out->offset = INT64_MAX;
  if (is("column-offset-negative")) title->offset = -2;
  if (is("column-offset-most")) title->offset = INT64_MAX - 1;
  if (is("offset-good")) out->offset = 1, out->length = 1;
  if (is("nulls-negative")) title->null_count = -5;
  if (is("nulls-unknown")) title->null_count = -1;
  if (is("nulls-too-many")) title->null_count = 3;
  if (is("nulls-nowhere")) title->null_count = 1;
  if (is("nulls-fewer-than-told")) title->null_count = 1, it->buffers[TITLE][0] = it->validity;
  if (is("nulls-more-than-told")) title->null_count = 0, it->buffers[TITLE][0] = memset(it->validity, 0, 8);
  if (is("null-row")) out->null_count = 1, it->none[0] = it->validity, it->validity[0] = 1;
  if (is("null-code")) it->columns[EXTENT].null_count = 1, it->buffers[EXTENT][0] = it->validity, it->validity[0] = 1;
  if (is("null-list")) it->columns[TAGS].null_count = 1, it->buffers[TAGS][0] = it->validity, it->validity[0] = 1;
  if (is("null-tag")) it->tag.null_count = 1, it->tag_buffers[0] = it->validity, it->validity[0] = 0;
  if (is("code-unknown")) it->extents[1] = 9;
  if (is("nanos-above")) it->nanos[1] = 60000;
  if (is("dictionary")) title->dictionary = &it->tag;
  if (is("times-extreme")) it->starts[0] = INT64_MIN, it->starts[1] = INT64_MAX;
  if (is("array-released")) out->release = 0;
}

static void spoil_buffers(struct batch *it, struct ArrowArray *out) {
  struct ArrowArray *title = &it->columns[TITLE];
  const void **buffers = it->buffers[TITLE];
  if (is("buffers-none")) title->n_buffers = 0;
  if (is("buffers-negative")) title->n_buffers = -3;
  if (is("buffers-many")) title->n_buffers = (int64_t)1 << 40;
  if (is("buffers-null")) title->buffers = 0;
  if (is("batch-buffers-none")) out->n_buffers = 0, out->buffers = 0;
  if (is("children-none")) out->n_children = 0;
  if (is("children-negative")) out->n_children = -1;
  if (is("children-many")) out->n_children = (int64_t)1 << 40;
  if (is("children-null")) out->children = 0;
  if (is("child-null")) it->list[1] = 0;
  if (is("list-children-none")) it->columns[TAGS].n_children = 0;
  if (is("values-null")) it->buffers[START][1] = 0;
  if (is("text-null")) buffers[2] = 0;
  if (is("offsets-null")) buffers[1] = 0;
  if (is("offsets-negative")) it->title_ends[0] = -3;
  if (is("offsets-all-negative")) it->title_ends[0] = -9, it->title_ends[1] = -6, it->title_ends[2] = -3;
  if (is("offsets-falling")) it->title_ends[1] = 9;
  if (is("last-offset-negative")) it->title_ends[2] = -1;
  if (is("offsets-misaligned")) buffers[1] = memmove((char *)it->title_ends + 1, it->title_ends, 12);
  if (is("values-misaligned")) it->buffers[START][1] = memmove((char *)it->starts + 1, it->starts, 16);
  if (is("list-offsets-negative")) it->tags_ends[0] = -1;
  if (is("list-offsets-falling")) it->tags_ends[1] = 2;
  if (is("list-offsets-beyond")) it->tags_ends[2] = 1000;
  if (is("text-not-utf8")) it->title[1] = '\xff';
  if (is("text-cut-inside-a-character")) memcpy(it->title, "on\xc3\xa9wo", 6);
  if (is("text-with-nul")) it->title[1] = 0;
  if (is("tag-not-utf8")) it->tag_text[0] = '\xff';
  /* Not to be seen through this interface. */
  if (is("buffer-short")) it->title_ends[2] = INT32_MAX;
  if (is("buffer-nowhere")) buffers[2] = NOWHERE;
  if (is("offsets-nowhere")) buffers[1] = NOWHERE;
}

static void spoil_views(struct batch *it) {
  struct ArrowArray *title = &it->columns[TITLE];
  const void **buffers = it->buffers[TITLE];
  memset(buffers, 0, sizeof it->buffers[TITLE]);
  /* Length, then up to twelve bytes; or length, prefix, buffer, offset. */
  for (int at = 0; at < 2; at++) ((int32_t *)it->views[at])[0] = 3, memcpy((char *)it->views[at] + 4, "one", 3);
  title->n_buffers = 3;
  buffers[1] = it->views;
  if (is("views-good")) return;
  int32_t *view = (int32_t *)it->views[1];
  view[0] = 20, view[2] = 0, view[3] = 0;
  title->n_buffers = 4;
  buffers[2] = "oneXXXXXXXXXXXXXXXXXXXXXXXXXX";
  buffers[3] = it->sizes;
  it->sizes[0] = 20;
  memcpy(&view[1], "oneX", 4);
  if (is("views-wild")) view[3] = 1 << 30;
  if (is("views-of-no-buffer")) view[2] = 7;
  if (is("views-length-negative")) view[0] = -1;
  if (is("views-size-negative")) it->sizes[0] = -1;
  if (is("views-size-huge")) it->sizes[0] = INT64_MAX;
  if (is("views-sizes-null")) buffers[3] = 0;
  if (is("views-buffers-many")) title->n_buffers = (int64_t)1 << 33;
  if (is("views-buffers-few")) title->n_buffers = 2;
  if (is("views-not-utf8")) memcpy(&view[1], "\xff\xff\xff\xff", 4), buffers[2] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
}

void spoil_batch(struct batch *it, struct ArrowArray *out) {
  spoil_rows(it, out);
  spoil_buffers(it, out);
  if (begins("views")) spoil_views(it);
  if (is("column-missing")) out->n_children--;
  if (is("columns-none") || is("columns-none-rows")) out->n_children = 0;
}
