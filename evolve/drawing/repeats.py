"""What stands behind itself several times is drawn once: a layer, a run of layers, or a module of a graph."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from evolve.drawing.blocks import Block, Blocks, readers_of

Readers = Sequence[Sequence[int]]
"""Of each block the positions of those that read it."""


@dataclass(frozen=True)
class Repeat:
    """`times` modules of `length` blocks, one behind the other, from the block at `start` on."""

    start: int
    length: int
    times: int

    @property
    def end(self) -> int:
        """Behind the first of them."""
        return self.start + self.length

    @property
    def all(self) -> range:
        """Positions of all of their blocks."""
        return range(self.start, self.start + self.length * self.times)


def repeats(blocks: Blocks) -> list[Repeat]:
    """What is repeated, from the top: what saves the most blocks, and of what is left before and behind it the same,
    without what would save next to nothing."""
    readers = readers_of(blocks)
    return _repeats(blocks, readers, 1, len(blocks) - 1)


def _repeats(blocks: Blocks, readers: Readers, start: int, end: int) -> list[Repeat]:
    options = [
        Repeat(at, length, times)
        for at in range(start, end)
        for length in range(1, (end - at) // 2 + 1)
        if (times := _times(blocks, readers, Repeat(at, length, (end - at) // length))) > 1
    ]
    best = max(options, key=lambda one: _worth(blocks, one), default=None)
    if best is None or _worth(blocks, best)[0] < 1:
        return []
    before, behind = (start, best.start), (best.all.stop, end)
    return [*_repeats(blocks, readers, *before), best, *_repeats(blocks, readers, *behind)]


def _worth(blocks: Blocks, one: Repeat) -> tuple[float, bool, int]:
    """How many blocks it saves, thin ones as a half; whether it begins with one that is not; and how early."""
    thin = [blocks[at].words.thin for at in range(one.start, one.end)]
    saved = (one.times - 1) * sum(0.5 if each else 1.0 for each in thin)
    return saved, not thin[0], -one.start


def common_repeats(before: Blocks, after: Blocks, pairs: Mapping[int, int], marked: Container[int]) -> list[Repeat]:
    """What is repeated in `after` and, as often, at the same blocks of `before`, without a mark. pairs: positions in
    `after` -> in `before`. marked: positions in `after`."""
    whole = [one for one in repeats(after) if all(at in pairs and at not in marked for at in one.all)]
    return [one for one in whole if repeated_there(before, one, pairs) is not None]


def repeated_there(blocks: Blocks, repeat: Repeat, pairs: Mapping[int, int]) -> Repeat | None:
    """The same repeat in another network, or None if it is none there."""
    there = [pairs[at] for at in repeat.all]
    if there != list(range(there[0], there[0] + len(there))):
        return None
    same = replace(repeat, start=there[0])
    return same if _times(blocks, readers_of(blocks), same) == repeat.times else None


@dataclass(frozen=True)
class Folded:
    """Blocks with each repeated module once. place: position before -> now, for those that are left. frames: of the
    modules, as repeats of blocks that are now there once."""

    blocks: Blocks
    place: Mapping[int, int]
    frames: tuple[Repeat, ...]


def folded(blocks: Blocks, found: Sequence[Repeat]) -> Folded:
    """Each repeated module once, with the weights of all and the last one's shapes."""
    gone = {at for one in found for at in one.all[one.length :]}
    kept = [at for at in range(len(blocks)) if at not in gone]
    place = {position: at for at, position in enumerate(kept)}
    last = {one.all[-1]: one.end - 1 for one in found}
    inside = {at: one for one in found for at in range(one.start, one.end)}
    made = []
    for at in kept:
        block = _of_all(blocks, at, inside[at]) if at in inside else blocks[at]
        made.append(replace(block, reads=tuple(place[last.get(read, read)] for read in block.reads)))
    frames = tuple(replace(one, start=place[one.start]) for one in found)
    return Folded(tuple(made), place, frames)


def _of_all(blocks: Blocks, at: int, repeat: Repeat) -> Block:
    """The block that stands for those at its place in each module."""
    alike = [blocks[at + number * repeat.length] for number in range(repeat.times)]
    weights = sum(block.weights for block in alike)
    return replace(alike[0], weights=weights, times=repeat.times, shape=alike[-1].shape, from_shape=alike[0].shape)


def _times(blocks: Blocks, readers: Readers, most: Repeat) -> int:
    """How often a module of that length stands behind itself from there on, as often as `most` has it at most."""
    start, length = most.start, most.length
    first, times = _module(blocks, start, length), 1
    if first is None or not _ends(readers, start, length):
        return 1
    while times < most.times and _hands_on(readers, begin := start + times * length, length):
        following = _module(blocks, begin, length)
        if following != (first[0], begin - 1) or not _ends(readers, begin, length):
            break
        times += 1
    return times


def _module(blocks: Blocks, start: int, length: int) -> tuple[list[tuple[object, ...]], int] | None:
    """What blocks are and what they read of each other, and the one block outside that they read; None if they read
    several."""
    inside = blocks[start : start + length]
    outside = {read for block in inside for read in block.reads if read < start}
    if len(outside) != 1:
        return None
    return [(block.words.what, *(max(-1, read - start) for read in block.reads)) for block in inside], outside.pop()


def _hands_on(readers: Readers, begin: int, length: int) -> bool:
    """Whether what stands before a module is read by that alone."""
    return all(reader < begin + length for reader in readers[begin - 1])


def _ends(readers: Readers, start: int, length: int) -> bool:
    """Whether only the last block of a module is read outside of it."""
    return all(reader < start + length for at in range(start, start + length - 1) for reader in readers[at])
