"""Runs a program and ends it, with all of its group, when the process that asked for it is gone, however that ended:

    python -P evolve/execution/watched.py PROGRAM ARGUMENT...

It is a file of its own that imports nothing of evolve, so it begins at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

LOOK_SECONDS = 0.05


def main(words: list[str]) -> int:
    """Ends as the program does: with its exit code, or by the same signal."""
    asked_by = os.getppid()
    process = subprocess.Popen(words)
    while process.poll() is None:
        if os.getppid() != asked_by:
            with suppress(ProcessLookupError):
                os.killpg(0, signal.SIGKILL)  # this process and those of its group
        time.sleep(LOOK_SECONDS)
    if process.returncode < 0:
        os.kill(os.getpid(), -process.returncode)
    return process.returncode


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except OSError as error:
        raise SystemExit(f"{sys.argv[1]} cannot be run: {error.strerror or error}") from None
