#include "CRun.h"

_Thread_local const void *crun_of_thread;
