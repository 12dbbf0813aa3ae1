"""The rooms of the house: modules by room, how many floors they stand on, circles and arrows that run up.

    python benchmarks/rooms.py
    python benchmarks/rooms.py --ref a3c7c60

A room is a folder of modules, or a module that stands by itself. The floor of a room is one above the highest room that
it imports from. An arrow runs up if it goes from a room to one that stands above it in the list `ROOMS` of
tests/test_imports.py. Both orders are those that the looked-at version declares itself.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("evolve", "genomes")
Graph = Mapping[str, set[str]]


def modules(tree: Path) -> dict[str, Path]:
    """Dotted name -> file, of every module of the project."""
    return {
        ".".join(path.relative_to(tree).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((tree / package).rglob("*.py"))
    }


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Modules that a file imports anywhere, with `from package import module` resolved to the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                full if (full := f"{node.module}.{alias.name}") in known else node.module for alias in node.names
            )
    return found


def room_of(module: str, known: Mapping[str, Path]) -> str:
    """The folder that a module lies in; the module itself where it lies directly below a package."""
    if module in ("evolve", "genomes") or known[module].name == "__init__.py":
        return module
    folder = module.rpartition(".")[0]
    return module if folder == "evolve" else folder


def arrows(tree: Path) -> dict[str, set[str]]:
    """Module -> modules of the project that it imports. What `evolve` offers it looks up when it is used: no arrow."""
    known = modules(tree)
    return {name: (imports(path, known) & known.keys()) - {name, "evolve"} for name, path in known.items()}


def between_rooms(tree: Path) -> dict[str, set[str]]:
    """Room -> rooms that its modules import from."""
    known, found = modules(tree), dict[str, set[str]]()
    for module, others in arrows(tree).items():
        here = room_of(module, known)
        found.setdefault(here, set())
        if module != "evolve":
            found[here] |= {room_of(other, known) for other in others} - {here}
    return found


def circles(graph: Graph) -> list[set[str]]:
    """Groups of nodes that reach each other (Tarjan 1972, https://doi.org/10.1137/0201010)."""
    number, low, stack, found = dict[str, int](), dict[str, int](), list[str](), list[set[str]]()

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            group = set(stack[stack.index(node) :])
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(group)

    for node in graph:
        if node not in number:
            visit(node)
    return found


def floors(graph: Graph) -> dict[str, int]:
    """The floor of each room, from 1; rooms of one circle stand on one floor."""
    group = {node: min(circle) for circle in circles(graph) for node in circle}
    heights: dict[str, int] = {}

    def height(room: str) -> int:
        if room not in heights:
            members = [node for node in graph if group.get(node, node) == room]
            below = {group.get(other, other) for node in members for other in graph[node]} - {room}
            heights[room] = 1 + max(map(height, below), default=0)
        return heights[room]

    return {node: height(group.get(node, node)) for node in graph}


def declared(tree: Path) -> list[tuple[str, ...]]:
    """The order of rooms that a version's own tests declare, from the top; those on one line stand side by side."""
    for node in ast.walk(ast.parse((tree / "tests" / "test_imports.py").read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ROOMS":
            return [(row,) if isinstance(row, str) else row for row in ast.literal_eval(node.value)]
    raise SystemExit(f"{tree}: tests/test_imports.py declares no ROOMS")


def place(module: str, order: list[tuple[str, ...]]) -> int:
    """Where a module stands in the declared order: with the longest name that its own begins with."""
    found = [
        (len(name), index)
        for index, names in enumerate(order)
        for name in names
        if module == name or (name != "evolve" and module.startswith(f"{name}."))
    ]
    if not found:
        raise SystemExit(f"{module} has no room in ROOMS")
    return max(found)[1]


def running_up(tree: Path) -> Iterator[tuple[str, str]]:
    """Arrows against the order: of modules against the declared one, and those that close a circle."""
    order = declared(tree)
    for module, others in arrows(tree).items():
        for other in sorted(others):
            if module != "evolve" and place(other, order) < place(module, order):
                yield module, other


def described(tree: Path) -> str:
    """The house in words."""
    graph, levels = between_rooms(tree), floors(between_rooms(tree))
    round_about = circles({name: others for name, others in arrows(tree).items() if name != "evolve"})
    up = list(running_up(tree))
    loose = sum(path.parent == tree / "evolve" for path in modules(tree).values())
    lines = [
        f"{len(graph)} rooms on {max(levels.values())} floors, {len(declared(tree))} rows in the declared order",
        f"{loose} modules directly below evolve/",
        f"{len(round_about)} circles of modules, {len(circles(graph))} of rooms, {len(up)} arrows that run up",
    ]
    lines += [f"  circle: {', '.join(sorted(circle))}" for circle in round_about]
    lines += [f"  up: {module} -> {other}" for module, other in up]
    for floor in sorted(set(levels.values()), reverse=True):
        lines.append(f"floor {floor:2}  {', '.join(sorted(room for room in graph if levels[room] == floor))}")
    return "\n".join(lines)


def main() -> None:
    """See the text of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ref", help="a commit, tag or branch to look at instead of this tree")
    chosen = parser.parse_args()
    if chosen.ref is None:
        print(described(ROOT))
        return
    with tempfile.TemporaryDirectory() as temporary:
        packed = subprocess.run(["git", "archive", chosen.ref], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", temporary], input=packed, check=True)
        print(described(Path(temporary)))


if __name__ == "__main__":
    main()
