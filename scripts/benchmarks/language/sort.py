# A million numbers from a linear congruential generator, sorted.
def numbers(count):
    state = 42
    xs = []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        xs.append(state)
    return xs


xs = sorted(numbers(1_000_000))
print(xs[0], xs[500_000], xs[-1])
