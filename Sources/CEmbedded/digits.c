// The handwritten digits as bytes of the program; data/digits.txt names their authors and licence.
#include "CEmbedded.h"

static const unsigned char digits[] = {
#embed "data/digits.bin"
};

const unsigned char *embedded_digits(void) { return digits; }

long embedded_digits_size(void) { return (long)sizeof digits; }
