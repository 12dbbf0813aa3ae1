"""A picture of a run's hall of fame as the terminal shows it.

python benchmarks/picture.py results/RUN results/published/hall-of-fame.svg
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rich.console import Console

from evolve.reporting.run_text import hall_of_fame
from evolve.runs.run import Run


def main() -> None:
    run, target = Run(Path(sys.argv[1])), Path(sys.argv[2])
    console = Console(record=True, width=100, file=open("/dev/null", "w"), force_terminal=True, highlight=False)  # noqa: SIM115, PTH123
    console.print(hall_of_fame(run))
    drawn = console.export_svg(title=f"evolve show {run.name}")
    # Rich's picture names a font on the network; the reader's own monospaced font does as well.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    target.write_text(drawn.replace("Fira Code", "monospace"))


if __name__ == "__main__":
    main()
