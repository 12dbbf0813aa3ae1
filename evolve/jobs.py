"""What a worker is given: the streams that its random numbers come from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from evolve.values import Budget, Purpose, digest


@dataclass(frozen=True)
class Seeds:
    """Seeds of the random streams of one training, each from 0 to 2^32 - 1, so that one stream can be changed or left
    out without a change of the others.

    weights: starting weights. order: of the images, the same for all candidates of a run. augmentation, dropout: what
    is changed at random while training.
    """

    weights: int
    order: int
    augmentation: int
    dropout: int

    def to_json(self) -> dict[str, int]:
        return asdict(self)


def seeds(run_seed: int, candidate: str, budget: Budget, repeat: int, purpose: Purpose) -> Seeds:
    """The streams of a training. candidate: the candidate's key. They depend on nothing else: not on versions, devices
    or what is measured."""
    purpose = Purpose.SEARCH if purpose is Purpose.CLOSING else purpose
    training = (run_seed, budget, repeat, purpose)

    def drawn(stream: str, *of: object) -> int:
        return int(digest("stream", stream, *of)[:8], 16)

    streams = {name: drawn(name, candidate, *training) for name in ("weights", "augmentation", "dropout")}
    return Seeds(order=drawn("order", *training), **streams)
