-- Integer arithmetic: ten million steps.
local total = 0
for i = 0, 9999999 do
  total = total + i * i % 7
end
print(total)
