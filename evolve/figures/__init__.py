"""What a run looks like: figures of Plotly, each of which has its numbers as a table, too.

    import evolve

    run = evolve.find("digits")
    evolve.figures.progress(run).show()
    evolve.figures.table(evolve.figures.operators(run))

Each takes a run and returns a `plotly.graph_objects.Figure`, or raises RunError where the run has nothing of the kind.
"""

from evolve.figures.all_births import births
from evolve.figures.best_so_far import progress
from evolve.figures.budget_bars import budgets
from evolve.figures.distances import diversity
from evolve.figures.family_tree import family
from evolve.figures.fronts import front, shelf
from evolve.figures.learning_curves import curves
from evolve.figures.operator_effects import operators
from evolve.figures.shrinkage import shrinkage
from evolve.figures.species_over_time import species
from evolve.figures.style import table

__all__ = [
    "births",
    "budgets",
    "curves",
    "diversity",
    "family",
    "front",
    "operators",
    "progress",
    "shelf",
    "shrinkage",
    "species",
    "table",
]
