"""Keras's backends as they are installed, found out without importing one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions

from evolve.execution.keras_settings import settings_of_user


@cache
def installed_versions() -> Mapping[str, str]:
    """Versions of the installed packages, by their names in small letters, with dashes."""
    names = {one.metadata["Name"]: one.version for one in distributions()}
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in names.items() if name}


def backend_name() -> str:
    """What KERAS_BACKEND says, or the user's `keras.json`, or TensorFlow: the one that Keras itself takes."""
    return os.environ.get("KERAS_BACKEND") or str(settings_of_user().get("backend", "tensorflow"))


@dataclass(frozen=True)
class Build:
    """What is known of a backend without importing it.

    packages: that bring it. for_gpus: whether the build that is installed can use GPUs. extra_for_gpus: what to install
    for that. fast_bfloat16: whether it uses a processor's unit for such numbers.
    """

    packages: tuple[str, ...]
    for_gpus: Callable[[Mapping[str, str]], bool]
    extra_for_gpus: str
    fast_bfloat16: bool = False


BUILDS = {
    "tensorflow": Build(
        packages=("tensorflow", "tensorflow-cpu"),
        for_gpus=lambda versions: "tensorflow-cpu" not in versions,
        extra_for_gpus="pip install -e '.[gpu]'",
        fast_bfloat16=True,
    ),
    "jax": Build(
        packages=("jax",),
        for_gpus=lambda versions: any(name.startswith("jax-cuda") for name in versions),
        extra_for_gpus="pip install 'jax[cuda13]'",
    ),
    "torch": Build(
        packages=("torch",),
        for_gpus=lambda versions: "+cpu" not in versions.get("torch", "+cpu"),
        extra_for_gpus="pip install torch from PyPI, which is built for GPUs",
    ),
}


def backend() -> str:
    """Name and version of the Keras backend that workers will use."""
    name, versions = backend_name(), installed_versions()
    for package in BUILDS[name].packages if name in BUILDS else (name,):
        if package in versions:
            return f"{name} {versions[package]}, keras {versions.get('keras', 'not installed')}"
    return f"{name}, not installed"
