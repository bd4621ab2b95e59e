-- Primes below two million by the sieve of Eratosthenes.
local function count_primes(limit)
  local composite = {}
  for i = 0, limit - 1 do composite[i] = false end
  local count = 0
  for i = 2, limit - 1 do
    if not composite[i] then
      count = count + 1
      local k = i * i
      while k < limit do
        composite[k] = true
        k = k + i
      end
    end
  end
  return count
end

print(count_primes(2000000))
