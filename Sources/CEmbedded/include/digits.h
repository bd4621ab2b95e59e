#pragma once

/// The embedded digits: records of 65 bytes, a label (0-9) and 64 pixels (0-16) row by row.
const unsigned char *embedded_digits(void);

/// How many bytes `embedded_digits` points at.
long embedded_digits_size(void);
