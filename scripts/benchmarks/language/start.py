# A start and an end, and nothing between.
print(0)
