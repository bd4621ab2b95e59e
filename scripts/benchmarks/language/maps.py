# Two million counts in maps inside a map.
def main():
    rows = [f"row{i}" for i in range(20)]
    columns = [f"column{i}" for i in range(50)]
    counts = {r: {c: 0 for c in columns} for r in rows}
    for i in range(2_000_000):
        counts[rows[i % 20]][columns[i * 7 % 50]] += i % 3
    print(counts["row3"]["column21"], counts["row19"]["column33"], len(counts))


main()
