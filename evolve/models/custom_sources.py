"""Layers of the user's own in an exported script: the text of their modules, or where they are imported from."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from genomes.source import literal


def custom_sources(paths: Sequence[str], known: Mapping[str, str]) -> str:
    """What a script needs for the classes of these dotted paths.

    known: path -> text of its module, nothing where that is installed. A module that imports others of the user's own
    says nothing without them: it is imported from the folder where it lies.
    """
    alone = [path for path in paths if known[path] and not _imports_own(known[path])]
    beside = [path for path in paths if known[path] and path not in alone]
    folders = dict.fromkeys(_folder(path) for path in beside)
    lines = ["import sys\n\n"] if folders else []
    lines += [f"sys.path.append({literal(folder)})  # where your own layers are\n" for folder in folders]
    lines += [
        f"from {path.rpartition('.')[0]} import {path.rpartition('.')[2]}\n" for path in paths if path not in alone
    ]
    sources = dict.fromkeys(known[path] for path in alone)
    return "\n\n".join([*("".join(lines) and ["".join(lines)]), *map(_for_a_script, sources)])


def _for_a_script(source: str) -> str:
    """The text of a module without what only stands at its beginning, and what it does when it is run itself."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if future or (isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"):
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)


def _imports_own(source: str) -> bool:
    """Whether a module imports anything that is neither Python's nor installed."""
    return any(name == "" or _is_own(name) for name in _imports(ast.parse(source)))


def _imports(tree: ast.Module) -> Iterator[str]:
    """The first parts of the names that are imported; empty for those of the module's own package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "" if node.level else str(node.module).partition(".")[0]


def _is_own(name: str) -> bool:
    found = None if name in sys.stdlib_module_names else _place(name)
    return found is not None and not {"site-packages", "dist-packages"} & {*found.parts}


def _place(name: str) -> Path | None:
    """Where a module lies, or the folder of a package; None if it is not found. Imports nothing."""
    found = PathFinder.find_spec(name, [str(Path.cwd()), *sys.path])
    folders = list(found.submodule_search_locations or ()) if found else []
    return Path(folders[0]) if folders else Path(found.origin) if found and found.origin else None


def _folder(path: str) -> str:
    """The folder in which Python has to look for a class's module."""
    found = _place(path.partition(".")[0])
    return str(found.parent.absolute() if found else Path.cwd())
