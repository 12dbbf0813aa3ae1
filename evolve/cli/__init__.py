"""The command line: verbs and their flags, no logic."""

from evolve.cli import look, models, search, table_verbs
from evolve.cli.app import main

__all__ = ["look", "main", "models", "search", "table_verbs"]
