-- Two million counts in maps inside a map.
local rows, columns, counts = {}, {}, {}
for i = 0, 19 do rows[i] = "row" .. i end
for i = 0, 49 do columns[i] = "column" .. i end
for i = 0, 19 do
  local row = {}
  for j = 0, 49 do row[columns[j]] = 0 end
  counts[rows[i]] = row
end
for i = 0, 1999999 do
  local row, column = counts[rows[i % 20]], columns[i * 7 % 50]
  row[column] = row[column] + i % 3
end
local size = 0
for _ in pairs(counts) do size = size + 1 end
print(counts.row3.column21 .. " " .. counts.row19.column33 .. " " .. size)
