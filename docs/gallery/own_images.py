"""
2. Own images
=============

Images in folders, one for each class: that is all that a data set has to be. Here they are drawn, discs and crosses, so
that the script runs anywhere.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw

import evolve

# %%
# The names of the folders are the names of the classes. Files may be of any size and of every format that Pillow reads.

folder = TemporaryDirectory()
photos, rng = Path(folder.name, "photos"), np.random.default_rng(0)
for number in range(400):
    name = ("disc", "cross")[number % 2]
    image = Image.fromarray(rng.integers(0, 120, (24, 24), dtype=np.uint8))
    (x, y), draw = rng.integers(6, 17, 2), ImageDraw.Draw(image)
    if name == "disc":
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=200)
    else:
        draw.line((x - 4, y - 4, x + 4, y + 4), fill=200, width=2)
        draw.line((x - 4, y + 4, x + 4, y - 4), fill=200, width=2)
    photos.joinpath(name).mkdir(parents=True, exist_ok=True)
    image.save(photos / name / f"{number}.png")

# %%
# ``image_size`` cuts each image to its middle square and resizes it; without it all have to be of one size. A fifth of
# the images is set apart for the test, and the search never sees them. With so few images a real run, which has a
# ``duration`` instead of these counts, trains each network several times and leaves out another part each time.

few = {"evaluations": 3, "challengers": 2, "leaders": 2, "rescorings": 1, "seed": 2}
brief = {"founders": ["small"], "images": 200, "epochs": 3, "final_epochs": 20}
run = evolve.run(
    dataset=str(photos),
    image_size=16,
    results=folder.name,
    **few,
    **brief,
)
print(run)

# %%
# What the winner says of image files. They are brought to the size of the training by themselves.

files = [photos / "disc" / "0.png", photos / "cross" / "1.png"]
for one in evolve.predict(run.folder, files):
    folders = f"{one.image.parent.name}/{one.image.name}"
    print(f"{folders}: {one.said}, with {one.ranked[0][1]:.0%}")
