"""Images that are predicted: found as those of a folder to train on, and brought into the range of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evolve.data.pixels import BYTES
from evolve.errors import DataError
from evolve.models.predict import predict
from evolve.storage.model_file import save_model


def brightness_model(path: Path, high: float, size: tuple[int, int] = (8, 8)) -> Path:
    """A model that tells images whose mean is above the middle of 0 to `high` from darker ones."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.Input((*size, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    )
    model.set_weights([np.array([[-9.0, 9.0]]) / high, np.array([4.5, -4.5])])
    save_model(model, path, {"class_names": ["dark", "bright"], "low": 0.0, "high": high, "depth": BYTES})
    return path


@pytest.mark.slow
def test_predicted_images_are_in_the_range_of_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = brightness_model(tmp_path / "model.keras", high=16.0)
    folder = tmp_path / "images"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "folder.png").mkdir()
    (folder / "photo.heic").write_bytes(b"of a phone")
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    shades = {"very dark": 14, "dark": 60, "bright": 220}
    for place, (name, shade) in zip((folder, tmp_path / "elsewhere", folder), shades.items(), strict=True):
        Image.new("L", (8, 8), shade).save(place / f"{name}.png")
    Image.new("L", (8, 8)).save(folder / ".ipynb_checkpoints" / "dark-checkpoint.png")
    said = {one.image.stem: one for one in predict(model, [folder])}
    assert {name: one.ranked[0][0] for name, one in said.items()} == {name: name.split()[-1] for name in shades}
    assert {one.remark for one in said.values()} == {"scaled from 0-255 to 0-16, the range of the training images"}
    assert "left aside: 1 hidden folder, 1 file that ends in .heic" in capsys.readouterr().out
    alone = predict(model, [folder / "very dark.png"])[0]
    assert alone.ranked[0][0] == "bright"
    assert alone.remark == "taken as 0-16, the range of the training images, as none is brighter than 14"
    Image.fromarray(np.full((8, 8), 4000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(
        DataError, match=r"deep\.png cannot be read: it holds 16 bits a pixel and the model was trained"
    ):
        predict(model, [tmp_path / "deep.png"])


@pytest.mark.slow
def test_a_photo_that_its_camera_held_upright_is_not_said_to_be_resized(tmp_path: Path) -> None:
    model = brightness_model(tmp_path / "model.keras", high=255.0, size=(16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (16, 8), 220).save(tmp_path / "upright.jpg", exif=exif)
    Image.new("L", (16, 8), 220).save(tmp_path / "lying.jpg")
    upright, lying = predict(model, [tmp_path / "upright.jpg", tmp_path / "lying.jpg"])
    assert (upright.resized_from, lying.resized_from) == (None, (8, 16))
