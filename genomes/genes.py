"""Genes as fields of dataclasses: each with its domain, its word in the notation and how often mutation picks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, field, fields
from functools import cache
from typing import Any

from genomes.domains import Domain


def gene(domain: Domain, default: Any = MISSING, word: str | None = None, weight: float = 1.0) -> Any:
    """A dataclass field with a domain. Without a default the notation writes the value without its name.

    word: what the notation calls it, if not by its name. weight: how often a mutation picks it, relative to others, 0
    for never; of a layer also how often a new one does not have the default, where it is below 1.
    """
    metadata = {"domain": domain, "word": word, "weight": weight}
    return field(metadata=metadata, **({} if default is MISSING else {"default": default}))


# Fields of a dataclass of genes; looked up often, so kept.
genes_of: Callable[[Any], tuple[Field[Any], ...]] = cache(fields)


def _domains(cls: Any) -> dict[str, Domain]:
    """Domains of the genes of a dataclass, by field name, with the bounds they were made with."""
    return {f.name: f.metadata["domain"] for f in genes_of(cls)}


domains: Callable[[Any], dict[str, Domain]] = cache(_domains)
