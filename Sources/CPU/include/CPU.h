// Which instructions the CPU has, and which of its cores a thread is on.
#pragma once

/// Not 0 where the CPU and the system offer the level x86-64-v3 (AVX2, FMA) or x86-64-v4 (AVX-512).
int cpu_has_v3(void);
int cpu_has_v4(void);

/// The core that the calling thread is on; below 0 where the system does not say.
int cpu_current_core(void);

/// Moves the calling thread to another of the cores that it may use, if there is one. It may come back later.
void cpu_leave_core(int core);
