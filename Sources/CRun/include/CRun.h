// The run that a thread works for. Swift has no variables of a thread of its own that cost nothing to read.
#pragma once

/// A pointer that only its owner understands; null for the program itself.
extern _Thread_local const void *crun_of_thread;

static inline const void *crun_current(void) { return crun_of_thread; }
static inline void crun_enter(const void *run) { crun_of_thread = run; }
