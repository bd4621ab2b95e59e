# Primes below two million by the sieve of Eratosthenes.
def count_primes(limit):
    composite = [False] * limit
    count = 0
    for i in range(2, limit):
        if composite[i]:
            continue
        count += 1
        k = i * i
        while k < limit:
            composite[k] = True
            k += i
    return count


print(count_primes(2_000_000))
