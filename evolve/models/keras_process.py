"""What is done with trained models, in a process of its own: export, prediction, ensembles."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.errors import DataError, RunError
from evolve.execution.border import from_json
from evolve.jobs import PartsUsed
from evolve.models.classifier import Classifier
from evolve.models.image_input import brightest, image_as_in_training, known_range
from evolve.storage.keras_archive import facts_of
from evolve.storage.model_file import load_model
from evolve.training import litert
from evolve.training.backends import probabilities
from evolve.training.part_images import part_images, sample
from genomes.decode import decode
from genomes.spec import ModelSpec

SAMPLE = 64  # real images that an exported model is tried on
TOLERANCE = 1e-4


def export_model(
    model: str, trust: Sequence[str], format: str, path: str, root: str, parts: Mapping[str, Any]
) -> dict[str, Any]:
    """Writes the model in another format and tries it on images of the part to score, see `PartsUsed`. Raises
    RunError if its class probabilities are not those of the Keras model."""
    loaded = load_model(Path(model), trust)
    images = _sample(root, parts)
    ours = probabilities(loaded, images)
    run = WRITERS[format](loaded, Path(model), Path(path), trust)
    return _compared(run(images), ours)


def export_int8(model: str, trust: Sequence[str], path: str, root: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the model as a LiteRT file of 8 bits, by what it does on images to train on, and scores both on the part
    to score: "accuracy" and "accuracy_int8"; "images": how many; "bytes" of the file."""
    loaded, used = load_model(Path(model), trust), from_json(PartsUsed, parts)
    shown, _ = sample(part_images(root, used, used.train[0]), litert.SEEN)
    content = litert.as_int8(loaded, np.asarray(shown))
    Path(path).write_bytes(content)
    images, labels = part_images(root, used, used.score)
    images, run = np.asarray(images), litert.runner(content)
    right = {
        name: float((said.argmax(axis=1) == labels).mean())
        for name, said in (("accuracy", probabilities(loaded, images)), ("accuracy_int8", run(images)))
    }
    return {**right, "images": len(labels), "bytes": len(content)}


def same_network(
    script: str, blueprint: list[dict[str, Any]], pixels: Mapping[str, Any], root: str, parts: Mapping[str, Any]
) -> dict[str, Any]:
    """Builds the network of an exported script, gives it the weights of ours, and tries both. Raises RunError if they
    are not the same."""
    spec = importlib.util.spec_from_file_location("exported_script", script)
    assert spec is not None
    assert spec.loader is not None
    sys.dont_write_bytecode = True  # nothing but the script lies there
    module = importlib.util.module_from_spec(spec)
    sys.modules["exported_script"] = module
    spec.loader.exec_module(module)
    theirs, ours = module.build_model(), decode(ModelSpec.from_json(blueprint), pixels)
    theirs.set_weights(ours.get_weights())
    images = _sample(root, parts)
    return _compared(probabilities(theirs, images), probabilities(ours, images))


def predict_images(model: str, trust: Sequence[str], images: Sequence[str]) -> list[dict[str, Any]]:
    """For each image its classes, most likely first, its size (height, width) if it was resized, and a remark if its
    pixels had to be brought into the range of the training images. Raises DataError for one that cannot be read, or
    that is of another depth than those."""
    loaded, facts = load_model(Path(model), trust), facts_of(Path(model))
    classifier = Classifier.of(loaded, model)
    size, classes = classifier.size, classifier.classes
    names = facts.get("class_names") or [f"class {number}" for number in range(classes)]
    if len(names) != classes:
        raise DataError(f"model {model}: it has {classes} classes, but {len(names)} names of them; train it again")
    known = known_range(facts)
    paths = [Path(image) for image in images]
    most = brightest(paths, size, classifier.grey) if known[1:] != (0.0, 255.0) else 255.0
    outputs, told = [], []
    for path in paths:  # one by one, as there may be more than fit into memory
        pixels, remark, before = image_as_in_training(path, size, classifier.grey, most, known)
        outputs.append(classifier.outputs(pixels[np.newaxis])[0])
        told.append({"from": before if size not in (None, before) else None, "remark": remark})
    said = []
    for shares, more in zip(classifier.shares(np.array(outputs)), told, strict=True):
        order = np.argsort(-shares, kind="stable")
        said.append({"ranked": [[names[label], float(shares[label])] for label in order], **more})
    return said


def ensemble_accuracy(
    models: Sequence[str], trust: Sequence[str], root: str, parts: Mapping[str, Any]
) -> dict[str, Any]:
    """Accuracy on the test part of each model and of the mean of their probabilities."""
    used = from_json(PartsUsed, parts)
    images, labels = part_images(root, used, used.score)
    every = [probabilities(load_model(Path(model), trust), images) for model in models]
    single = [float((shares.argmax(axis=1) == labels).mean()) for shares in every]
    mean = np.mean(every, axis=0)
    return {"single": single, "together": float((mean.argmax(axis=1) == labels).mean()), "images": len(labels)}


def _sample(root: str, parts: Mapping[str, Any]) -> NDArray[Any]:
    """Some images of the part to score."""
    used = from_json(PartsUsed, parts)
    return np.asarray(sample(part_images(root, used, used.score), SAMPLE)[0])


def _compared(theirs: NDArray[Any], ours: NDArray[Any]) -> dict[str, Any]:
    difference = float(np.abs(theirs - ours).max())
    if not difference <= TOLERANCE:
        raise RunError(f"it does not say what the Keras model says: probabilities differ by up to {difference:g}")
    return {"images": len(ours), "difference": difference}


Run = Callable[[NDArray[Any]], NDArray[Any]]


def _keras(model: Any, source: Path, path: Path, trust: Sequence[str]) -> Run:
    shutil.copyfile(source, path)
    again = load_model(path, trust)
    return lambda images: probabilities(again, images)


def _onnx(model: Any, source: Path, path: Path, trust: Sequence[str]) -> Run:
    import onnxruntime
    from tf2onnx.handler import tf_op

    tf_op("Erfc")(_Erfc)
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: np.asarray(session.run(None, {name: images.astype(np.float32)})[0])


class _Erfc:
    """TensorFlow's complement of the error function, which gelu is made of, as ONNX knows it: 1 - erf(x)."""

    @classmethod
    def version_9(cls, graph: Any, node: Any, **settings: Any) -> None:
        """Replaces the node."""
        shape, dtype = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
        one = graph.make_const(f"{node.name}_one", np.float32(1))
        erf = graph.make_node("Erf", node.input)
        inputs, outputs = [one.output[0], erf.output[0]], node.output
        graph.remove_node(node.name)
        graph.make_node("Sub", inputs, name=node.name, outputs=outputs, shapes=[shape], dtypes=[dtype])


def _litert(model: Any, source: Path, path: Path, trust: Sequence[str]) -> Run:
    content = litert.as_floats(model)
    path.write_bytes(content)
    return litert.runner(content)


WRITERS: dict[str, Callable[[Any, Path, Path, Sequence[str]], Run]] = {
    "keras": _keras,
    "onnx": _onnx,
    "litert": _litert,
}
