/* Columns under construction, and how they become Arrow structs: all that this plugin needs of an Arrow library. */
#include "tln.h"

#include <stdlib.h>
#include <string.h>

static int is_nested(const struct column *column) { return column->field->format[0] == '+'; }
static int is_list(const struct column *column) { return strcmp(column->field->format, "+l") == 0; }
static int is_text(const struct column *column) { return strchr("uz", column->field->format[0]) != NULL; }

static void append(struct column *column, struct bytes *to, const void *bytes, size_t len) {
  if (*column->has_failed) return;
  if (len > to->capacity - to->len) {
    size_t capacity = to->capacity * 2 > to->len + len ? to->capacity * 2 : to->len + len;
    unsigned char *ptr = realloc(to->ptr, capacity < 64 ? 64 : capacity);
    if (ptr == NULL) {
      *column->has_failed = 1;
      return;
    }
    to->ptr = ptr;
    to->capacity = capacity < 64 ? 64 : capacity;
  }
  if (len > 0) memcpy(to->ptr + to->len, bytes, len);
  to->len += len;
}

/* The offset behind what has been put. A batch is far below 2 GiB; see BATCH_BYTES and MOST_RECORD in import.c. */
static void put_end(struct column *column, size_t end) {
  int32_t offset = (int32_t)end;
  append(column, &column->ends, &offset, sizeof offset);
}

static void put_row(struct column *column, int is_valid) {
  static const unsigned char ZERO = 0;
  if (column->rows % 8 == 0) append(column, &column->valid, &ZERO, 1);
  if (*column->has_failed) return;
  if (is_valid) column->valid.ptr[column->rows / 8] |= (unsigned char)(1u << (column->rows % 8));
  column->rows++;
  column->nulls += !is_valid;
}

static size_t width(const struct column *column) {
  switch (column->field->format[0]) {
  case 'C': return 1;
  case 'S': return 2;
  default: return 8; /* L, l, g and times */
  }
}

int open_column(struct column *column, const struct field *field, int *has_failed) {
  *column = (struct column){.field = field, .has_failed = has_failed, .children_len = field->children_len};
  if (is_text(column) || is_list(column)) put_end(column, 0);
  if (field->children_len > 0) {
    column->children = calloc(field->children_len, sizeof *column->children);
    if (column->children == NULL) {
      column->children_len = 0;
      *has_failed = 1;
    }
  }
  for (size_t i = 0; i < column->children_len; i++) open_column(&column->children[i], &field->children[i], has_failed);
  return *has_failed ? -1 : 0;
}

void free_column(struct column *column) {
  for (size_t i = 0; i < column->children_len; i++) free_column(&column->children[i]);
  free(column->children);
  free(column->valid.ptr);
  free(column->ends.ptr);
  free(column->values.ptr);
}

void put_null(struct column *column) {
  static const unsigned char ZEROS[8] = {0};
  if (is_text(column)) {
    put_end(column, column->values.len);
  } else if (is_list(column)) {
    put_end(column, (size_t)column->children[0].rows);
  } else if (is_nested(column)) {
    for (size_t i = 0; i < column->children_len; i++) put_null(&column->children[i]);
  } else {
    append(column, &column->values, ZEROS, width(column));
  }
  put_row(column, 0);
}

void put_text(struct column *column, struct annals_str text) {
  if (text.len == 0 && !column->field->is_required) {
    put_null(column);
    return;
  }
  append(column, &column->values, text.ptr, text.len);
  put_end(column, column->values.len);
  put_row(column, 1);
}

void put_number(struct column *column, const void *number, size_t size) {
  append(column, &column->values, number, size);
  put_row(column, 1);
}

void put_struct(struct column *column) { put_row(column, 1); }

void put_list(struct column *column) {
  put_end(column, (size_t)column->children[0].rows);
  put_row(column, 1);
}

/* Behind an array's private_data: what its pointers point to. */
struct owned {
  void *memory[3];
  const void *buffers[3];
  struct ArrowArray **children;
};

static void release_array(struct ArrowArray *array) {
  struct owned *owned = array->private_data;
  for (int64_t i = 0; i < array->n_children; i++) {
    struct ArrowArray *child = array->children[i];
    if (child->release != NULL) child->release(child);
    free(child);
  }
  for (int i = 0; i < 3; i++) free(owned->memory[i]);
  free(owned->children);
  free(owned);
  array->release = NULL;
}

/* Gives the bytes away; a buffer that has none is still no NULL. */
static const void *move(struct owned *owned, int at, struct bytes *bytes, struct column *column) {
  static const unsigned char ZEROS[8] = {0};
  if (bytes->ptr == NULL) append(column, bytes, ZEROS, sizeof ZEROS);
  owned->memory[at] = bytes->ptr;
  *bytes = (struct bytes){NULL, 0, 0};
  return owned->memory[at];
}

int take_array(struct column *column, struct ArrowArray *out) {
  struct owned *owned = calloc(1, sizeof *owned);
  if (owned == NULL) return -1;
  *out = (struct ArrowArray){.length = column->rows, .null_count = column->nulls, .n_buffers = 1,
                             .buffers = owned->buffers, .release = release_array, .private_data = owned};
  const void *valid = move(owned, 0, &column->valid, column);
  owned->buffers[0] = column->nulls > 0 ? valid : NULL;
  if (is_text(column) || is_list(column)) {
    owned->buffers[out->n_buffers++] = move(owned, 1, &column->ends, column);
    put_end(column, 0);
  }
  if (!is_nested(column)) owned->buffers[out->n_buffers++] = move(owned, 2, &column->values, column);
  column->rows = column->nulls = 0;
  if (column->children_len > 0) {
    owned->children = calloc(column->children_len, sizeof *owned->children);
    if (owned->children == NULL) goto no_memory;
    out->children = owned->children;
  }
  for (size_t i = 0; i < column->children_len; i++) {
    struct ArrowArray *child = calloc(1, sizeof *child);
    if (child == NULL) goto no_memory;
    out->children[out->n_children++] = child;
    if (take_array(&column->children[i], child) != 0) goto no_memory;
  }
  if (!*column->has_failed) return 0;
no_memory:
  if (out->release != NULL) out->release(out);
  return -1;
}

static void release_schema(struct ArrowSchema *schema) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    struct ArrowSchema *child = schema->children[i];
    if (child->release != NULL) child->release(child);
    free(child);
  }
  free(schema->children);
  schema->release = NULL;
}

int describe(const struct column *column, const char *metadata, struct ArrowSchema *out) {
  const struct field *field = column->field;
  *out = (struct ArrowSchema){.format = field->format, .name = field->name, .metadata = metadata,
                              .flags = field->is_required ? 0 : 2 /* ARROW_FLAG_NULLABLE */,
                              .release = release_schema};
  if (column->children_len > 0) {
    out->children = calloc(column->children_len, sizeof *out->children);
    if (out->children == NULL) goto no_memory;
  }
  for (size_t i = 0; i < column->children_len; i++) {
    struct ArrowSchema *child = calloc(1, sizeof *child);
    if (child == NULL) goto no_memory;
    out->children[out->n_children++] = child;
    if (describe(&column->children[i], NULL, child) != 0) goto no_memory;
  }
  return 0;
no_memory:
  if (out->release != NULL) out->release(out);
  return -1;
}
