"""
5. Two strategies compared
==========================

One run proves little, as another seed ends elsewhere. An experiment tries each strategy with several seeds and says
what may be concluded. It is made on a table of scores here, so that hundreds of evaluations take a second.
"""

import json
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import evolve

# %%
# A table stands in for training. This one is made by a rule: six genes with four options each, some of which go well
# together, and the luck of three trainings on top.

folder, rng = TemporaryDirectory(), Random(0)
entries = {}
for code in range(4**6):
    genes = [code // 4**place % 4 for place in range(6)]
    alike = sum(a == b for a, b in pairwise(genes))
    worth = 70 + sum(genes) + 2 * alike
    scores = [round(worth + rng.gauss(0, 0.5), 2) for _ in range(3)]
    entries["".join(map(str, genes))] = {"fitness": scores}
table = Path(folder.name, "table.json")
table.write_text(json.dumps({"name": "made-up", "choices": [4] * 6, "entries": entries}))

# %%
# Each arm gets as many evaluations, with the same seeds. The first arm is what the others are compared with; random
# search is always there, since any method has to beat it.

asked = {
    "name": "strategies",
    "question": "Does aging find better networks than the genetic algorithm?",
    "tables": [str(table)],
    "seeds": 8,
    "budget": {"evaluations": 60},
    "arms": {"aging": {"strategy": "aging"}, "genetic": {"strategy": "genetic"}},
}
made = evolve.experiment(asked, results=folder.name)

# %%
# The page begins with a sentence for each comparison. "No evidence" is not "equal": the sentence names the range that
# is still open. Seeds that are added later are run by the same call, and nothing else is.

print(made.page.read_text().partition("## ")[0])
