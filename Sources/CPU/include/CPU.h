// Which instructions the CPU has.
#pragma once

/// Not 0 where the CPU and the system offer the level x86-64-v3 (AVX2, FMA) or x86-64-v4 (AVX-512).
int cpu_has_v3(void);
int cpu_has_v4(void);
