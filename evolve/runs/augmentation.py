"""What a search has found out about augmentation, for people."""

from __future__ import annotations

from collections.abc import Iterator

from evolve.runs.chance import guessing_on
from evolve.runs.run import Run
from evolve.search.augmentation import Kept, kept
from evolve.values import PROBED, Purpose, Result, Status
from genomes.genome import recipe_of
from genomes.recipe import augments

# Group -> what is done to images, and what they are called then.
WORDS = {
    "mirror": ("mirroring", "mirrored images"),
    "move": ("moving", "moved images"),
    "erase": ("erasing a square", "images with a square erased"),
    "colour": ("changing contrast and brightness", "images of other contrast and brightness"),
    "turn": ("turning", "turned images"),
}


def asked(run: Run) -> Result | None:
    """The training of the network that was asked what changed images mean to it; None if none ended well."""
    with run.log() as log:
        results = [log.result(request.number) for request in log.requests(Purpose.PROBE)]
    return next((result for result in reversed(results) if result and result.status is Status.OK), None)


def answers(run: Run) -> list[Kept]:
    """What is left of that network's accuracy above guessing, by group; nothing where there is no answer."""
    result, guessing = asked(run), guessing_on(run.problem, "validation")
    if result is None or guessing is None:
        return []
    return kept(result.measures, guessing.accuracy, min(PROBED, guessing.images))


def sentences(run: Run) -> Iterator[str]:
    """What was decided by it, as "mirroring off: mirrored images keep 4 % of the accuracy above guessing"; of ways that
    no founder knows nothing had to be decided."""
    used = [recipe_of(run.space.parse(line)) for line, _ in run.meta["founders"]]
    for one in answers(run):
        if not any(augments(recipe, one.group) for recipe in used):
            continue
        what, images = WORDS[one.group]
        share = f"{min(1.0, max(0.0, one.share)):.0%}".replace("%", " %")
        on = "on" if one.verdict == "survives" else "off"
        left_open = ", which leaves open what it is worth" if one.verdict == "open" else ""
        yield f"{what} {on}: {images} keep {share} of the accuracy above guessing{left_open}"
