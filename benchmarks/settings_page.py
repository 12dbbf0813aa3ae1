"""Writes what is made from the settings of a run: docs/settings.md, and the typed keyword arguments of `evolve.run`.

python benchmarks/settings_page.py
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.config_values import Group

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = '''"""Keyword arguments of `evolve.run` and `evolve.resume`, with their types, for editors and mypy.

Written by `python benchmarks/settings_page.py` from the fields of `evolve.config.RunConfig`.
"""

from pathlib import Path
from typing import Any, Literal, TypedDict
'''
PAGE = """# Settings of a run

Each is a keyword argument of `evolve.run`, stands under the same name in the TOML file that `--config` names, and has a
flag where one is given here; flags win over the file. One name differs: the time is `duration` in Python and `for` in
TOML. What has no flag is a table. In Python `fitness` may be the function itself. What a plan for a time decides, see
`plan.json` of a run, is decided only if it is not given. `python benchmarks/settings_page.py` writes this page from the
fields in `evolve/config.py`.
"""


def keywords() -> str:
    """The module of typed keyword arguments. `fitness` is an argument of its own, as it may be a function."""
    run = [name for name in RunConfig.of_verb("run") if name != "fitness"]
    return (
        KEYWORDS
        + _typed_dict("RunSettings", "run", run)
        + _typed_dict("ResumeSettings", "resume", RunConfig.of_verb("resume"))
    )


def _typed_dict(title: str, verb: str, names: Iterable[str]) -> str:
    told = {name: f'    """{_told(name)}"""\n' if verb == "run" else "" for name in names}
    fields = [f"    {name}: {_type(name)}\n{text}" for name, text in told.items()]
    return f'\n\nclass {title}(TypedDict, total=False):\n    """Settings of `evolve.{verb}`."""\n\n{"".join(fields)}'


def _type(name: str) -> str:
    kinds = ["None" if kind is type(None) else _name(kind) for kind in RunConfig.takes(name)]
    return " | ".join(dict.fromkeys(kinds))


def _name(kind: Any) -> str:
    if isinstance(kind, type) and not hasattr(kind, "__origin__"):
        return kind.__name__
    return str(kind).replace("typing.", "").replace("'", '"')


def _told(name: str) -> str:
    shown, usual = RunConfig.shown(name), RunConfig.usual(name)
    assert shown
    return shown.help + (f" Default: {usual}." if usual else "")


def page() -> str:
    """The table of settings, by group."""
    return PAGE + "".join(map(_group, Group))


def _group(group: Group) -> str:
    rows = [_row(name) for name in RunConfig.model_fields if (shown := RunConfig.shown(name)) and shown.group == group]
    head = "| setting | flag | what it does | must be | default |\n|---|---|---|---|---|\n"
    return f"\n## {group}\n\n{head}{''.join(rows)}"


def _row(name: str) -> str:
    field, shown = RunConfig.model_fields[name], RunConfig.shown(name)
    assert shown
    names = f"`{name}`" + (f", in TOML `{field.alias}`" if field.alias else "")
    flags = ", ".join(f"`{flag}`" for flag in RunConfig.flags(name))
    usual = "false" if field.default is False else RunConfig.usual(name)
    cells = (names, flags, shown.help, str(field.description), usual)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def pages() -> Mapping[Path, str]:
    """What is written, by path."""
    return {ROOT / "docs" / "settings.md": page(), ROOT / "evolve" / "run_settings.py": keywords()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
