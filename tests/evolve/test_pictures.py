"""Image files as people have them: deep ones, in either byte order, of whole numbers and floats."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from evolve.data.pictures import look_at, read_image
from evolve.data.pixels import BYTES, FLOATS, SIXTEEN, THIRTY_TWO
from evolve.data.sources import Source, load
from evolve.data.splits import prepare
from evolve.errors import DataError

DEEP = (np.arange(64).reshape(8, 8) * 1000).astype(np.uint16)
COLOUR = np.stack([DEEP, DEEP[::-1], DEEP.T], axis=-1)


def png(path: Path, pixels: Any, kind: int) -> Path:
    """A PNG of 16 bits; kind: 0 grey, 2 colour, 6 colour with transparency."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    written = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(written))
    return path


def tiff(path: Path, pixels: Any, order: str = "<", zero: int = 1) -> Path:
    """A TIFF that is not compressed. order: "<" or ">", of its bytes. zero: 1 if that is black, 0 if it is white."""
    kinds = {"u": 1, "i": 2, "f": 3}
    channels, bits = pixels[0, 0].size, pixels.dtype.itemsize * 8
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    tags = [
        (256, pixels.shape[1]),
        (257, pixels.shape[0]),
        (258, bits),
        (259, 1),
        (262, 2 if channels == 3 else zero),
        (273, 0),
        (277, channels),
        (278, pixels.shape[0]),
        (279, len(data)),
        (339, kinds[pixels.dtype.kind]),
    ]
    begin = 8 + 2 + 12 * len(tags) + 4
    written = struct.pack(f"{order}H", len(tags))
    lists = b""
    for tag, value in tags:
        several = channels == 3 and tag in (258, 339)
        where = begin + len(lists) if several else begin + 12 * (channels == 3) if tag == 273 else value
        lists += struct.pack(f"{order}3H", *[value] * 3) if several else b""
        short = not several and tag in (258, 259, 262, 277, 339)
        filled = struct.pack(f"{order}HH", where, 0) if short else struct.pack(f"{order}I", where)
        written += struct.pack(f"{order}HHI", tag, 4 if tag in (256, 257, 273, 278, 279) else 3, 3 if several else 1)
        written += filled
    mark = b"II*\0" if order == "<" else b"MM\0*"
    path.write_bytes(mark + struct.pack(f"{order}I", 8) + written + struct.pack(f"{order}I", 0) + lists + data)
    return path


FLOATING = (DEEP / 7 - 1000).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "depth", "pixels"),
    [
        (lambda folder: png(folder / "a.png", DEEP, 0), SIXTEEN, DEEP),
        (lambda folder: png(folder / "a.png", DEEP // 16, 0), SIXTEEN, DEEP // 16),
        (lambda folder: tiff(folder / "a.tif", DEEP, "<"), SIXTEEN, DEEP),
        (lambda folder: tiff(folder / "a.tif", DEEP, ">"), SIXTEEN, DEEP),
        (lambda folder: tiff(folder / "a.tif", DEEP // 16, ">"), SIXTEEN, DEEP // 16),
        (lambda folder: tiff(folder / "a.tif", DEEP.astype(np.int16), "<"), THIRTY_TWO, DEEP.astype(np.int16)),
        (lambda folder: tiff(folder / "a.tif", DEEP.astype(np.int32) - 9, ">"), THIRTY_TWO, DEEP.astype(int) - 9),
        (lambda folder: tiff(folder / "a.tif", DEEP * np.uint32(60000), "<"), THIRTY_TWO, DEEP * np.uint32(60000)),
        (lambda folder: tiff(folder / "a.tif", FLOATING, "<"), FLOATS, FLOATING),
        (lambda folder: tiff(folder / "a.tif", FLOATING, ">"), FLOATS, FLOATING),
    ],
    ids=["png", "png of 12", "tiff", "tiff >", "tiff of 12 >", "i2", "i4 >", "u4", "f4", "f4 >"],
)
def test_deep_images_are_read_as_they_are(make: Any, depth: str, pixels: Any, tmp_path: Path) -> None:
    path = make(tmp_path)
    assert (look_at(path).depth, look_at(path).grey, look_at(path).size) == (depth, True, (8, 8))
    grey = read_image(path, None, grey=True)
    assert (grey.dtype, grey.shape) == (np.float32, (8, 8, 1))
    assert np.array_equal(grey[..., 0], pixels.astype(np.float32))
    assert np.array_equal(read_image(path, None, grey=False)[..., 2], grey[..., 0])
    small = read_image(path, (4, 4), grey=True)
    assert small.shape == (4, 4, 1)
    assert pixels.min() <= small.min() < small.max() <= pixels.max()


@pytest.mark.parametrize(
    ("pixels", "order", "zero", "reason"),
    [
        ((DEEP // 1000).astype(np.int8) - 20, "<", 1, "signed 8-bit numbers, which Pillow misreads"),
        (DEEP, "<", 0, "stored as a negative (0 is white); invert it"),
        (np.where(DEEP == 0, np.nan, FLOATING).astype(np.float32), "<", 1, "it holds numbers that are not finite"),
        (
            FLOATING.astype(np.float64),
            "<",
            1,
            "of no kind that Pillow reads; if it is an image, save it as PNG or, in grey, as 32-bit",
        ),
        (COLOUR.astype(np.float32), ">", 1, "of no kind that Pillow reads"),
        (COLOUR.astype(np.uint32), "<", 1, "of no kind that Pillow reads"),
    ],
    ids=["i1", "white 0", "NaN", "f8", "colour f4", "colour u4"],
)
def test_what_pillow_reads_wrongly_or_not_at_all_is_refused_by_name(
    pixels: Any, order: str, zero: int, reason: str, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(12):
            tiff(tmp_path / name / f"{number}.tif", pixels, order, zero)
    with pytest.raises(DataError) as error:
        load(Source(str(tmp_path)))
    assert "24 images cannot be read; repair or remove" in str(error.value)
    assert f"{Path('a', '0.tif')} ({reason}" in str(error.value)


def of_colours(folder: Path, pixels: Any) -> Path:
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for number in range(12):
            write = number % 3
            if write == 2:
                png(folder / name / f"{number}.png", pixels + number, 2)
            else:
                tiff(folder / name / f"{number}.tif", pixels + number, "<>"[write])
    return folder


def test_deep_colours_are_read_by_their_upper_bits_and_refused_if_nothing_is_there(tmp_path: Path) -> None:
    data = load(Source(str(of_colours(tmp_path / "all", COLOUR))))
    assert (data.images.dtype, data.depth) == (np.uint8, BYTES)
    assert np.array_equal(data.images[0], COLOUR >> 8)
    assert data.remarks[0].startswith("colours of more than 8 bits are read by their upper 8: 24 images, such as ")
    with pytest.raises(DataError, match="which Pillow reads the upper 8, and these use the lower ones; save them with"):
        load(Source(str(of_colours(tmp_path / "lower", COLOUR >> 4))))


def test_deep_colours_are_known_in_jpeg_2000(tmp_path: Path) -> None:
    path = tmp_path / "a.jp2"
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(path)
    assert not look_at(path).cut
    written = bytearray(path.read_bytes())
    place = written.find(b"\xff\x4f\xff\x51") + 42
    assert written[place] == 7, "8 bits"
    written[place] = 15
    path.write_bytes(written)
    assert look_at(path).cut


def test_deep_colours_are_known_in_avif(tmp_path: Path) -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow does not read AVIF")
    path = tmp_path / "a.avif"
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(path)
    assert not look_at(path).cut
    written = bytearray(path.read_bytes())
    written[written.find(b"av1C") + 6] |= 0x40
    channels = written.find(b"pixi") + 9
    assert written[channels : channels + 3] == bytes([8, 8, 8])
    written[channels : channels + 3] = bytes([10, 10, 10])
    path.write_bytes(written)
    assert look_at(path).cut


@pytest.mark.parametrize(("brightest", "cut"), [(255, False), (100, False), (1023, True), (65535, True)])
def test_deep_colours_are_known_in_ppm(brightest: int, cut: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.ppm"
    path.write_bytes(f"P6 4 4 {brightest}\n".encode() + bytes(48 if brightest < 256 else 96))
    assert look_at(path).cut == cut
    path.write_bytes(f"P3 4 4 {brightest}\n".encode() + b"0 " * 48)
    assert look_at(path).cut == cut


@pytest.mark.parametrize("size", [1, 2])
def test_deep_colours_are_known_in_sgi(size: int, tmp_path: Path) -> None:
    path = tmp_path / "a.sgi"
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(path, bpc=size)
    assert look_at(path).cut == (size == 2)


def test_a_folder_of_12_bits_in_16_has_its_own_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(20):
            tiff(tmp_path / name / f"{number}.tif", rng.integers(0, 4096, (8, 8)).astype(np.uint16), "<>"[number % 2])
    data = load(Source(str(tmp_path)))
    assert (data.images.dtype, data.images.shape, data.depth) == (np.float32, (40, 8, 8, 1), SIXTEEN)
    parts = prepare(data, tmp_path / "parts")
    assert parts.low < 10
    assert 4085 < parts.high < 4096
    assert parts.pixels["scale"]["scale"] == pytest.approx(1 / (parts.high - parts.low))


def test_of_files_with_several_pictures_the_first_is_taken_and_it_is_said(tmp_path: Path) -> None:
    for name, first in (("a", 200), ("b", 30)):
        (tmp_path / name).mkdir()
        for number in range(12):
            frames = [Image.new("L", (8, 8), value) for value in (first + number, 90)]
            frames[0].save(tmp_path / name / f"{number}.tif", save_all=True, append_images=frames[1:])
    data = load(Source(str(tmp_path)))
    assert set(data.images[:12, 0, 0, 0]) == set(range(200, 212))
    assert data.remarks[0].startswith("of files with several pictures the first one is taken: 24 images, such as ")
