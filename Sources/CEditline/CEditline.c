#define _GNU_SOURCE
#include "CEditline.h"

#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

_Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "text crosses as UTF-32");

static ce_dispatch dispatch;
static ce_read reader;
static ce_prompt prompt;

// libedit hands a command only its key, so that each command needs a function of its own: these 64 pass on
// which one they are.
#define ONE(n) \
  static unsigned char command##n(EditLine *editor, wint_t key) { \
    (void)key; \
    return dispatch ? dispatch(editor, 0##n) : CC_ERROR; \
  }
#define EIGHT(F, t) F(t##0) F(t##1) F(t##2) F(t##3) F(t##4) F(t##5) F(t##6) F(t##7)
#define ALL(F) \
  EIGHT(F, 0) EIGHT(F, 1) EIGHT(F, 2) EIGHT(F, 3) EIGHT(F, 4) EIGHT(F, 5) EIGHT(F, 6) EIGHT(F, 7)
ALL(ONE)
#define NAME(n) command##n,
static unsigned char (*const commands[CE_COMMAND_LIMIT])(EditLine *, wint_t) = {ALL(NAME)};

static int read_character(EditLine *editor, wchar_t *character) {
  return reader(editor, (uint32_t *)character);
}

static wchar_t *show_prompt(EditLine *editor) { return (wchar_t *)prompt(editor); }

EditLine *ce_open(const char *program) {
  EditLine *editor = el_init(program, stdin, stdout, stderr);
  if (!editor) return NULL;
  el_set(editor, EL_SIGNAL, 0);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_SETTY, "-d", "-isig", "-ixon", NULL);
  return editor;
}

void ce_close(EditLine *editor) { el_end(editor); }

int ce_can_move_up(EditLine *editor) {
  char *sequence = NULL;
  return el_get(editor, EL_GETTC, "up", &sequence) == 0 && sequence && *sequence;
}

void ce_set_dispatch(ce_dispatch function) { dispatch = function; }

void ce_set_reader(EditLine *editor, ce_read function) {
  reader = function;
  el_wset(editor, EL_GETCFN, read_character);
}

void ce_set_prompt(EditLine *editor, ce_prompt function) {
  prompt = function;
  el_wset(editor, EL_PROMPT_ESC, show_prompt, L'\001');
}

int ce_add_command(EditLine *editor, int index, const char *name, const char *help) {
  if (index < 0 || index >= CE_COMMAND_LIMIT) return -1;
  return el_set(editor, EL_ADDFN, name, help, commands[index]);
}

int ce_bind(EditLine *editor, const char *key, const char *command) {
  return el_set(editor, EL_BIND, key, command, NULL);
}

int ce_gets(EditLine *editor) {
  int count = 0;
  const wchar_t *text = el_wgets(editor, &count);
  return text ? count : -1;
}

int ce_getc(EditLine *editor, uint32_t *character) { return el_wgetc(editor, (wchar_t *)character); }

const uint32_t *ce_line(EditLine *editor, int *length, int *cursor) {
  const LineInfoW *line = el_wline(editor);
  *length = (int)(line->lastchar - line->buffer);
  *cursor = (int)(line->cursor - line->buffer);
  return (const uint32_t *)line->buffer;
}

void ce_set_line(EditLine *editor, const uint32_t *text, int length, int cursor) {
  const LineInfoW *line = el_wline(editor);
  int old = (int)(line->lastchar - line->buffer);
  el_cursor(editor, old);
  el_deletestr(editor, old);
  if (length > 0) el_winsertstr(editor, (const wchar_t *)text);
  el_cursor(editor, cursor - length);
}

void ce_refresh(EditLine *editor) { el_wset(editor, EL_REFRESH); }

void ce_resize(EditLine *editor) { el_resize(editor); }

void ce_beep(EditLine *editor) { el_beep(editor); }

void ce_prepare_terminal(EditLine *editor, int editing) { el_wset(editor, EL_PREP_TERM, editing); }

void ce_write(EditLine *editor, const char *bytes, int count) {
  FILE *stream = NULL;
  if (el_get(editor, EL_GETFP, 1, &stream) != 0 || !stream) return;
  fwrite(bytes, 1, (size_t)count, stream);
  fflush(stream);
}

int ce_width(uint32_t character) { return wcwidth((wchar_t)character); }
