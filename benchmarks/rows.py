"""What benchmarks have measured, one JSON object a line, so that a script goes on where it stopped."""

from evolve.storage.json_lines import append_row as append
from evolve.storage.json_lines import read_rows as read

__all__ = ["append", "read"]
