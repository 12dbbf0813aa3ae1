"""What an inspection says, in sentences: for its page and for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.display.text import plural, share
from evolve.models.inspection import Inspection, Learned, Seen, Source
from evolve.models.recognition import Accuracy, Calibration, ClassFacts

WEAKEST = 3
OFTEN_WRONG = 0.9  # an accuracy below it


def accuracy_in_words(found: Accuracy) -> str:
    """'96.41% of 360 images (95 % interval 93.94% to 97.90%)'."""
    within = f"95 % interval {share(found.low)} to {share(found.high)}"
    return f"{share(found.share)} of {plural(found.count, 'image')} ({within})"


def source_in_words(source: Source) -> str:
    """Which images were looked at, and whether the model had seen them."""
    if source.folder is not None:
        return f"the images of {source.folder}, and whether the model was trained on some of them nobody knows"
    if source.seen:
        return f"the {source.part} part, on which the model was trained, too, so these figures flatter it"
    opened = "once" if source.openings == 1 else f"{source.openings} times"
    return (
        f"the test part, on which the model was not trained; it was opened {opened} in this run, this look counted; "
        "whoever chooses by what is seen here has no clean test accuracy left"
    )


def doubts_in_words(seen: Seen) -> str:
    """How many labels may be wrong; nothing if none."""
    found, shown = seen.doubtful, len(seen.mistakes)
    if not found:
        return ""
    many, they = ("1 image", "it is") if found == 1 else (f"{found:,} images", "they are")
    some = f", the most certain of them among the {shown} mistakes that are shown" if found > shown else ""
    own = "; of a network that is so often wrong, most will be mistakes of its own"
    own = own if seen.accuracy.share < OFTEN_WRONG else ""
    return f"{many} may bear a wrong label{some}: {they} taken for another class very surely{own}"


def weakest(classes: Sequence[ClassFacts], most: int = WEAKEST) -> list[ClassFacts]:
    """The classes of which the smallest share is recognised, these first; those without images are left out."""
    known = [one for one in classes if one.recall is not None]
    return sorted(known, key=lambda one: (one.recall or 0.0, one.name))[:most]


def calibration_in_words(found: Calibration, accuracy: Accuracy) -> str:
    """Whether it is as often right as it says, in a sentence."""
    right = share(accuracy.share)
    said = f"it says {share(found.said)} of what it takes an image for, on average, and is right in {right}"
    far = f"calibration error {share(found.error)}"
    if found.error <= found.by_luck:
        return f"{said}: it is as often right as it says ({far}; up to {share(found.by_luck)} may be luck)"
    side = "surer than it should be" if found.said > accuracy.share else "less sure than it could be"
    return f"{said}: it is {side} ({far}; no more than {share(found.by_luck)} would be luck)"


def learned_in_words(learned: Learned) -> str:
    """The gap between images of training and others."""
    return (
        f"{learned.what}: {share(learned.train)} of the images that it trained on, as they were learned, and "
        f"{share(learned.held)} of the {learned.others} images, a gap of {100 * learned.gap:+.2f} points"
    )


def title(found: Inspection) -> str:
    """'candidate 5 of run cifar'."""
    return f"candidate {found.candidate} of run {found.run}"


def sentence(text: str) -> str:
    """A text as a sentence, with a capital letter and a full stop; nothing if there is none."""
    return f"{text[0].upper()}{text[1:]}." if text else ""
