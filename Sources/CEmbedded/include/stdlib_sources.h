#pragma once

/// One file of the standard library: its name and its text.
struct stdlib_source {
  const char *name;
  const unsigned char *text;
  long size;
};

/// The module at an index, or NULL behind the last.
const struct stdlib_source *stdlib_module(long index);

/// The chip file at an index, or NULL behind the last.
const struct stdlib_source *stdlib_chip(long index);

/// The notebook of the language reference at an index, or NULL behind the last.
const struct stdlib_source *stdlib_reference(long index);
