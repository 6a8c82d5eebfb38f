/* What the parts of the hostile plugin share. The case is chosen by the option `case`; `is("x")` asks for it. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdio.h>
#include "arrow.h"

/* The case of the running call; the plugin is used for one call at a time. */
extern char hostile_case[64];
static inline int is(const char *name) { return !strcmp(hostile_case, name); }
static inline int begins(const char *start) { return !strncmp(hostile_case, start, strlen(start)); }

static inline struct annals_str text(const char *of) {
  struct annals_str it = {of, strlen(of)};
  return it;
}

/* schema.c, batch.c: change what is handed over as the case says. */
void spoil_schema(struct schema *it, struct ArrowSchema *out);
void spoil_batch(struct batch *it, struct ArrowArray *out);
/* tell.c: calls the host in a wrong way; nonzero = the call is to fail. */
int tell(const struct annals_host *host, const struct annals_source *source);
void fill_error(struct annals_error *error);
/* act.c: harms the process as the case says, at this stage; "contained", "escaped: ..." or NULL for no such case. */
const char *act(const char *stage);
/* What became of the case that the constructor tried. */
extern const char *constructed;

#endif
