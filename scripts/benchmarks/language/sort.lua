-- A million numbers from a linear congruential generator, sorted.
local function numbers(count)
  local state = 42
  local xs = {}
  for i = 1, count do
    state = (state * 1103515245 + 12345) % 2147483648
    xs[#xs + 1] = state
  end
  return xs
end

local xs = numbers(1000000)
table.sort(xs)
print(xs[1] .. " " .. xs[500001] .. " " .. xs[#xs])
