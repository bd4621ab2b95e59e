#define _GNU_SOURCE
#include "CEditline.h"

#include <dlfcn.h>
#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

_Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "text crosses as UTF-32");

// libedit is loaded at the first prompt: a script needs neither it nor the three libraries that it brings along.
#define FUNCTIONS(F) \
  F(el_init) F(el_end) F(el_set) F(el_wset) F(el_get) F(el_wgets) F(el_wgetc) F(el_wline) F(el_cursor) F(el_deletestr) \
  F(el_winsertstr) F(el_resize) F(el_beep)
#define MEMBER(name) __typeof__(&name) name;
static struct { FUNCTIONS(MEMBER) } edit;

// Whether every function of libedit is there; says on standard error what is not.
static int load(void) {
  if (edit.el_beep) return 1;
  void *library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libedit.so.0", RTLD_NOW | RTLD_LOCAL);
  const char *missing = library ? NULL : "libedit";
#define FIND(name) \
  if (!missing && !(edit.name = (__typeof__(&name))dlsym(library, #name))) missing = #name;
  FUNCTIONS(FIND)
  if (missing) fprintf(stderr, "lines are read without editing, for want of %s: sudo apt-get install libedit2\n", missing);
  return !missing;
}

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
  if (!load()) return NULL;
  EditLine *editor = edit.el_init(program, stdin, stdout, stderr);
  if (!editor) return NULL;
  edit.el_set(editor, EL_SIGNAL, 0);
  edit.el_set(editor, EL_EDITOR, "emacs");
  edit.el_set(editor, EL_SETTY, "-d", "-isig", "-ixon", NULL);
  return editor;
}

void ce_close(EditLine *editor) { edit.el_end(editor); }

int ce_can_move_up(EditLine *editor) {
  char *sequence = NULL;
  return edit.el_get(editor, EL_GETTC, "up", &sequence) == 0 && sequence && *sequence;
}

void ce_set_dispatch(ce_dispatch function) { dispatch = function; }

void ce_set_reader(EditLine *editor, ce_read function) {
  reader = function;
  edit.el_wset(editor, EL_GETCFN, read_character);
}

void ce_set_prompt(EditLine *editor, ce_prompt function) {
  prompt = function;
  edit.el_wset(editor, EL_PROMPT_ESC, show_prompt, L'\001');
}

int ce_add_command(EditLine *editor, int index, const char *name, const char *help) {
  if (index < 0 || index >= CE_COMMAND_LIMIT) return -1;
  return edit.el_set(editor, EL_ADDFN, name, help, commands[index]);
}

int ce_bind(EditLine *editor, const char *key, const char *command) {
  return edit.el_set(editor, EL_BIND, key, command, NULL);
}

int ce_gets(EditLine *editor) {
  int count = 0;
  const wchar_t *text = edit.el_wgets(editor, &count);
  return text ? count : -1;
}

int ce_getc(EditLine *editor, uint32_t *character) { return edit.el_wgetc(editor, (wchar_t *)character); }

const uint32_t *ce_line(EditLine *editor, int *length, int *cursor) {
  const LineInfoW *line = edit.el_wline(editor);
  *length = (int)(line->lastchar - line->buffer);
  *cursor = (int)(line->cursor - line->buffer);
  return (const uint32_t *)line->buffer;
}

void ce_set_line(EditLine *editor, const uint32_t *text, int length, int cursor) {
  const LineInfoW *line = edit.el_wline(editor);
  int old = (int)(line->lastchar - line->buffer);
  edit.el_cursor(editor, old);
  edit.el_deletestr(editor, old);
  if (length > 0) edit.el_winsertstr(editor, (const wchar_t *)text);
  edit.el_cursor(editor, cursor - length);
}

void ce_refresh(EditLine *editor) { edit.el_wset(editor, EL_REFRESH); }

void ce_resize(EditLine *editor) { edit.el_resize(editor); }

void ce_beep(EditLine *editor) { edit.el_beep(editor); }

void ce_prepare_terminal(EditLine *editor, int editing) { edit.el_wset(editor, EL_PREP_TERM, editing); }

void ce_write(EditLine *editor, const char *bytes, int count) {
  FILE *stream = NULL;
  if (edit.el_get(editor, EL_GETFP, 1, &stream) != 0 || !stream) return;
  fwrite(bytes, 1, (size_t)count, stream);
  fflush(stream);
}

int ce_width(uint32_t character) { return wcwidth((wchar_t)character); }
