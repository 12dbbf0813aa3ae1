"""
1. First network
================

A few small networks race on scans of handwritten digits, the best two are trained again to see whether they were lucky,
and the winner becomes a Keras model. Nothing has to be downloaded.
"""

from tempfile import TemporaryDirectory

from sklearn.datasets import load_digits

import evolve

# %%
# A run needs images and an end: here three candidates, each trained for four epochs on 400 images. It begins with small
# networks, so that this is quick. ``seed`` makes it repeatable. What comes of it lies in a folder that goes with the
# script; without ``results`` it is kept in ``results/`` below the current folder, where ``evolve show`` finds it.

folder = TemporaryDirectory()
run = evolve.run(
    dataset="digits",
    founders=["small"],
    evaluations=3,
    images=400,
    epochs=4,
    challengers=2,
    leaders=2,
    rescorings=1,
    final_epochs=20,
    seed=1,
    results=folder.name,
)

# %%
# The hall of fame. ``score`` is what a network had in the search. ``re-scored`` is a fresh training on images that the
# search did not see: the best of several is partly the luckiest, so this is the number to believe.

print(run)

# %%
# The winner was trained on all images but those of the test part, which was then opened for the first time. Its layers
# and the way it is trained are one line of text, with which another run can begin: ``founders=[best.notation]``.

best = run.hall_of_fame[0]
print(f"test accuracy {run.test_accuracy:.1%}: {best.notation}")

# %%
# The model is Keras's own. It takes images as they are in the data set, here with pixels from 0 to 255.

scans = load_digits()
pixels = scans.images[:5, :, :, None] * (255 / 16)
said = best.model().predict(pixels, verbose=0).argmax(axis=1)
print(f"it reads {said.tolist()} where {scans.target[:5].tolist()} is written")
