"""One image file: what Pillow makes of it, and its pixels.

Pillow reads colour of more than 8 bits by its upper 8, and some whole numbers with a sign as if they had none: the
former is told, the latter is put right or refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.pixels import BYTES, FLOATS, SIXTEEN, THIRTY_TWO

# Formats that are no single picture, or that Pillow recognises and cannot read by itself.
NOT_READ = {"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF"}
GREY = ("L", "1", "I", "LA", "La", "F")
DEPTHS = {"I": THIRTY_TWO, "F": FLOATS}
BITS, PHOTOMETRIC, ORIENTATION, SAMPLE_FORMAT = 258, 262, 274, 339  # tags of TIFF
LYING = 5  # orientations from here on have height and width the other way round
UNSIGNED, SIGNED = 1, 2
J2K_START = b"\xff\x4f\xff\x51"  # of a JPEG 2000 stream; the bits of its first channel stand 42 bytes on
AVIF_START, AVIF_DEEP = b"av1C", 0x40  # of an AVIF's settings; the third byte says whether it has more than 8 bits
HEAD = 4096  # bytes in which these are looked for


@dataclass(frozen=True)
class Look:
    """What a file holds, by its head. depth: one of `pixels.DEPTHS`. cut: whether there were more bits than Pillow
    gives. several: whether it has more than one picture, of which the first is taken. size: (height, width), turned as
    its camera was held."""

    depth: str
    grey: bool
    cut: bool
    several: bool
    size: tuple[int, int]


@cache
def endings() -> frozenset[str]:
    """Of the files that Pillow reads here, with their dots and in small letters."""
    from PIL import Image

    Image.init()
    kinds = Image.registered_extensions().items()
    return frozenset(ending for ending, kind in kinds if kind in Image.OPEN and kind not in NOT_READ)


def look_at(path: Path) -> Look:
    """What an image file holds. Raises OSError or ValueError for a file that is none."""
    from PIL import Image

    with Image.open(path) as picture:
        depth = _depth(picture)
        grey = depth != BYTES or picture.mode in GREY
        cut, several = depth == BYTES and _bits(picture, path) > 8, bool(getattr(picture, "is_animated", False))
        return Look(depth, grey, cut, several, _size(picture))


def read_image(path: Path, size: tuple[int, int] | None, grey: bool) -> NDArray[Any]:
    """One image as (height, width, 1 or 3): bytes, or 32-bit floats if it is deeper than 8 bits, as they stand there.
    Turned as its camera held it, cut to its middle and resized to `size` (height, width) if given. Raises OSError or
    ValueError if it cannot be read."""
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        _check_signs(opened)
        deep = _depth(opened) != BYTES
        picture = ImageOps.exif_transpose(opened)
        numbers = _numbers(opened, picture) if deep else None
        picture = _flat(picture).convert("L" if grey else "RGB") if numbers is None else Image.fromarray(numbers)
        low, high = picture.getextrema() if deep else (0, 0)
        if size and picture.size != (size[1], size[0]):
            picture = ImageOps.fit(picture, (size[1], size[0]), Image.Resampling.LANCZOS)
        pixels = np.asarray(picture)
    if deep:  # resizing may go beyond what there was
        pixels = np.repeat(np.clip(pixels, low, high)[..., np.newaxis], 1 if grey else 3, axis=2)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """The file of a picture: (height, width) for a grey one, (height, width, 3) for one in colour."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(pixels).save(file, "png", optimize=True)
    return file.getvalue()


def reason(error: Exception) -> str:
    """Why an image cannot be read, in few words."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "of no kind that Pillow reads; if it is an image, save it as PNG or, in grey, as 32-bit TIFF"
    return " ".join(str(error).split())[:120]


def _depth(picture: Any) -> str:
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PPM", "PNG")):
        return SIXTEEN
    return DEPTHS.get(picture.mode, BYTES)


def _size(picture: Any) -> tuple[int, int]:
    """Height and width as its camera was held. Pillow turns a TIFF by itself."""
    width, height = picture.size
    lying = "exif" in picture.info and picture.getexif().get(ORIENTATION, 1) >= LYING
    return (width, height) if lying else (height, width)


def _bits(picture: Any, path: Path) -> int:
    """Of a channel, as the file has them."""
    if picture.format == "TIFF":
        return int(max(picture.tag_v2.get(BITS, (8,))))
    if picture.format == "PNG":
        return 16 if any(";16" in str(tile[3]) for tile in picture.tile) else 8
    if picture.format == "PPM":
        settings = picture.tile[0][3]
        return 16 if isinstance(settings, tuple) and settings[1] > 255 else 8
    if picture.format == "SGI":
        return 16 if picture.tile[0][0] == "SGI16" or ";16" in str(picture.tile[0][3]) else 8
    if picture.format == "JPEG2000":
        said = _byte_after(path, J2K_START, 42)
        return 8 if said is None else (said & 0x7F) + 1
    if picture.format == "AVIF":
        return 16 if (_byte_after(path, AVIF_START, len(AVIF_START) + 2) or 0) & AVIF_DEEP else 8
    return 8


def _byte_after(path: Path, mark: bytes, distance: int) -> int | None:
    """The byte so far from where a mark begins in the head of a file; None if there is none."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    start = head.find(mark)
    return head[start + distance] if 0 <= start < len(head) - distance else None


def _check_signs(picture: Any) -> None:
    """Raises ValueError for numbers that Pillow gives as others than they are."""
    if picture.format != "TIFF":
        return
    signed = SIGNED in picture.tag_v2.get(SAMPLE_FORMAT, ())
    if signed and _depth(picture) == BYTES:
        raise ValueError("signed 8-bit numbers, which Pillow misreads; save it as 16-bit TIFF")
    if picture.tag_v2.get(PHOTOMETRIC) == 0 and _depth(picture) != BYTES:
        raise ValueError("stored as a negative (0 is white); invert it and save it again")


def _numbers(opened: Any, picture: Any) -> NDArray[np.float32]:
    """The values of a deep picture. Raises ValueError if they are not finite."""
    values = np.asarray(picture)
    unsigned = opened.format == "TIFF" and opened.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,))[0] == UNSIGNED
    if opened.mode == "I" and unsigned:
        values = values.view(np.uint32)
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it holds numbers that are not finite")
    return values


def _flat(picture: Any) -> Any:
    """A picture of bytes on white where it is transparent."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA"))
    return picture
