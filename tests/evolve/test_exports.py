"""What is exported takes its place when it was checked, for every kind of layer, and stands alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from evolve.config import RunConfig
from evolve.data.splits import Parts
from evolve.errors import RunError
from evolve.models.custom_sources import custom_sources
from evolve.models.export import _draft
from evolve.models.script import _settings
from evolve.problems.images import ImageProblem
from genomes.recipe import DEFAULT


def test_a_draft_takes_its_place_with_what_belongs_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "away" / "net.py"
    with _draft(target) as draft:
        draft.write_text("new")
        draft.with_name("net-data.npz").write_text("new data")
        assert not target.exists()
    assert {path.name: path.read_text() for path in target.parent.iterdir()} == {
        "net.py": "new",
        "net-data.npz": "new data",
    }


@pytest.mark.parametrize("error", [RunError("no"), OSError("no room"), KeyboardInterrupt()], ids=repr)
def test_an_export_that_fails_leaves_older_files_as_they_were(error: BaseException, tmp_path: Path) -> None:
    for name in ("net.py", "net-data.npz"):
        (tmp_path / name).write_text("older")
    with pytest.raises(type(error)) as raised, _draft(tmp_path / "net.py") as draft:
        draft.write_text("new")
        draft.with_name("net-data.npz").write_text("new data")
        raise error
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "net.py": "older",
        "net-data.npz": "older",
    }
    if isinstance(error, RunError):
        assert str(raised.value).endswith("is not written: no; the older file of that name is as it was")


def test_a_script_has_a_seed_that_keras_takes_and_names_that_can_be_printed() -> None:
    sizes = {"train": 8, "validation": 2, "selection": 2, "test": 2}
    parts = Parts("pictures", "", "", "0" * 64, (8, 8, 1), ("caf\udce9", "tea \x1b[1m"), sizes, 0.0, 255.0, {})
    problem = ImageProblem(RunConfig.checked({"seed": 2**70 + 5}), parts, False, {})
    told: dict[str, object] = {}
    exec(_settings(problem, replace(DEFAULT).to_json(), 1, 0), told)
    assert told["CLASSES"] == ["caf\\udce9", "tea \\x1b[1m"]
    assert told["SEED"] == 5


def test_modules_that_import_others_of_ones_own_are_imported_from_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "helpers.py").write_text("ONE = 1\n")
    for module in ("__init__", "related", "plain"):
        (tmp_path / "mine" / f"{module}.py").touch()
    known = {
        "mine.related.A": "from . import plain\nimport keras\n",
        "plainly.B": "import os\nimport numpy as np\nclass B: ...\n",
        "absolute.C": "def later():\n    import helpers\n",
        "keras.layers.D": "",
    }
    (tmp_path / "absolute.py").touch()
    text = custom_sources(list(known), known)
    assert text.count("sys.path.append") == 1
    assert f'sys.path.append("{tmp_path}")' in text
    for line in ("from mine.related import A", "from absolute import C", "from keras.layers import D", "class B: ..."):
        assert line in text.splitlines()
    assert "helpers" not in text


def test_what_a_module_does_when_it_is_run_itself_is_left_out_of_a_script() -> None:
    source = (
        '"""A layer."""\nfrom __future__ import (\n    annotations,\n)\nimport os\n\n\nclass B: ...\n\n\n'
        'if __name__ == "__main__":\n    print(B())\n    os.abort()\n'
    )
    text = custom_sources(["plainly.B"], {"plainly.B": source})
    compile("import keras\n" + text, "script", "exec")
    assert "class B" in text
    assert "annotations" not in text
    assert "abort" not in text


ALL_KINDS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import sys
import warnings
from pathlib import Path
import numpy as np
from evolve.config import RunConfig
from evolve.models.keras_process import WRITERS, _compared
from evolve.problems.spaces import image_space
from evolve.training.backends import probabilities
from genomes.decode import decode
from genomes.gene_bounds import FUNCTION
from genomes.primitives import PRIMITIVES

warnings.simplefilter("ignore")
blocks = ("residual 4 3 stride=2", "residual 4 3", "dense_block 2 4", "inception 4")
body = [f"{block} function={function}" for function in FUNCTION.all for block in blocks[1:]]
body += ["conv 4 3 stride=2", "conv 4 3 dilation=2", "conv 4 3 padding=valid", "separable 4 3 stride=2 padding=valid"]
body += ["maxpool 3 stride=1 padding=same", "avgpool 2 stride=1 padding=same", "maxpool 3 stride=2"]
body += ["depthwise 3", "maxpool 2", "avgpool 2", "batchnorm", "layernorm", "prelu", "leaky_relu 0.1", blocks[0]]
body = ["whiten 2", *body, "scale 0.5", "batchnorm gain=False", "conv 4 3 bias=False", "pad 1 0 0 2"]
body += ["squeeze_excite 2", "dropout 0.1", "spatial_dropout 0.1", "gaussian_noise 0.1"]
head = ["dense 8", *FUNCTION.all, "leaky_relu 0.2", "prelu", "batchnorm", "layernorm", "dropout 0.1"]
lines = [", ".join([*body, "flatten", *head]), "conv 4 3, global_average", "conv 4 3, global_max"]
graphs = (  # sums and concatenations of maps of other sizes and widths, repeated, with overlapping pooling
    "2 times pooling=2 growth=1.5: a: conv 4 3 stride=2 < image, b: maxpool 3 < image, c: conv 6 3 < a + b, "
    "d: conv 4 3 < c & image, out < c + d | global_average, dense 8, relu | adam 0.01, batch 32",
    "a: conv 4 3 < image, b: depthwise 3 < a, c: separable 8 3 stride=2 < a & b, out < a & c "
    "| flatten | adam 0.01, batch 32",
)
configs = [RunConfig.checked({"max_layers": 99, "max_work": 10**9, "encoding": name}) for name in ("stack", "graph")]
spaces = {config.encoding: image_space(config, (48, 48, 3), 4) for config in configs}
images = np.random.default_rng(0).integers(0, 255, (8, 48, 48, 3)).astype("float32")
seen = set()
for line in (*lines, *graphs):
    space = spaces["graph" if "<" in line else "stack"]
    spec = space.blueprint(space.parse(line))
    seen.update(node.op for node in spec.nodes)
    model = decode(spec)
    ours = probabilities(model, images)
    for format, ending in (("onnx", ".onnx"), ("litert", ".tflite")):
        run = WRITERS[format](model, Path(), Path(f"net{ending}"), ())
        _compared(run(images), ours)
assert seen >= set(PRIMITIVES) - {"own"}, set(PRIMITIVES) - seen
print("fine")
"""


@pytest.mark.slow  # one with branches and gelu is in tests/evolve/test_models.py
def test_every_kind_of_layer_and_every_function_of_blocks_can_be_exported(tmp_path: Path) -> None:
    if any(find_spec(name) is None for name in ("tensorflow", "onnx", "onnxruntime", "tf2onnx")):
        pytest.skip("the extra 'onnx' and TensorFlow's converters")
    done = subprocess.run([sys.executable, "-c", ALL_KINDS], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "fine\n"
