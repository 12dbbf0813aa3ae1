"""Reports: what they say, that they load nothing, and how they are used in a browser."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, command

import evolve
from evolve.drawing.browser_png import browser
from evolve.errors import ConfigError, LogError, RunError
from evolve.execution.builds import backend_name
from evolve.reporting.report_doubts import doubts
from evolve.reporting.report_html import rows
from evolve.runs.ranking import mean_lead
from evolve.storage.locks import hold

pytest.importorskip(backend_name())

TABLE: dict[str, Any] = {"table": DATA / "table.json", "progress": False}
NETWORK = "conv 4 3, relu, conv 8 3, relu, global_average | adam 0.01, batch 32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def trained(folder: Path, tiny_npz: Path) -> evolve.Run:
    return evolve.run(
        dataset=str(tiny_npz), evaluations=6, population=3, images=60, epochs=2, final_epochs=6, leaders=2,
        rescorings=2, founders=[NETWORK], newcomers=4, max_parameters=3000, executor="in-process", name="t",
        results=folder, progress=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def searched(folder: Path) -> evolve.Run:
    return evolve.run(**TABLE, strategy="neat", evaluations=60, population=10, results=folder, name="s")


@pytest.fixture(scope="module")
def html(trained: evolve.Run, folder: Path) -> Path:
    return evolve.report("t", results=folder, output=folder / "t.html", progress=False)


def test_it_says_what_came_out_and_what_did_not(html: Path, trained: evolve.Run) -> None:
    text, found = html.read_text(), evolve.Run(trained.folder)
    assert f"{found.test_accuracy:.1%} of " in text.split("</h1>")[0]
    titles = re.findall(r'<section id="[\w-]+"><h2>(.*?)</h2>', text)
    assert titles == [
        "What came out", "How it was found, and what decided", "The network", "Where it comes from", "What helped",
        "The search", "What networks are worth beside what they cost", "Inside the network", "What was not shown",
        "Settings, versions, and how to repeat it",
    ]  # fmt: skip
    assert all(f'href="#{name}"' in text for name in re.findall(r'<section id="([\w-]+)">', text))
    assert "another seed may find another network" in text


def test_the_test_part_is_opened_once_for_all_reports(html: Path, trained: evolve.Run, folder: Path) -> None:
    opened = evolve.Run(trained.folder).test_openings
    assert "was opened 2 times" in html.read_text() and opened == 2
    again = evolve.report("t", results=folder, output=folder / "again.html", progress=False)
    assert evolve.Run(trained.folder).test_openings == opened
    assert again.read_text().count("<img") == html.read_text().count("<img") > 10


def test_it_is_remade_where_the_model_is_another(
    html: Path, trained: evolve.Run, tiny_npz: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained.folder, tmp_path / "t")
    run = evolve.Run(tmp_path / "t")
    kept = run.model_path(run.winner or 0).with_suffix(".inspection.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "model": "another"}))
    trust = str(tiny_npz)  # what was prepared of it lies beside the original
    evolve.report("t", results=tmp_path, output=tmp_path / "t.html", trust=trust, progress=False)
    assert json.loads(kept.read_text())["model"] != "another"


@pytest.mark.slow
def test_what_repeats_the_search_does(trained: evolve.Run, html: Path, tmp_path: Path) -> None:
    [said] = re.findall(r"<code>(import evolve.*?)</code>", html.read_text(), re.DOTALL)
    call = said.replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">")
    made: dict[str, Any] = {}
    before = "import evolve\n\nevolve.run("
    assert call.startswith(before)
    exec(
        f"made = evolve.run(results={str(tmp_path)!r}, name='again', progress=False, {call[len(before) :]}",
        {"evolve": evolve},
        made,
    )
    again = made["made"]
    assert [row.notation for row in again.candidates.values()] == [r.notation for r in trained.candidates.values()]
    assert again.test_accuracy == trained.test_accuracy


def test_a_table_has_a_report_without_networks(searched: evolve.Run, folder: Path, tmp_path: Path) -> None:
    text = evolve.report(searched.folder, output=tmp_path / "s.html", progress=False).read_text()
    assert 'id="network"' not in text and 'id="inside"' not in text
    assert 'id="part-' not in text and "figure-species" in text


def test_markdown_says_the_same(trained: evolve.Run, folder: Path, tmp_path: Path) -> None:
    path = evolve.report("t", results=folder, format="markdown", output=tmp_path / "t.md", progress=False)
    text = path.read_text()
    assert "## What was not shown" in text and NETWORK.split(" |")[0] in text
    assert "<" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace("\\<", "")


def test_several_runs_are_compared(folder: Path, trained: evolve.Run, searched: evolve.Run, tmp_path: Path) -> None:
    text = evolve.report(["t", "s"], results=folder, output=tmp_path / "both.html", progress=False).read_text()
    assert text.count('<details class="part"') == 3 and "2 runs compared" in text
    assert "Single runs do not say which strategy is better" in text
    assert len(set(re.findall(r' id="([\w-]+)"', text))) == len(re.findall(r' id="([\w-]+)"', text))


def test_an_experiment_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "e.toml"
    file.write_text(
        f'question = "Which?"\nseeds = 3\ntables = ["{DATA / "table.json"}"]\n[budget]\nevaluations = 30\n'
        '[arms.aging]\n[arms.random]\nstrategy = "random"\n'
    )
    made = evolve.experiment(file, output=tmp_path / "e", progress=False)
    text = evolve.report(tmp_path / "e", output=tmp_path / "e.html", progress=False).read_text()
    assert "<h1>Which?</h1>" in text and "data:image/svg+xml;base64," in text and 'src="curves' not in text
    assert text.count("figure-trials") >= 1 and len(made.trials) == 6
    (tmp_path / "e" / "page.md").unlink()
    with pytest.raises(RunError, match="has no page yet"):
        evolve.report(tmp_path / "e", output=tmp_path / "f.html", progress=False)


def test_a_run_that_is_being_written_is_reported_as_it_is(trained: evolve.Run, tmp_path: Path) -> None:
    shutil.copytree(trained.folder, tmp_path / "w")
    with hold(tmp_path / "w" / "run.lock", tmp_path / "w"):
        text = evolve.report("w", results=tmp_path, output=tmp_path / "w.html", progress=False).read_text()
    assert "The run is being written" in text or "the run is being written" in text


def test_a_run_without_a_trained_model_says_what_is_missing(
    tmp_path: Path, tiny_npz: Path, trained: evolve.Run
) -> None:
    shutil.copytree(trained.folder, tmp_path / "m")
    shutil.rmtree(tmp_path / "m" / "models")
    text = evolve.report("m", results=tmp_path, output=tmp_path / "m.html", progress=False).read_text()
    assert "not looked into: " in text.lower() and "evolve train" in text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("report", "nothing"), "there is no run 'nothing'"),
        (("report", "s", "--format", "pdf"), "format must be html or markdown, not 'pdf'"),
        (("report", "s", "--output", "s.txt"), "output must end in .html for the format html, not 's.txt'"),
        (("report", "s", "--output", "s.html", "--format", "markdown"), "output must end in .md"),
    ],
)
def test_what_cannot_be_reported(words: tuple[str, ...], why: str, searched: evolve.Run, folder: Path) -> None:
    done = command(*words, "--results", ".", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr and "Traceback" not in done.stderr


def test_a_damaged_run_is_named(searched: evolve.Run, tmp_path: Path) -> None:
    shutil.copytree(searched.folder, tmp_path / "d")
    with sqlite3.connect(tmp_path / "d" / "run.sqlite") as file:
        file.execute("DROP TABLE result")
    with pytest.raises((LogError, RunError)):
        evolve.report("d", results=tmp_path, output=tmp_path / "d.html", progress=False)
    assert not (tmp_path / "d.html").exists()


def test_the_verb_writes_beside_you(searched: evolve.Run, folder: Path, tmp_path: Path) -> None:
    done = command("report", "s", "--results", folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\ns-report.html (" in done.stdout and (tmp_path / "s-report.html").exists()


def test_nothing_from_data_is_html() -> None:
    made = rows("<t>", ["<c>"], [["<script>alert(1)</script>"]])
    assert "<script>" not in made and "&lt;script&gt;" in made and 'aria-label="&lt;t&gt;"' in made


def test_doubts_name_those_that_cannot_be_told_apart(trained: evolve.Run) -> None:
    said = doubts(evolve.Run(trained.folder))
    assert any("seed 0" in one for one in said)
    again = [one for one in trained.hall_of_fame if one.rescored is not None]
    assert len(again) > 1
    rivals = [one for one in said if "not shown to be better" in one or "did better" in one]
    alone = [one for one in again[1:] if mean_lead(_fitness(again), again[0].candidate, one.candidate).is_clear]
    assert len(rivals) + len(alone) >= len(again) - 1


def _fitness(again: list[Any]) -> dict[int, tuple[float, ...]]:
    return {one.candidate: one.rescorings for one in again}


# In a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    try:
        path = browser()
    except ConfigError as error:
        pytest.skip(str(error))
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=path, args=[*quiet, "--disable-component-update", "--disable-sync"]
        )
        yield opened
        opened.close()


@pytest.fixture
def opened(chromium: Any, html: Path) -> Iterator[Any]:
    """The report in a browser that has no network, and what it asked for and complained of."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(html.as_uri())
    page.wait_for_selector(".main-svg")
    yield page
    context.close()


def test_it_opens_off_line_and_nothing_leaves(opened: Any, html: Path) -> None:
    opened.wait_for_timeout(500)
    assert [url for url in opened.asked if not url.startswith(("data:", "blob:"))] == [html.as_uri()]
    assert opened.said == []
    assert opened.locator("section figure.chart .main-svg").count() >= 8
    assert opened.locator('[data-title*="cloud" i], [data-title*="share" i]').count() == 0


def test_clicks_work(opened: Any) -> None:
    opened.click('nav a[href="#doubts"]')
    assert opened.evaluate("document.getElementById('doubts').getBoundingClientRect().top < innerHeight")
    numbers = opened.locator("details:has(summary:has-text('all that was born'))").first
    assert not numbers.locator("table").first.is_visible()
    numbers.locator("summary").first.click()
    assert numbers.locator("table").first.is_visible()


def test_the_keyboard_reaches_everything(opened: Any) -> None:
    wanted = opened.evaluate(
        "[...document.querySelectorAll('a[href], summary')].filter(one => one.offsetParent).length"
    )
    reached = set()
    for _ in range(6 * wanted):
        opened.keyboard.press("Tab")
        reached.add(
            opened.evaluate(
                "(one => one.tagName + '|' + one.textContent + '|' + (one.href || ''))(document.activeElement)"
            )
        )
    kinds = [one for one in reached if one.startswith(("A|", "SUMMARY|"))]
    assert len(kinds) == wanted


def test_it_is_read_by_everyone(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(opened, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found] == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    opened.wait_for_timeout(300)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_figures_fit_on_paper(opened: Any) -> None:
    """While a page is printed, and in a PDF, which Chromium makes likewise; then they are what they were."""
    widths = "[...document.querySelectorAll('.js-plotly-plot .main-svg')].map(one => one.getBoundingClientRect().width)"
    opened.evaluate(f"addEventListener('beforeprint', () => {{ window.onPaper = {widths} }})")
    before = opened.evaluate(widths)
    opened.pdf(format="A4")
    assert max(before) > 900
    assert 0 < max(opened.evaluate("window.onPaper")) <= 700
    opened.wait_for_function(f"Math.max(...{widths}) > 900")
