#ifndef CMEMORY_H
#define CMEMORY_H
// glibc's header of extensions, which Swift's module of the C library leaves out.
#include <malloc.h>
#endif
