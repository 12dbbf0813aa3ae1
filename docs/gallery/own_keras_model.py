"""
3. Own Keras model
==================

A network that you already have is a good place to begin. It is trained here for an epoch, adopted with its weights, and
the search goes on from it.
"""

from tempfile import TemporaryDirectory

import keras
from keras import layers
from sklearn.datasets import load_digits

import evolve

# %%
# An ordinary model. That it begins with ``Rescaling`` tells evolve that it takes pixels from 0 to 255.

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
scans = load_digits()
images = scans.images[:, :, :, None] * (255 / 16)
model.fit(images[:600], scans.target[:600], batch_size=16, verbose=0)

# %%
# Adopted, its class probabilities are what they were, and it is a graph of layers that can be mutated. A layer that
# evolve has no counterpart for is refused by its name.

folder = TemporaryDirectory()
mine = evolve.adopt(model, name="mine", results=folder.name)
print(f"probabilities differ by {mine.difference:.1e} at most: {mine.notation}")

# %%
# On digits, which are the usual data set. Mutants inherit those of its weights that
# still fit, so that a brief training tells what a change is worth.

few = {"evaluations": 3, "challengers": 2, "leaders": 2, "rescorings": 1, "seed": 1}
brief = {"images": 300, "epochs": 2, "final_epochs": 3, "results": folder.name}
run = evolve.run(encoding="graph", founders=[mine.founder], **few, **brief)
for leader in run.hall_of_fame:
    print(f"{leader.score:.3f}  {leader.notation}")

# %%
# Nobody knows which images an adopted model has seen, here some of the test part. So its test accuracy is no clean
# one, and evolve says so wherever it shows it. With ``founders=[mine.notation]`` the network begins from scratch.
