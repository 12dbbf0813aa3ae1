"""
7. Own fitness
==============

What counts is what you say. This function rewards accuracy and takes a point off for every 2,000 weights.
"""

from tempfile import TemporaryDirectory

import evolve

# %%
# It gets the compiled model and the data, and returns a number to be maximised, or a number and a dictionary of
# measures that are stored beside it. ``data.train()`` trains as evolve does; ``model.fit`` would do as well.


def small_and_good(model, data, progress):
    """Accuracy on the part that is scored on, less a point for every 2,000 weights."""
    curve = data.train()
    progress(loss=curve[-1]["loss"])
    said = model.predict(data.images, verbose=0).argmax(axis=1)
    right = (said == data.labels).mean()
    return right - 0.01 * model.count_params() / 2_000, {"accuracy": right}


# %%
# A function of the script is called in this process, one training after the other. One of a module is called in
# workers, as ``fitness="my_module:small_and_good"``.

folder = TemporaryDirectory()
few = {"founders": ["small"], "evaluations": 3, "leaders": 2, "rescorings": 1, "seed": 1}
brief = {"images": 300, "epochs": 2, "final_epochs": 5, "results": folder.name}
run = evolve.run(dataset="digits", fitness=small_and_good, **few, **brief)

# %%
# The hall of fame is in the order of that number.

for leader in run.hall_of_fame:
    print(f"{leader.score:+.3f} with {leader.parameters:,} weights, {leader.origin}")
