"""Lets `python -m evolve.cli` do what the console script does."""

from evolve.cli import main

main()
