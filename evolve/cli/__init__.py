"""The command line: verbs and their flags, no logic."""

from evolve.cli import inspect_verb, look, models, research, search, shelf_verbs, table_verbs
from evolve.cli.app import main

__all__ = ["inspect_verb", "look", "main", "models", "research", "search", "shelf_verbs", "table_verbs"]
