"""Tables of trainings: what is trained, what is written, and how a recording goes on."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from evolve.cli import app as command_line
from evolve.display.console import Silent, make_console
from evolve.engine.opening import new_problem
from evolve.engine.running import VERSION
from evolve.errors import ConfigError, EvolveError, RunError
from evolve.execution.builds import backend_name
from evolve.problems.images import ImageProblem
from evolve.problems.recorded_files import load_recorded
from evolve.research.recording import Recording, probes, record_table
from evolve.research.recording_settings import RecordingSettings
from evolve.storage.json_lines import read_rows
from evolve.storage.locks import hold
from evolve.training.augment import change_all
from genomes.recipe import DEFAULT, PROBED_GROUPS, of_group

pytest.importorskip(backend_name())

TINY: dict[str, Any] = {
    "name": "tiny",
    "twins": ["a"],
    "datasets": {"digits": "digits"},
    "budgets": {"3000x1": 1, "100x1": 2},
    "founders": {"a": "conv 4 3, relu, flatten | sgd 0.1, batch 32, flip, shift 1"},
    "others": {"b": "conv 4 3, relu, global_average | adam 0.01, batch 32"},
}
CLOCK = ("seconds", "wall_seconds")


def recording(tmp_path: Path, **changed: Any) -> Recording:
    """One whose trainings run in this process."""
    settings = RecordingSettings.checked({**TINY, **changed})
    problems = {}
    for name in settings.datasets:
        config = settings.config(name, tmp_path, tmp_path / "results").changed(executor="in-process")
        problem = new_problem(config, Silent())
        assert isinstance(problem, ImageProblem)
        problems[name] = problem
    return Recording(settings, problems, tmp_path / "tiny.jsonl", Silent())


def trainings(file: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = [row for row in read_rows(file) if row["kind"] == "training"]
    return {(row["genome"], row["budget"], row["repeat"]): row for row in rows}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    made = recording(tmp_path_factory.mktemp("recording"))
    made.go(workers=1)
    return made


def test_every_network_is_trained_with_every_budget_as_often_as_wanted(recorded: Recording) -> None:
    rows = trainings(recorded.file)
    names = ("a", "a-plain", "b")
    assert list(rows) == [
        *((name, "100x1", 0) for name in names),
        *((name, "3000x1", 0) for name in names),
        *((name, "100x1", 1) for name in names),
    ]
    assert {row["status"] for row in rows.values()} == {"ok"}


def test_a_row_says_what_was_trained_and_what_came_out(recorded: Recording) -> None:
    head, digits, *_ = read_rows(recorded.file)
    assert head["twins"] == {"a": "a-plain"} and head["founders"] == ["a"]
    assert head["genomes"]["a-plain"] == "conv 4 3, relu, flatten | sgd 0.1, batch 32"
    rows = trainings(recorded.file)
    row = rows["b", "3000x1", 0]
    assert row["spent"]["images"] == digits["sizes"]["train"] and row["spent"]["epochs"] == 3, "few images, seen often"
    assert len(row["curve"]) == 3 and row["curve"][-1]["accuracy"] == row["train"]["accuracy"]
    hits = np.unpackbits(np.frombuffer(b64decode(row["hits"]), np.uint8))[: digits["sizes"]["validation"]]
    assert hits.mean() == pytest.approx(row["validation"]["accuracy"], abs=1e-5)
    assert row["selection"]["accuracy"] > 1.5 * digits["chance"]["selection"]
    assert 0 < row["seconds"] < 60 and row["machine"]["cores"] >= 1 and row["version"]


def test_augmentation_is_never_left_out(recorded: Recording) -> None:
    rows = trainings(recorded.file)
    assert rows["a", "100x1", 0]["spent"]["augmentation"] == "flip, shift 1"
    assert rows["a-plain", "100x1", 0]["spent"]["augmentation"] == ""


def test_only_networks_without_augmentation_are_probed(recorded: Recording) -> None:
    rows = trainings(recorded.file)
    assert "changed" not in rows["a", "3000x1", 0]
    probed = [rows[name, "3000x1", 0] for name in ("a-plain", "b")]
    for row in probed:
        assert row["changed"].keys() == set(PROBED_GROUPS)
        assert row["clean"] == row["validation"]["balanced_accuracy"], "fewer than 2,000 images: all of them"
    better = max(probed, key=lambda row: float(row["clean"]))
    assert better["changed"]["mirror"] < better["clean"], "a mirrored digit is none"


def test_twins_begin_with_the_same_weights_and_see_the_same_order(recorded: Recording) -> None:
    problem = recorded.problems["digits"]
    jobs = [recorded._job(problem, 1, training) for training in recorded.trainings][:3]
    assert jobs[0].seeds == jobs[1].seeds != jobs[2].seeds
    assert {job.seeds.order for job in jobs} == {jobs[0].seeds.order}
    assert jobs[0].recipe != jobs[1].recipe


def test_a_recording_goes_on_where_it_was_killed(recorded: Recording, tmp_path: Path) -> None:
    lines = recorded.file.read_text().splitlines(keepends=True)
    killed = replace(recorded, file=tmp_path / "killed.jsonl")
    killed.file.write_text("".join(lines[:7]) + lines[7][:50])  # in the middle of a line
    killed.go(workers=1)
    before, after = trainings(recorded.file), trainings(killed.file)
    assert before.keys() == after.keys()
    for key, row in before.items():
        assert {**row, **dict.fromkeys(CLOCK)} == {**after[key], **dict.fromkeys(CLOCK)}
    assert killed.file.read_text().startswith("".join(lines[:7]))


def test_a_table_of_other_settings_is_left_alone(recorded: Recording, tmp_path: Path) -> None:
    text = recorded.file.read_text()
    other = recording(tmp_path, seed=1)
    other.file = recorded.file
    with pytest.raises(ConfigError, match=r"is another table.*the list of networks or budgets differs.*--output"):
        other.go(workers=1)
    assert recorded.file.read_text() == text


@pytest.mark.parametrize("text", ["my notes\n", "my notes", "[1,2,3]", '{"kind": "notes"}'])
def test_a_file_that_is_no_table_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(text)
    other = recording(tmp_path)
    other.file = file
    with pytest.raises(ConfigError, match=r"notes.txt is no table of trainings; name another file with --output"):
        other.go(workers=1)
    assert file.read_text() == text


def test_one_process_at_a_time_writes_a_table(tmp_path: Path) -> None:
    one = recording(tmp_path)
    with (
        hold(tmp_path / f".{one.file.name}.lock", one.file),
        pytest.raises(RunError, match="in use by another process"),
    ):
        one.go(workers=1)
    assert not one.file.exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no files")
def test_a_place_that_takes_no_files_is_not_said_to_be_in_use() -> None:
    with (
        pytest.raises(RunError, match=r"nothing can be written to /proc; name another place"),
        hold(Path("/proc/table.lock"), Path("/proc/table.jsonl")),
    ):
        pass


def test_a_table_that_was_cut_off_at_once_is_begun_again(tmp_path: Path) -> None:
    one = recording(tmp_path)
    one.file.write_text('{"kind": "table", "name"')
    assert one._begin() == set()
    assert [json.loads(line)["kind"] for line in one.file.read_text().splitlines()] == ["table", "dataset"]


def test_trainings_of_another_version_are_told_of(
    recorded: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = recording(tmp_path)
    again.console = make_console(True)
    again.file.write_text(recorded.file.read_text().replace(f'"version": "{VERSION}"', '"version": "0.12.9"', 1))
    again._begin()
    assert f"trainings by version 0.12.9 of evolve are in it; this is {VERSION}" in " ".join(
        capsys.readouterr().out.split()
    )


def test_budgets_are_written_in_one_way() -> None:
    settings = RecordingSettings.checked({**TINY, "budgets": {"0100x1": 1}})
    assert settings.budgets == {"100x1": 1} and [str(one) for one, _ in settings.trainings] == ["100x1"]


def test_a_probe_has_the_strength_of_the_twin_or_a_middling_one(recorded: Recording) -> None:
    networks = {network.name: network for network in recorded.networks["digits"]}
    found = {probe.group: probe.recipe for probe in probes(networks["a-plain"], seed=0)}
    assert found["move"].augmentation == "shift 1" and found["mirror"].augmentation == "flip"
    assert probes(networks["a"], seed=0) == ()
    assert of_group(DEFAULT, "erase").cutout == 4 and of_group(DEFAULT, "move").shift == 2
    assert of_group(DEFAULT, "turn").augmentation == "rotation 24.0"


def test_all_images_of_a_probe_are_changed() -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 8, 8, 1)).astype(np.uint8)

    def changed(group: str) -> NDArray[np.uint8]:
        return change_all(images, of_group(DEFAULT, group).to_json(), 0, 255, np.random.default_rng(0))

    mirrored, erased = changed("mirror"), changed("erase")
    np.testing.assert_array_equal(mirrored, images[:, :, ::-1])
    assert all(np.count_nonzero(one != other) for one, other in zip(images, erased, strict=True))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"budgets": {"many": 1}}, r"budgets must be a table of budgets, images x epochs.*, not \{'many': 1\}"),
        ({"budgets": {"100x2": 1, "200x1": 1}}, r"budgets must be a table of budgets, .*each of another size"),
        ({"budgets": {"100x1": 0}}, r"budgets must be a table of budgets"),
        ({"twins": ["c"]}, r"twins names 'c', which is none of the networks: a, b"),
        ({"others": {"a": "flatten"}}, r"'a' stands in founders and in others; give one of them another name"),
        ({"others": {"a-plain": "flatten"}}, r"'a-plain' is what the twin of 'a' is called; rename that network"),
        ({"founders": {"a": "cnv 4 3, flatten"}}, r"network 'a' cannot be trained on digits: .*cnv"),
        ({"datasets": {"digits": {"dataset": "digits", "population": 4}}}, r"datasets: digits: 'population' is no set"),
        ({"datasets": {"digits": "digts"}}, r"dataset 'digts' is unknown; did you mean 'digits'"),
        ({"networks": {}}, r"unknown setting 'networks'"),
        ({"others": {"random": TINY["others"]["b"]}}, r"genomes: 'random' stands for a group of founders"),
        ({"others": {"a b": TINY["others"]["b"]}}, r"a b"),
        ({"others": {"c": TINY["founders"]["a"]}}, r"genomes: 'a' and 'c' are the same"),
        ({"twins": ["b"]}, r"'b' and 'b-plain' are the same"),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_anything_is_trained(
    changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(EvolveError, match=message):
        recording(tmp_path, **changed).go(workers=1)
    assert not (tmp_path / "tiny.jsonl").exists()


def test_the_verb_says_what_is_wrong_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    with pytest.raises(ConfigError, match=r"^.*wrong.toml: there is no such file"):
        record_table(file)
    file.write_text("name = 'x'\n")
    with pytest.raises(ConfigError, match=r"wrong.toml: datasets is missing; it must be a table of data sets"):
        record_table(file)
    assert "record" in CliRunner().invoke(command_line.app, ["table", "--help"]).output


def test_what_is_recorded_is_read_as_a_table(recorded: Recording) -> None:
    digits = load_recorded(recorded.file).dataset("digits")
    row = trainings(recorded.file)["b", "3000x1", 0]
    assert digits.mean("b", "3000x1") == row["selection"]["accuracy"]
    hits = digits.hits("b", "3000x1")
    assert hits is not None and hits.mean() == pytest.approx(row["validation"]["accuracy"], abs=1e-5)
    assert (
        digits.training("a-plain", "3000x1").changed["mirror"]
        == trainings(recorded.file)["a-plain", "3000x1", 0]["changed"]["mirror"]
    )
