"""Keras is imported without scikit-learn, which is there for everything else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from evolve.execution.builds import backend_name

pytest.importorskip(backend_name())


def test_keras_comes_alone_and_scikit_learn_can_be_imported_behind_it() -> None:
    script = (
        "import sys\n"
        "from evolve.execution.keras_import import import_keras\n"
        "import_keras()\n"
        "print('keras' in sys.modules, any(name.split('.')[0] == 'sklearn' for name in sys.modules))\n"
        "from sklearn.datasets import load_digits\n"
        "print(load_digits().images.shape)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True False", "(1797, 8, 8)"]
