# Strings: a million pieces, joined.
def main():
    parts = []
    for i in range(1_000_000):
        parts.append(f"item {i}")
    text = ",".join(parts)
    print(len(text), text[1000:1020])


main()
