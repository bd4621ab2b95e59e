#include "stdlib_sources.h"

#include <stddef.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char prelude[] = {
#embed "../../stdlib/prelude.snn"
};

static const struct stdlib_source modules[] = {
    {"prelude", prelude, sizeof prelude},
};

const struct stdlib_source *stdlib_module(long index) {
  return index >= 0 && index < (long)(sizeof modules / sizeof *modules) ? &modules[index] : NULL;
}
