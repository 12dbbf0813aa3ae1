"""
9. A report, and figures
========================

What came out of a run, for a person who was not there, and what the search looked like, in figures with their numbers.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import evolve

# %%
# Any run will do, such as ``run = evolve.find("parity")``. Here is a small one.

folder = TemporaryDirectory()
few = {"founders": ["small"], "evaluations": 4, "challengers": 2, "leaders": 2, "seed": 1}
brief = {"images": 300, "epochs": 3, "rescorings": 1, "final_epochs": 10}
run = evolve.run(dataset="digits", results=folder.name, **few, **brief)

# %%
# A figure is one of Plotly's. In a notebook it shows itself; ``write_html`` makes a page of it that opens off line.

progress = evolve.figures.progress(run)
page = Path(folder.name, "progress.html")
progress.write_html(page, include_plotlyjs=True)
print(f"{page.name} has {page.stat().st_size / 1e6:.1f} MB, most of it Plotly itself")

# %%
# Each has its numbers as a table. The diamonds of this one are what leaders came to when they were trained again: where
# they lie below the line, the line was partly luck.

for row in evolve.figures.table(progress):
    again = "-" if row["re-scored"] is None else f"{row['re-scored']:.3f}"
    number, score, best = row["candidate"], row["score"], row["best so far"]
    print(f"candidate {number}: {score:.3f}, best so far {best:.3f}, again {again}")

# %%
# The report is one file that loads nothing: the claim with its interval, how it was found, the winner as a picture, and
# what was not shown to be better. By default it also looks inside the winner, which opens the test part once more.

file = Path(folder.name, "report.html")
report = evolve.report(run.folder, output=file, inside=False)
print(f"{report.name} has {report.stat().st_size / 1e6:.1f} MB")

# %%
# A network is a picture, too.

picture = evolve.draw(run.folder, "best", output=Path(folder.name, "winner.svg"))
print(f"winner.svg begins with {picture[:4]}")
