/* Errors, notes, facts and reads that are not as the header says. */
#include "hostile.h"

void fill_error(struct annals_error *error) {
  static int released;
  (void)released;
  error->kind = is("open-error-of-plugin") || is("next-error-full-of-plugin");
  error->message = text("the tape is torn");
  error->hint = text("glue it");
  error->line = is("open-error-wild") ? UINT64_MAX : 0;
  error->column = error->line;
  if (is("open-error-silent")) error->message.len = error->hint.len = 0;
  if (is("open-error-null")) error->message.ptr = error->hint.ptr = 0, error->message.len = 100;
  if (is("open-error-huge")) error->message.len = (size_t)1 << 62, error->hint.len = SIZE_MAX;
  if (is("open-error-nul")) error->message.ptr = "torn\0 tape", error->message.len = 10;
  if (is("open-error-not-utf8")) error->message = text("the t\xe4pe");
  if (is("open-error-commands")) error->message = text("\x1b[2J\x1b]0;x\x07 torn");
  if (is("open-error-kind")) error->kind = UINT32_MAX;
}

static struct annals_note good_note(void) {
  struct annals_note note;
  memset(&note, 0, sizeof note);
  note.struct_size = sizeof note;
  note.kind = ANNALS_NOTE_REJECT;
  note.code = text("bad-line");
  note.text = text("it is bad");
  return note;
}

/* Tells notes or facts without end, until the host says to stop. */
static int flood(const struct annals_host *host) {
  char code[32], json[64];
  struct annals_note note = good_note();
  for (uint64_t n = 0; !host->cancelled(host->context); n++) {
    snprintf(code, sizeof code, "code-%llu", (unsigned long long)n);
    snprintf(json, sizeof json, "\"%llu\"", (unsigned long long)n);
    if (is("notes-of-many-codes")) note.code = text(code);
    if (begins("notes")) host->note(host->context, &note);
    if (is("facts-the-same")) host->fact(host->context, text("k"), text("k"), text("1"));
    if (is("facts-small")) host->fact(host->context, text("k"), text(code), text(json));
    if (is("facts-large")) {
      static char large[1 << 20];
      memset(large, 'x', sizeof large);
      large[0] = large[sizeof large - 1] = '"';
      struct annals_str value = {large, sizeof large};
      host->fact(host->context, text("k"), text(code), value);
    }
  }
  return 1;
}

static int outside(const struct annals_host *host) {
  struct window { uint32_t relation, reserved; int64_t times[4]; };
  struct record { uint32_t struct_size, flags; uint64_t offset, line, row; struct annals_str id, local_id; };
  struct table {
    uint32_t struct_size, flags;
    void *context;
    const struct window *windows;
    size_t windows_len;
    int (*outside)(void *, const struct record *);
  };
  const struct table *table = host->get_extension(host->context, text("annals.outside.1"));
  if (!table) return 0;
  struct record record;
  memset(&record, 0, sizeof record);
  record.struct_size = sizeof record;
  record.offset = 100, record.line = 3;
  record.id = text("good");
  if (is("outside-no-line")) record.line = 0;
  if (is("outside-small")) record.struct_size = 8;
  if (is("outside-null")) return table->outside(table->context, 0), 0;
  if (is("outside-id-null")) record.id.ptr = 0;
  if (is("outside-id-huge")) record.id.len = SIZE_MAX;
  if (is("outside-id-not-utf8")) record.id = text("\xff");
  if (is("outside-most")) record.offset = UINT64_MAX;
  if (is("outside-row-wild")) record.row = UINT64_MAX;
  table->outside(table->context, &record);
  if (is("outside-backwards")) record.offset = 0, record.line = 1, table->outside(table->context, &record);
  return 0;
}

int tell(const struct annals_host *host, const struct annals_source *source) {
  static int told;
  void *context = host->context;
  struct annals_note note = good_note();
  uint8_t byte;
  if (begins("outside")) return told++ ? 0 : outside(host);
  if (begins("notes") || begins("facts")) return flood(host);
  if (begins("note") || begins("fact") || begins("call")) if (told++) return 0;
  if (is("note-small")) note.struct_size = 8;
  if (is("note-kind-0")) note.kind = 0;
  if (is("note-kind-wild")) note.kind = UINT32_MAX;
  if (is("note-text-null")) note.text.ptr = 0;
  if (is("note-text-huge")) note.text.len = SIZE_MAX;
  if (is("note-bytes-huge")) note.bytes.ptr = "x", note.bytes.len = (size_t)1 << 62;
  if (is("note-unasked")) note.kind = ANNALS_NOTE_REJECT;
  if (is("note-good")) {
    note.code = text("\x1b[31mBad"), note.text.ptr = "\x1b[2J\0", note.text.len = 5, note.event = text("\xff");
    note.offset = UINT64_MAX - 1, note.len = UINT64_MAX, note.line = UINT64_MAX;
  }
  if (begins("note")) host->note(context, is("note-null") ? 0 : &note);
  if (is("fact-no-json")) host->fact(context, text("k"), text("k"), text("{"));
  if (is("fact-empty")) host->fact(context, text("k"), text("k"), text(""));
  if (is("fact-null")) {
    struct annals_str null = {0, 9};
    host->fact(context, null, null, null);
  }
  if (is("fact-huge")) {
    struct annals_str huge = {"1", SIZE_MAX};
    host->fact(context, text("k"), text("k"), huge);
  }
  if (is("fact-deep")) {
    static char deep[1 << 20];
    memset(deep, '[', sizeof deep);
    struct annals_str json = {deep, sizeof deep};
    host->fact(context, text("k"), text("k"), json);
  }
  if (is("call-extension")) {
    struct annals_str huge = {"annals.outside.1", SIZE_MAX};
    host->get_extension(context, huge);
    host->get_extension(context, text("nothing"));
  }
  if (is("call-progress")) {
    host->progress(context, UINT64_MAX), host->progress(context, 0), host->progress(context, UINT64_MAX);
  }
  if (is("call-without-context")) {
    host->note(0, &note), host->progress(0, 1), host->cancelled(0), host->get_extension(0, text("x"));
    host->fact(0, text("k"), text("k"), text("1"));
    source->read(0, &byte, 1);
  }
  if (is("call-read-null")) source->read(source->context, 0, 1), source->read(source->context, &byte, 0);
  if (is("call-read-behind-the-end")) while (source->read(source->context, &byte, 1) > 0);
  return 0;
}
