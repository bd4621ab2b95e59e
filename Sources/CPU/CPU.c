#include "CPU.h"

#if defined(__x86_64__)
int cpu_has_v3(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v3");
}

int cpu_has_v4(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4");
}
#else
int cpu_has_v3(void) { return 0; }
int cpu_has_v4(void) { return 0; }
#endif
