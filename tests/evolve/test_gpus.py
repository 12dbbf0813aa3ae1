"""GPUs: which may be used, and how workers share them. What trains on one is `benchmarks/gpu_check.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import command, stops

from evolve.errors import ConfigError
from evolve.execution import builds, gpus, machine
from evolve.execution.gpus import Gpu, Sharing, sharing, visible_gpus

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


def test_gpus_are_shared_equally_unless_a_share_is_given() -> None:
    assert sharing([LARGE], 3, None, 8) == Sharing(3, 1 / 3)
    assert sharing([LARGE, LARGE], 3, None, 8) == Sharing(3, 1 / 2)
    assert sharing([LARGE], None, 0.25, 8) == Sharing(4, 0.25)
    assert sharing([LARGE], None, 0.25, 2) == Sharing(2, 0.25)
    assert sharing([LARGE], 1, 0.25, 8) == Sharing(1, 0.25)
    usual = sharing([LARGE, LARGE], None, None, 100)
    assert usual == Sharing(2 * gpus.USUAL_WORKERS, 1 / gpus.USUAL_WORKERS)
    assert sharing([Gpu("a", "small", 4 * 2**30, 7.0)], None, None, 8) == Sharing(1, 1.0)


@pytest.mark.parametrize(
    ("workers", "share", "said"),
    [
        (4, 0.5, "room for 4 workers on 1 GPUs, and 0.5 has room for 2; use workers = 2, or gpu_share = 0.25"),
        (None, 0.01, "one worker, which needs 1 GiB, and 0.01 of 80 GiB is 0.8 GiB"),
        (100, None, "and 0.01 of 80 GiB is 0.8 GiB; use fewer workers, or a larger gpu_share"),
    ],
)
def test_a_share_that_cannot_hold_its_workers_is_refused(workers: int | None, share: float | None, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        sharing([LARGE], workers, share, 8)
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
        monkeypatch.setattr(machine, "installed", lambda: {"torch": "2.11.0+cu130", "jax": "0.11.2"})
        for backend, used in (("torch", True), ("jax", False)):
            monkeypatch.setenv("KERAS_BACKEND", backend)
            assert machine.uses_gpu(None) is used
            assert not machine.uses_gpu("cpu")
        with pytest.raises(ConfigError, match=r"cannot use GPUs; install one that can \(pip install 'jax"):
            machine.uses_gpu("gpu")
    finally:
        gpus.gpus.cache_clear()


def test_a_gpu_that_is_asked_for_and_not_there_is_refused(tmp_path: Path) -> None:
    hidden = command("run", "--device", "gpu", cwd=tmp_path, CUDA_VISIBLE_DEVICES="")
    stops(hidden, "no NVIDIA GPU is visible", "CUDA_VISIBLE_DEVICES is ''")
    assert not (tmp_path / "results").exists()


@pytest.mark.skipif(
    builds.BUILDS[builds.backend_name()].for_gpus(builds.installed()), reason="the installed build can use GPUs"
)
def test_a_build_that_cannot_use_the_gpu_is_named(tmp_path: Path, driver: Path) -> None:
    asked = command("run", "--device", "gpu", cwd=tmp_path, PATH=f"{driver}:/usr/bin:/bin")
    stops(asked, "cannot use GPUs", "pip install")
