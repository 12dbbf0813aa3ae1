"""
6. Own layer
============

A Keras layer of your own takes part in the search like any other, with its arguments as genes.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import evolve

# %%
# Workers are processes of their own and import the layer, so it stands in a module. This script writes it; yours is
# just there. A layer has to keep the shape of its input, to hand ``**kwargs`` on, and to return its arguments.

folder, start = TemporaryDirectory(), Path.cwd()
os.chdir(folder.name)
Path("my_layers.py").write_text('''
import keras
from keras import ops


class Swirl(keras.layers.Layer):
    """A wave over the values, faster or slower."""

    def __init__(self, speed=1, **kwargs):
        super().__init__(**kwargs)
        self.speed = speed

    def call(self, inputs):
        return inputs + ops.sin(self.speed * inputs) / self.speed

    def get_config(self):
        return {**super().get_config(), "speed": self.speed}
''')

# %%
# ``layers`` says which kinds there are: this one, with the values that its gene may have, drawn three times as often as
# the others. The founder has one; whether mutants keep it, move it or lose it is up to the search.

swirl = {"class": "my_layers.Swirl", "speed": [1, 2, 4], "weight": 3}
founder = "conv 8 3, swirl 2, maxpool 2, flatten, dense 16, relu | adam 0.003"
few = {"evaluations": 4, "challengers": 2, "leaders": 2, "rescorings": 1, "seed": 1}
brief = {"images": 300, "epochs": 2, "final_epochs": 5}
run = evolve.run(layers={"swirl": swirl}, founders=[founder], **few, **brief)
for leader in run.hall_of_fame:
    print(f"{leader.score:.3f}  {leader.notation}")

# %%
# A run or a model may come from a stranger, so what is found in one is imported only where its module is named.

model = run.hall_of_fame[0].model(trust="my_layers")
print(f"a Keras model of {model.count_params():,} weights")
os.chdir(start)
