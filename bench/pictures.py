"""Find the JPEG files of a workload: a given folder, or pictures generated once in the user's cache."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image

COUNT = 2_000
# One sample that a workload makes of a picture: three planes of float32, and its number beside them.
CROP = 224
SAMPLE_BYTES = 3 * CROP * CROP * 4 + 8

_PHOTOS = Path(__file__).parents[1] / "assets" / "photos"
_ENDINGS = (".jpg", ".jpeg")
# What most pictures of ImageNet measure.
_SHAPES = ((500, 375), (375, 500), (500, 333), (333, 500), (500, 400))
# Crops are enlarged, which takes away the grain that every photograph has, and with it a third of the entropy
# that makes a JPEG of this size take 100 KB and its decoding take as long as it does.
_GRAIN = 6.0
_QUALITY = (93, 99)
_SEED = 20_260_101
# A generation writes several pictures a second: a part untouched for so long was left by a killed one.
_STALE_S = 600.0

Progress = Callable[[int, int], None]


class PicturesError(ValueError):
    """Say in one sentence why there are no pictures to load, and the way out."""


def folder(images: str = "", on_progress: Progress | None = None) -> Path:
    """Return the folder of pictures to load, generating it first when `images` is empty and none is there yet.

    on_progress: called with the pictures generated so far and their number; never when there is nothing to do.
    Raises PicturesError, a ValueError, when the folder is missing, unreadable or without JPEG files, or when
    the generated pictures cannot be written.
    """
    if not images:
        return generated(platformdirs.user_cache_path("dataloader-lab") / "pictures", on_progress)
    try:
        path = Path(images).expanduser().absolute()
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise PicturesError(f"images must be a folder, {images[:80]!r} cannot be one ({error}): give another") from None
    if not exists:
        raise PicturesError(f"images must be a folder, {images!r} does not exist: give another, or none at all")
    if not path.is_dir():
        raise PicturesError(f"images must be a folder, {images!r} is not one: give the folder that holds the pictures")
    if next(_jpegs(str(path)), None) is None:
        raise PicturesError(f"images must hold JPEG files, {images!r} has no .jpg or .jpeg in it: give another folder")
    return path


def list_pictures(path: Path | str) -> list[str]:
    """Return the JPEG files in a folder and the folders below it, sorted, so that every process sees one order.

    Links to folders are not followed. Raises PicturesError for a folder that may not be read.
    """
    return sorted(_jpegs(str(path)))


def _jpegs(path: str) -> Iterator[str]:
    folders = [path]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    # A pipe or a device of that name would be waited on for ever.
                    elif entry.name.lower().endswith(_ENDINGS) and entry.is_file():
                        yield entry.path
    except OSError as error:
        raise PicturesError(
            f"images must be readable, {error.filename!r} is not ({error.strerror}): "
            "give another folder, or make this one readable",
        ) from None


def generated(path: Path, on_progress: Progress | None = None, count: int = COUNT) -> Path:
    """Return `path` with `count` generated pictures of about 100 KB in it, making them when they are not there.

    They are crops of two photographs, the same on every machine. They are written beside `path` and moved there
    when all are whole, so a killed generation leaves nothing that is taken for whole. Raises PicturesError.
    """
    part = None
    try:
        if path.is_dir() and len(list_pictures(path)) >= count:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        part = Path(tempfile.mkdtemp(prefix=f"{path.name}-", suffix=".part", dir=path.parent))
        for done, picture in enumerate(_pictures(count)):
            picture.save(part / f"{done:05}.jpg", quality=picture.info["quality"])
            if on_progress is not None:
                on_progress(done + 1, count)
        _move(part, path, count)
    except OSError as error:
        raise PicturesError(
            f"the pictures (200 MB) could not be written to {str(path.parent)!r} ({error.strerror or error}): "
            "make room there and see that you may write there, or give a folder of JPEG files instead",
        ) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return path


def _move(part: Path, path: Path, count: int) -> None:
    try:
        part.rename(path)
    except OSError:
        # Another process was faster, or somebody took pictures out of the folder: then ours replace the rest.
        if len(list_pictures(path)) < count:
            shutil.rmtree(path)
            part.rename(path)


def _remove_stale(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}-*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE_S:
                shutil.rmtree(part)


def _pictures(count: int) -> Iterator[Image.Image]:
    """Yield crops, flips and rescalings of the two photographs, with the grain that enlarging took away."""
    random = np.random.default_rng(_SEED)
    photos = [Image.open(name).convert("RGB") for name in sorted(_PHOTOS.glob("*.jpg"))]
    grain = np.rint(random.normal(0.0, _GRAIN, (1_000, 1_000))).astype(np.int16)
    for number in range(count):
        picture = _crop(photos[number % len(photos)], random)
        picture = Image.fromarray(_with_grain(np.asarray(picture), grain, random))
        picture.info["quality"] = int(random.integers(*_QUALITY))
        yield picture


def _crop(photo: Image.Image, random: np.random.Generator) -> Image.Image:
    width, height = _SHAPES[random.integers(len(_SHAPES))]
    scale = random.uniform(0.5, 1.0) * min(photo.width / width, photo.height / height)
    left = random.uniform(0.0, photo.width - scale * width)
    top = random.uniform(0.0, photo.height - scale * height)
    box = (left, top, left + scale * width, top + scale * height)
    picture = photo.resize((width, height), Image.Resampling.BICUBIC, box=box)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.integers(2) else picture


def _with_grain(pixels: Any, grain: Any, random: np.random.Generator) -> Any:
    height, width, _ = pixels.shape
    top, left = random.integers(len(grain) - height), random.integers(len(grain) - width)
    grained = pixels.astype(np.int16) + grain[top : top + height, left : left + width, None]
    return grained.clip(0, 255).astype(np.uint8)
