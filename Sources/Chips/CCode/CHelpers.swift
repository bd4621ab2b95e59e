// The functions that the layers of a C program share; NAME stands for the program's.

enum CHelpers {
  static let denseSpikes = """
    /* The weights of what fires, `[inputs, outputs]`, added up in the order of the inputs. */
    static void NAME_denseSpikes(const NAME_weight *weights, const NAME_index *active, NAME_index count, NAME_number *sums, unsigned long outputs) {
      unsigned long i, j;
      memset(sums, 0, sizeof(NAME_number) * outputs);
      for (i = 0; i < count; i++) {
        const NAME_weight *row = weights + (unsigned long)active[i] * outputs;
        for (j = 0; j < outputs; j++) sums[j] += row[j];
      }
    }

    """

  static let denseNumbers = """
    static void NAME_denseNumbers(const NAME_weight *weights, const NAME_number *values, unsigned long inputs, NAME_number *sums, unsigned long outputs) {
      unsigned long i, j;
      memset(sums, 0, sizeof(NAME_number) * outputs);
      for (i = 0; i < inputs; i++) {
        const NAME_weight *row = weights + i * outputs;
        const NAME_number value = values[i];
        if (value == 0) continue;
        for (j = 0; j < outputs; j++) sums[j] += value * row[j];
      }
    }

    """

  private static let window =
    "unsigned long channels, long height, long width, long outHeight, long outWidth, long kernelY, long kernelX, long strideY, long strideX, long padY, long padX"

  static let convolutionAdd = """
    /* Adds one input to the sums of all windows that it lies under; weights are `[channel, row, column, output]`. */
    static void NAME_convolutionAdd(const NAME_weight *weights, unsigned long input, NAME_number value, NAME_number *sums, unsigned long outputs, \(window)) {
      const long plane = height * width;
      const long channel = (long)input / plane, y = (long)input % plane / width, x = (long)input % width;
      long dy, dx;
      unsigned long o;
      (void)channels;
      for (dy = 0; dy < kernelY; dy++) {
        const long row = y + padY - dy;
        if (row < 0 || row % strideY != 0 || row / strideY >= outHeight) continue;
        for (dx = 0; dx < kernelX; dx++) {
          const long column = x + padX - dx;
          const NAME_weight *tap = weights + (unsigned long)((channel * kernelY + dy) * kernelX + dx) * outputs;
          NAME_number *sum;
          if (column < 0 || column % strideX != 0 || column / strideX >= outWidth) continue;
          sum = sums + (row / strideY) * outWidth + column / strideX;
          for (o = 0; o < outputs; o++) sum[(long)o * outHeight * outWidth] += value * tap[o];
        }
      }
    }

    """

  private static let windowNames =
    "channels, height, width, outHeight, outWidth, kernelY, kernelX, strideY, strideX, padY, padX"

  static let convolutionSpikes = """
    static void NAME_convolutionSpikes(const NAME_weight *weights, const NAME_index *active, NAME_index count, NAME_number *sums, unsigned long outputs, \(window)) {
      unsigned long i;
      memset(sums, 0, sizeof(NAME_number) * outputs * (unsigned long)(outHeight * outWidth));
      for (i = 0; i < count; i++) NAME_convolutionAdd(weights, active[i], 1, sums, outputs, \(windowNames));
    }

    """

  static let convolutionNumbers = """
    static void NAME_convolutionNumbers(const NAME_weight *weights, const NAME_number *values, unsigned long inputs, NAME_number *sums, unsigned long outputs, \(window)) {
      unsigned long i;
      memset(sums, 0, sizeof(NAME_number) * outputs * (unsigned long)(outHeight * outWidth));
      for (i = 0; i < inputs; i++) {
        if (values[i] != 0) NAME_convolutionAdd(weights, i, values[i], sums, outputs, \(windowNames));
      }
    }

    """

  static let expand = """
    /* A list of what fires as zeros and ones. */
    static void NAME_expand(const NAME_index *active, NAME_index count, NAME_number *values, unsigned long inputs) {
      unsigned long i;
      memset(values, 0, sizeof(NAME_number) * inputs);
      for (i = 0; i < count; i++) values[active[i]] = 1;
    }

    """

  static let poolSum = """
    static void NAME_poolSum(const NAME_number *values, NAME_number *sums, unsigned long outputs, \(window)) {
      unsigned long o;
      long y, x, dy, dx;
      (void)channels; (void)padY; (void)padX;
      for (o = 0; o < outputs; o++) {
        for (y = 0; y < outHeight; y++) {
          for (x = 0; x < outWidth; x++) {
            NAME_number sum = 0;
            for (dy = 0; dy < kernelY; dy++) {
              for (dx = 0; dx < kernelX; dx++) sum += values[((long)o * height + y * strideY + dy) * width + x * strideX + dx];
            }
            *sums++ = sum;
          }
        }
      }
    }

    """

  static let poolMax = """
    static void NAME_poolMax(const NAME_number *values, NAME_number *tops, unsigned long outputs, \(window)) {
      unsigned long o;
      long y, x, dy, dx;
      (void)channels; (void)padY; (void)padX;
      for (o = 0; o < outputs; o++) {
        for (y = 0; y < outHeight; y++) {
          for (x = 0; x < outWidth; x++) {
            const NAME_number *first = values + ((long)o * height + y * strideY) * width + x * strideX;
            NAME_number top = *first;
            for (dy = 0; dy < kernelY; dy++) {
              for (dx = 0; dx < kernelX; dx++) {
                if (first[dy * width + dx] > top) top = first[dy * width + dx];
              }
            }
            *tops++ = top;
          }
        }
      }
    }

    """

  static let poolOr = """
    /* The largest of spikes: a spike where one lies under the window. `marks` is room for zeros and ones. */
    static NAME_index NAME_poolOr(const NAME_index *active, NAME_index count, NAME_index *out, NAME_number *marks, unsigned long outputs, \(window)) {
      const long plane = height * width;
      unsigned long i, all = outputs * (unsigned long)(outHeight * outWidth);
      NAME_index fired = 0;
      (void)channels; (void)padY; (void)padX;
      memset(marks, 0, sizeof(NAME_number) * all);
      for (i = 0; i < count; i++) {
        const long channel = (long)active[i] / plane, y = (long)active[i] % plane / width, x = (long)active[i] % width;
        long dy, dx;
        for (dy = 0; dy < kernelY; dy++) {
          const long row = y - dy;
          if (row < 0 || row % strideY != 0 || row / strideY >= outHeight) continue;
          for (dx = 0; dx < kernelX; dx++) {
            const long column = x - dx;
            if (column < 0 || column % strideX != 0 || column / strideX >= outWidth) continue;
            marks[(channel * outHeight + row / strideY) * outWidth + column / strideX] = 1;
          }
        }
      }
      for (i = 0; i < all; i++) {
        if (marks[i] != 0) out[fired++] = (NAME_index)i;
      }
      return fired;
    }

    """

  static let fire = """
    /* Leaky integrate-and-fire: reset 0 takes the threshold off, 1 sets to zero, 2 leaves the potential. */
    static NAME_index NAME_fire(float *potentials, const float *sums, unsigned long neurons, float beta, float threshold, int reset, NAME_index *active) {
      NAME_index count = 0;
      unsigned long i;
      for (i = 0; i < neurons; i++) {
        const float kept = potentials[i] * beta;
        float v = kept + sums[i];
        if (v >= threshold) {
          active[count++] = (NAME_index)i;
          if (reset == 0) v -= threshold;
          else if (reset == 1) v = 0.0f;
        }
        potentials[i] = v;
      }
      return count;
    }

    """

  static let leak = """
    static void NAME_leak(float *potentials, const float *sums, unsigned long neurons, float beta) {
      unsigned long i;
      for (i = 0; i < neurons; i++) {
        const float kept = potentials[i] * beta;
        potentials[i] = kept + sums[i];
      }
    }

    """

  /// A potential's step in whole numbers: what arrives wraps, what is kept is rounded towards zero.
  static let wholeStep = """
    static int64_t NAME_wrap(int64_t value, int bits) {
      const uint64_t all = (uint64_t)value, top = (uint64_t)1 << bits;
      return (int64_t)(all & (top - 1)) - (int64_t)(all & top);
    }

    static int64_t NAME_wholeStep(int64_t v, int64_t sum, int64_t bias, int64_t keep) {
      const int64_t current = NAME_wrap(NAME_wrap(NAME_wrap(sum, SUMBITS), CURRENTBITS) + bias, CURRENTBITS);
      v = (v < 0 ? -((-v * keep) >> 12) : (v * keep) >> 12) + current;
      return v < -LARGEST ? -LARGEST : v > LARGEST ? LARGEST : v;
    }

    """

  static let wholeFire = """

    static NAME_index NAME_wholeFire(int32_t *potentials, const int32_t *sums, int shift, const int32_t *back, int backShift, const int32_t *bias, unsigned long neurons, int32_t keep, int32_t threshold, int32_t drop, int reset, NAME_index *active) {
      NAME_index count = 0;
      unsigned long i;
      for (i = 0; i < neurons; i++) {
        int64_t v, sum = (int64_t)sums[i] * ((int64_t)1 << shift);
        if (back) sum += (int64_t)back[i] * ((int64_t)1 << backShift);
        v = NAME_wholeStep(potentials[i], sum, bias[i], keep);
        if (v > threshold) {
          active[count++] = (NAME_index)i;
          if (reset == 0) v -= drop;
          else if (reset == 1) v = 0;
        }
        potentials[i] = (int32_t)v;
      }
      return count;
    }

    """

  static let wholeLeak = """

    static void NAME_wholeLeak(int32_t *potentials, const int32_t *sums, int shift, const int32_t *bias, unsigned long neurons, int32_t keep) {
      unsigned long i;
      for (i = 0; i < neurons; i++) {
        potentials[i] = (int32_t)NAME_wholeStep(potentials[i], (int64_t)sums[i] * ((int64_t)1 << shift), bias[i], keep);
      }
    }

    """
}
