"""
8. A table
==========

Published tables hold the scores of thousands of networks that others have trained. Searching one takes a second, and
tells how strategies behave, because the best there is is known.
"""

import json
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import evolve

# %%
# The format: how many options each gene has, and for each network, named by its options, one score per training. Sizes
# and seconds may stand beside it. ``evolve table convert`` makes such a file of NAS-Bench-Macro's; this one is made up.

folder, rng = TemporaryDirectory(), Random(1)
entries = {}
for genes in product(range(3), repeat=6):
    gains = (gain * gene for gain, gene in zip((2, 5, 9, 10, 4, 1), genes, strict=True))
    worth, size = 85 + sum(gains) / 10, 1 + sum(genes)
    entries["".join(map(str, genes))] = {
        "fitness": [round(worth + rng.gauss(0, 0.3), 2) for _ in range(3)],
        "measures": {"parameters": 1_000 * size, "multiply_adds": 50_000 * size},
        "cost": 10.0 + size,
    }
file = Path(folder.name, "table.json")
file.write_text(json.dumps({"name": "made-up", "choices": [3] * 6, "entries": entries}))

# %%
# A search of 60 of the 729 networks. Each run sees one of the three trainings of a network; leaders are scored again by
# the others, and what stands for the test part is the mean of all three.

counts = {"population": 12, "evaluations": 60, "seed": 1, "results": folder.name}
run = evolve.run(table=str(file), strategy="aging", **counts)
print(run)

# %%
# How close is that? All of the table can be looked at.

table = evolve.open_table(file)
worth = {code: sum(entry["fitness"]) / 3 for code, entry in table.entries.items()}
best = max(worth, key=worth.__getitem__)
found = run.hall_of_fame[0].notation
print(f"found {found}: {worth[found]:.2f}, the best of all is {best}: {worth[best]:.2f}")
better = sum(value > worth[found] for value in worth.values())
print(f"better than what was found: {better} of {len(worth)}")
