"""The command line: verbs and their flags, no logic."""

from evolve.cli import inspect_verb, look, models, report_verb, research, search, shelf_verbs, table_verbs
from evolve.cli.app import main

__all__ = ["inspect_verb", "look", "main", "models", "report_verb", "research", "search", "shelf_verbs", "table_verbs"]
