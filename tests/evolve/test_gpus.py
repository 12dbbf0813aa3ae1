"""GPUs: which may be used, and how workers share them. What trains on one is `benchmarks/gpu_check.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import command, stops

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.execution import builds, gpus, machine
from evolve.execution.gpus import Gpu, visible_gpus
from evolve.problems import devices
from evolve.problems.devices import Sharing, gpu_sharing

ROWS = [
    ("0", "GPU-aaaa", "NVIDIA H100 80GB HBM3", "81559", "9.0"),
    ("1", "GPU-abbb", "Quadro, with a comma", "8192", "7.5"),
    ("2", "GPU-cccc", "unknown", "[N/A]", "[N/A]"),
]
LARGE = Gpu("GPU-aaaa", "any", 80 * 2**30, 9.0)


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, "aaaa abbb cccc"),
        ("", ""),
        ("-1", ""),
        ("2,0", "cccc aaaa"),
        ("0,-1,2", "aaaa"),
        ("GPU-ab", "abbb"),
        ("GPU-a", ""),  # two of them begin so
        ("7", ""),
    ],
)
def test_cuda_visible_devices_is_respected(visible: str | None, found: str) -> None:
    assert [gpu.id.removeprefix("GPU-") for gpu in visible_gpus(ROWS, visible)] == found.split()


def test_what_the_driver_does_not_know_is_zero() -> None:
    assert visible_gpus(ROWS, "2") == (Gpu("GPU-cccc", "unknown", 0, 0.0),)
    assert visible_gpus(ROWS, "MIG-abc,2")[0] == Gpu("MIG-abc", "a part of a GPU", 0, 0.0)


def shared(found: list[Gpu], **settings: Any) -> Sharing:
    return gpu_sharing(RunConfig.checked({"look_ahead": 100, **settings}), found)


def test_gpus_are_shared_equally_unless_a_share_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "usable_cores", lambda: 8)
    assert shared([LARGE], workers=3) == Sharing(3, 1 / 3)
    assert shared([LARGE, LARGE], workers=3) == Sharing(3, 1 / 2)
    assert shared([LARGE], gpu_share=0.25) == Sharing(4, 0.25)
    assert shared([LARGE], gpu_share=0.25, look_ahead=2) == Sharing(2, 0.25)
    assert shared([LARGE], workers=1, gpu_share=0.25) == Sharing(1, 0.25)
    assert shared([LARGE, LARGE]) == Sharing(2 * devices.USUAL_WORKERS, 1 / devices.USUAL_WORKERS)
    assert shared([Gpu("a", "small", 4 * 2**30, 7.0)]) == Sharing(1, 1.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"workers": 4, "gpu_share": 0.5},
            "gpu_share = 0.5 has room for 2 workers on the GPUs that are here, not for 4; use workers = 2, or "
            "gpu_share = 0.25",
        ),
        ({"workers": 7, "gpu_share": 0.5}, "or gpu_share = 0.142"),  # 0.143 would have room for six
        ({"gpu_share": 0.01}, "a worker needs 1 GiB of a GPU, and a share of 0.01 of 80 GiB is 0.8 GiB"),
        ({"workers": 100}, "is 0.8 GiB; lower workers, or raise gpu_share"),
    ],
)
def test_a_share_that_cannot_hold_its_workers_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        shared([LARGE], **settings)
    assert said in str(refused.value)


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """A folder with a program that answers as NVIDIA's does."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho '0, GPU-aaaa, NVIDIA A100, 40960, 8.0'\n")
    tool.chmod(0o755)
    return tool.parent


def test_gpus_are_those_that_the_driver_lists(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(driver))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpus.gpus.cache_clear()
    try:
        assert gpus.gpus() == (Gpu("GPU-aaaa", "NVIDIA A100", 40 * 2**30, 8.0),)
        monkeypatch.setattr(machine, "installed_versions", lambda: {"torch": "2.11.0+cu130", "jax": "0.11.2"})
        for backend, used in (("torch", True), ("jax", False)):
            monkeypatch.setenv("KERAS_BACKEND", backend)
            assert (machine.gpu_missing() is None) is used
        assert "cannot use one (one that can: pip install 'jax" in str(machine.gpu_missing())
    finally:
        gpus.gpus.cache_clear()


def test_a_gpu_that_is_asked_for_and_not_there_is_refused(tmp_path: Path) -> None:
    hidden = command("run", "--device", "gpu", cwd=tmp_path, CUDA_VISIBLE_DEVICES="")
    stops(
        hidden,
        "--device gpu needs a GPU, and no NVIDIA GPU is visible here: CUDA_VISIBLE_DEVICES is ''",
        "--device cpu",
    )
    assert not (tmp_path / "results").exists()


@pytest.mark.skipif(
    builds.BUILDS[builds.backend_name()].for_gpus(builds.installed_versions()),
    reason="the installed build can use GPUs",
)
def test_a_build_that_cannot_use_the_gpu_is_named(tmp_path: Path, driver: Path) -> None:
    asked = command("run", "--device", "gpu", cwd=tmp_path, PATH=f"{driver}:/usr/bin:/bin")
    stops(asked, "--device gpu needs a GPU", "cannot use one (one that can: pip install")
