"""A picture as PNG, drawn by a browser that is installed: Chromium, or Chrome."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from evolve.errors import ConfigError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0
SHARP = 2  # pixels for each unit of a picture, if it is not too large
LARGEST = 16_000  # pixels of a side that a browser draws
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--hide-scrollbars", "--default-background-color=FFFFFFFF"),
)


def browser() -> str:
    """The program that draws: what the variable BROWSER_PATH names, or the first of `BROWSERS` that is installed.
    Raises ConfigError if there is none."""
    if given := os.environ.get("BROWSER_PATH"):
        if found := shutil.which(given):
            return found
        raise ConfigError(f"BROWSER_PATH is {given!r}, which is no program; name an installed Chromium, or unset it")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise ConfigError(
            f"a .png is drawn by a browser, and none of {', '.join(BROWSERS)} is installed; install Chromium (on "
            "Debian and Ubuntu: apt install chromium), name one in the variable BROWSER_PATH, or write an .svg instead"
        )
    return found


def write_png(svg: str, path: Path) -> None:
    """Writes a picture of ours as PNG. Raises ConfigError without a browser, or if it draws nothing."""
    program = browser()
    width, height = (float(side) for side in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    scale = SHARP if max(width, height) * SHARP <= LARGEST else 1
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, drawn = Path(folder, "picture.html"), Path(folder, "picture.png")
        page.write_text(f'<!doctype html><meta charset="utf-8"><body style="margin:0">{svg}', encoding="utf-8")
        sizes = [f"--window-size={round(width)},{round(height)}", f"--force-device-scale-factor={scale}"]
        where = [f"--user-data-dir={Path(folder, 'profile')}", f"--screenshot={drawn}", page.as_uri()]
        said = _called([program, *FLAGS, *_rights(), *sizes, *where])
        if not drawn.is_file():
            raise ConfigError(f"{program} drew no picture: {said or 'it said nothing'}; write an .svg instead")
        shutil.copyfile(drawn, path)


def _rights() -> list[str]:
    """Chromium does not start for root with its sandbox. It draws our picture alone, which loads nothing."""
    return ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []


def _called(words: list[str]) -> str:
    """Runs a browser, and returns the end of what it said."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it did not end within {SECONDS:.0f} seconds"
    except OSError as error:
        return str(error)
    return " ".join(done.stderr.split())[-200:]
