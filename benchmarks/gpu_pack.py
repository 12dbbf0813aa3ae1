"""What `gpu_check.py` needs on a machine with a GPU and without a network: wheels, scripts and images."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKED = ("gpu_check.py", "backend_arm.py", "worker_arm.py")
# What comes with JAX and PyTorch, or is too large to carry.
THERE = {"numpy", "scipy", "scikit-learn", "h5py", "ml-dtypes", "pillow", "psutil", "joblib", "threadpoolctl"}
PLATFORMS = [f"manylinux_2_{n}_x86_64" for n in (39, 35, 34, 31, 28, 27, 24, 17, 12, 5)] + ["manylinux2014_x86_64"]
TRAINED, TESTED = 12_500, 2_500  # images that are packed


def pack(folder: Path, data: Path, python: str) -> None:
    """Makes the folder: wheels of this project and of what it needs, the scripts, and 15,000 images."""
    import numpy as np

    wheels = folder / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    wheels.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", wheels, ROOT], check=True)
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    how = ["--no-deps", "--only-binary=:all:", "--python-version", python, "--implementation", "cp", *platforms]
    names = [f"{name}=={version}" for name, version in sorted(needed("evolve-convnets").items())]
    subprocess.run([*pip, "download", *how, "-d", wheels, *names], check=True)
    (folder / "benchmarks").mkdir()
    for name in PACKED:
        shutil.copy(HERE / name, folder / "benchmarks")
    with np.load(data) as all_of_it:
        part = {name: all_of_it[name][:TRAINED] for name in ("x_train", "y_train")}
        part |= {name: all_of_it[name][:TESTED] for name in ("x_test", "y_test")}
        np.savez_compressed(folder / "cifar15k.npz", **part, classes=all_of_it["classes"])
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(
        f"{folder}: {size / 1e6:.1f} MB in {len(list(wheels.iterdir()))} wheels, {len(PACKED)} scripts and the images"
    )


def needed(package: str) -> dict[str, str]:
    """Versions of all that a package needs here, itself and what is `THERE` left out."""
    from importlib.metadata import requires, version

    from packaging.requirements import Requirement

    found: dict[str, str] = {}
    waiting = [package]
    while waiting:
        for text in requires(waiting.pop()) or []:
            one = Requirement(text)
            name = one.name.lower().replace("_", "-")
            wanted = one.marker is None or one.marker.evaluate({"extra": ""})
            if wanted and name not in found and name not in THERE:
                found[name] = version(one.name)
                waiting.append(one.name)
    return found
