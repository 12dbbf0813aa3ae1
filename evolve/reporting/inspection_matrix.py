"""The confusion matrix of an inspection as a table; of many classes those alone that take part in most mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evolve.models.inspection import Seen
from evolve.reporting.inspection_html import escaped, paragraph, scrolling

MOST = 20  # classes that a table can show
RIGHT, WRONG = "0,114,178", "213,94,0"
SHORT = 3  # characters of a name that has room above its column
OTHERS = "others"


def confusion_matrix(seen: Seen) -> str:
    """Rows are true classes, columns what they were taken for; the darker, the larger the share of the row."""
    names, counts = [one.name for one in seen.classes], np.array(seen.confusion)
    said = "Each row is a class, each column what its images were taken for: blue is right, orange wrong."
    if len(names) > MOST:
        wrong = counts - np.diag(counts.diagonal())
        chosen = np.sort(np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:MOST])
        left = np.setdiff1d(np.arange(len(names)), chosen)
        shown = np.column_stack([counts[np.ix_(chosen, chosen)], counts[np.ix_(chosen, left)].sum(axis=1)])
        said += f" Of {len(names)} classes these {MOST} take part in most mistakes."
        return paragraph(said) + _table([names[at] for at in chosen], shown.tolist(), [OTHERS])
    return paragraph(said) + _table(names, counts.tolist(), [])


def _table(names: Sequence[str], counts: Sequence[Sequence[int]], more: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col"><span>{escaped(name)}</span></th>' for name in (*names, *more))
    rows = "".join(
        f'<tr><th scope="row">{escaped(name)}</th>{_cells(at, row)}</tr>'
        for at, (name, row) in enumerate(zip(names, counts, strict=True))
    )
    head = f"<thead><tr><th>is \\ taken for</th>{heads}</tr></thead>"
    upright = " inspect-upright" if max(map(len, (*names, *more))) > SHORT else ""
    return scrolling(f'<table class="inspect-matrix{upright}">{head}<tbody>{rows}</tbody></table>', "confusion matrix")


def _cells(at: int, row: Sequence[int]) -> str:
    return "".join(_cell(value, value / max(1, sum(row)), column == at) for column, value in enumerate(row))


def _cell(value: int, share: float, right: bool) -> str:
    if not value:
        return '<td class="inspect-none">·</td>'
    return f'<td style="background:rgba({RIGHT if right else WRONG},{_depth(share, right):.2f})">{value:,}</td>'


def _depth(share: float, right: bool) -> float:
    """How much colour a share has; a single mistake is seen, too."""
    return 0.05 + 0.4 * share if right else min(0.6, 0.15 + 1.5 * share)
