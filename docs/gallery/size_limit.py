"""
4. A size limit
===============

The best network of 2,500 weights at most, such as a microcontroller has room for, instead of the best network.
"""

from tempfile import TemporaryDirectory

import evolve

# %%
# No candidate beyond a limit is ever trained: what a mutation makes too large is made narrower until it fits. Limits
# can be set for weights, for multiply-adds, for the memory that layers hand on, for the file and for the time of one
# image.

folder = TemporaryDirectory()
few = {"evaluations": 5, "challengers": 2, "leaders": 2, "rescorings": 1, "seed": 3}
brief = {"founders": ["small"], "images": 400, "epochs": 4, "final_epochs": 20}
run = evolve.run(
    dataset="digits",
    max_parameters=2_500,
    results=folder.name,
    **few,
    **brief,
)

# %%
# How large the networks are, and what they are worth. ``evolve shelf RUN`` lists the best of each size of any run.

for leader in run.hall_of_fame:
    print(f"{leader.parameters:>6,} weights: {leader.score:.3f}, {leader.origin}")
largest = max(one.parameters for one in run.candidates.values())
print(f"the largest of {len(run.candidates)} networks has {largest:,} weights")

# %%
# The winner, with what it came to on the test part. ``evolve export RUN best --format litert-int8`` makes the file that
# goes onto the device, and says what numbers of 8 bits cost in accuracy.

best = run.hall_of_fame[0]
print(f"the winner, of {best.parameters:,}, reads {run.test_accuracy:.1%} of the test part")
