"""What a search has found out about augmentation, for people."""

from __future__ import annotations

from collections.abc import Iterator

from evolve.runs.guessing import guessing_on
from evolve.runs.run import Run
from evolve.search.augmentation import DESTROYS, Kept, kept
from evolve.values import CLEAN, Purpose, Result
from genomes.genome import recipe_of
from genomes.recipe import AUGMENTATION_GROUPS, augments

# Group -> what is done to images, and what they are called then.
WORDS = {
    "mirror": ("mirroring", "mirrored images"),
    "move": ("moving", "moved images"),
    "erase": ("erasing a square", "images with a square erased"),
    "colour": ("changing contrast and brightness", "images of other contrast and brightness"),
    "turn": ("turning", "turned images"),
}


def asked(run: Run) -> Result | None:
    """The longer training of the network that was shown changed images then; of several that had an answer, or the
    first one. None if there is none."""
    with run.log() as log:
        results = [log.result(request.number) for request in log.requests(Purpose.CHALLENGE)]
    shown = [result for result in results if result and CLEAN in result.measures]
    return next((result for result in shown if _kept(run, result)), shown[0] if shown else None)


def answers(run: Run) -> list[Kept]:
    """What is left of that network's accuracy above guessing, by group; nothing where there is no answer."""
    result = asked(run)
    return _kept(run, result) if result else []


def _kept(run: Run, result: Result) -> list[Kept]:
    """The same of one result."""
    guessing = guessing_on(run.problem, "validation")
    if guessing is None:
        return []
    return kept(result.measures, 1 / len(guessing.shares), guessing.effective_probes)


def sentences(run: Run) -> Iterator[str]:
    """What was decided by it, as "mirroring off: mirrored images keep 4 % of the accuracy above guessing"; or that
    nothing could be."""
    first = next(iter(run.hall_of_fame), None)
    if first is None or not _raced(run):
        return
    found = answers(run)
    used, twins = recipe_of(run.space.parse(first.notation)), _groups_of_twins(run)
    if not found:
        how = "as you have set it" if any(augments(used, group) for group in AUGMENTATION_GROUPS) else "off"
        if asked(run) is not None:
            yield f"augmentation {how}: no network of the race was clearly better than guessing, so none could be asked"
        elif how == "off" and run.search_ended and _began_with_any(run):
            yield "augmentation off: there was no time to ask a network about it, or its training failed"
    for one in found:
        what, images = WORDS[one.group]
        on, left = augments(used, one.group), _percent(one.share)
        said = f"{what} {'on' if on else 'off'}: {images} keep {left} of the accuracy above guessing"
        if one.verdict == "open":
            said += f", but those of one class at most {_percent(one.least)}" if one.least < DESTROYS else ""
            said += ", which leaves it open; "
            tried = f"networks that were trained with {what} and without decided"
            said += tried if one.group in twins else "it was not tried out"
        if one.verdict == "survives" and not on:
            said += ", but it is not used: too few births were left, or the network is trained as it was written"
        if on and one.verdict == "destroys":
            named = " and ".join(AUGMENTATION_GROUPS[one.group])
            said += f"; it destroys what tells classes apart, but you have asked for it: leave {named} out"
        yield said


def _raced(run: Run) -> bool:
    """Whether the search was a race of networks on images, in which augmentation is decided."""
    on_images = run.config.table is None and run.config.fitness is None
    return on_images and len(run.candidates) > 1 and "challengers" in run.meta["config"]


def _began_with_any(run: Run) -> bool:
    """Whether a founder is augmented where it is written."""
    recipes = [recipe_of(run.space.parse(text)) for text, _ in run.meta["founders"]]
    return any(augments(recipe, group) for recipe in recipes for group in AUGMENTATION_GROUPS)


def _percent(share: float) -> str:
    return f"{min(1.0, max(0.0, share)):.0%}".replace("%", " %")


def _groups_of_twins(run: Run) -> set[str]:
    """Groups of augmentation that networks were trained with and without."""
    with run.log() as log:
        numbers = {request.candidate for request in log.requests(Purpose.TWIN)}
        recipes = [recipe_of(run.space.read(log.born(number).genome)) for number in numbers]
    return {group for group in AUGMENTATION_GROUPS if any(augments(recipe, group) for recipe in recipes)}
