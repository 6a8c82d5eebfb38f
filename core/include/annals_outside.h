/* The extension "annals.outside.1" of annals_host.get_extension: a struct annals_outside, valid as long as the host's
 * table, or NULL where the host wants all rows.
 *
 * An import may then leave out a row that fails any of the windows. It must be a whole record for which the import
 * has no note, with no claim but its own, without instance and recurrence. Instead it tells of it: where outside() gives 0, the record
 * counts as filtered in annals_import_stats; where it does not, the record must be given as the next row. A record
 * that has neither id nor local_id must be told too.
 *
 * A window fails if the event, whatever its start and end within its bounds, cannot be within it (relation 0) or
 * share time with it (relation 1); with ANNALS_OUTSIDE_CERTAINLY, unless it is so for all of them. An unknown bound is
 * possible and never certain. Times are microseconds, half-open, INT64_MIN and INT64_MAX open.
 */
#ifndef ANNALS_OUTSIDE_H
#define ANNALS_OUTSIDE_H

#include "annals_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ANNALS_OUTSIDE "annals.outside.1"
#define ANNALS_OUTSIDE_CERTAINLY 1u
#define ANNALS_OUTSIDE_FLOATING 1u

struct annals_window {
  uint32_t relation; /* 0 within, 1 overlaps; give all rows where it is another */
  uint32_t reserved;
  int64_t utc_from; /* for events in a zone */
  int64_t utc_to;
  int64_t local_from; /* for dates and floating times, by the clock, as if UTC */
  int64_t local_to;
};

struct annals_outside_record {
  uint32_t struct_size;
  uint32_t flags;  /* ANNALS_OUTSIDE_FLOATING: its zone is "floating" */
  uint64_t offset; /* of the record; a part of the input may begin there */
  uint64_t line;   /* from 1 */
  uint64_t row;    /* how many rows the import has given before it */
  struct annals_str id;
  struct annals_str local_id; /* the id of its own claim */
};

struct annals_outside {
  uint32_t struct_size;
  uint32_t flags; /* ANNALS_OUTSIDE_CERTAINLY; give all rows where there are others */
  void *context;
  const struct annals_window *windows;
  size_t windows_len;
  int (*outside)(void *context, const struct annals_outside_record *record);
};

#ifdef __cplusplus
}
#endif
#endif
