/* Runs a network that snn wrote as C on a Cortex-M3 under qemu: the samples of FILE_IN, against the spikes of FILE_OUT. */
#include FILE_C

#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)

extern uint32_t data_start, data_end, data_load, bss_start, bss_end;
extern const uint8_t samples_in[], samples_in_end[], samples_out[];

__asm__(".section .rodata\n"
        ".global samples_in, samples_in_end, samples_out\n"
        "samples_in: .incbin \"" FILE_IN "\"\nsamples_in_end:\n"
        "samples_out: .incbin \"" FILE_OUT "\"\n.previous\n");

/* Semihosting: what runs qemu prints a text, or ends. */
static int host(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void run(void) {
  static JOIN(NET, _output) out[JOIN(NAME, _OUTPUTS)];
  const uint8_t *in = samples_in, *expected = samples_out;
  unsigned long step = 0, wrong = 0, i;
  JOIN(NET, _reset)();
  while (in < samples_in_end) {
    if (step == STEPS) {
      JOIN(NET, _reset)();
      step = 0;
    }
    JOIN(NET, _step)(in, out);
    for (i = 0; i < JOIN(NAME, _OUTPUTS); i++) wrong += out[i] != expected[i];
    in += JOIN(NAME, _INPUTS);
    expected += JOIN(NAME, _OUTPUTS);
    step += 1;
  }
  host(4, wrong == 0 ? "spikes equal on 20 samples" : "SPIKES DIFFER");
}

void begin(void) {
  uint32_t *from = &data_load, *to = &data_start;
  while (to < &data_end) *to++ = *from++;
  for (to = &bss_start; to < &bss_end; to++) *to = 0;
  run();
  /* The program's end, as an application that is done. */
  host(0x18, (const void *)0x20026);
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t stack;
  void (*reset)(void);
} vectors = {0x20400000, begin};
