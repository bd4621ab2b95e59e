// Typed doors to libedit's wide interface. Swift cannot call C functions with variable arguments, and its
// `wchar_t` is `Unicode.Scalar`, which cannot hold every value that a terminal sends: text crosses as UTF-32.
#pragma once

#include <stdint.h>

typedef struct editline EditLine;

/// Called for a key that is bound to a command; returns one of the CE_* values.
typedef uint8_t (*ce_dispatch)(EditLine *editor, int command);
/// Fills one code point and returns 1; 0 at the end of the input, -1 for an error.
typedef int (*ce_read)(EditLine *editor, uint32_t *character);
/// The prompt, zero-terminated; bytes between two \001 are sent as they are and take no cells.
typedef const uint32_t *(*ce_prompt)(EditLine *editor);

enum {
  CE_NORMAL = 0,
  CE_NEWLINE = 1,
  CE_EOF = 2,
  CE_REFRESH = 4,
  CE_CURSOR = 5,
  CE_BEEP = 6,
  CE_REDISPLAY = 8,
};

/// The number of commands that `ce_add_command` can register.
enum { CE_COMMAND_LIMIT = 64 };

/// Opens an editor on the standard streams, without signal handlers and with the terminal's signal keys as
/// characters while a line is edited. Null when the terminal cannot be used.
EditLine *ce_open(const char *program);
void ce_close(EditLine *editor);
/// Whether the terminal can move its cursor up, without which nothing can be drawn again.
int ce_can_move_up(EditLine *editor);

/// Sets the one function that every command calls.
void ce_set_dispatch(ce_dispatch dispatch);
void ce_set_reader(EditLine *editor, ce_read reader);
void ce_set_prompt(EditLine *editor, ce_prompt prompt);

/// Registers command `index` (below CE_COMMAND_LIMIT) under a name that keys can be bound to. Zero when done.
int ce_add_command(EditLine *editor, int index, const char *name, const char *help);
/// Binds a key in libedit's notation ("^A", "\\e[A") to a command's name. Zero when done.
int ce_bind(EditLine *editor, const char *key, const char *command);

/// Reads one line; the number of code points, or -1 at the end of the input or after an error.
int ce_gets(EditLine *editor);
/// Reads one character through the editor, keys pushed back first. 1, 0 at the end, -1 for an error.
int ce_getc(EditLine *editor, uint32_t *character);

/// The edited text and the cursor in it, valid until the next call.
const uint32_t *ce_line(EditLine *editor, int *length, int *cursor);
/// Replaces the edited text and puts the cursor.
void ce_set_line(EditLine *editor, const uint32_t *text, int length, int cursor);

/// Draws prompt and text anew from the cursor's row, taken as empty.
void ce_refresh(EditLine *editor);
/// Takes over the terminal's present size.
void ce_resize(EditLine *editor);
void ce_beep(EditLine *editor);
/// Switches the terminal to editing (1) or back to the mode that programs expect (0).
void ce_prepare_terminal(EditLine *editor, int editing);
/// Sends bytes where the editor's own output goes, in order with it.
void ce_write(EditLine *editor, const char *bytes, int count);
/// The cells of one code point: 0, 1 or 2, and -1 for a control character.
int ce_width(uint32_t character);
