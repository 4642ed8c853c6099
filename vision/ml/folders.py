"""Folders of pictures, one for each class: read, prepared, and joined where they look the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.ml.duplicates import fingerprint, groups, pairs
from vision.ml.examples import Examples
from vision.ml.pictures import Unreadable, opened
from vision.ml.serving import prepared

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
USUAL = 64
"""Pixels a side that are enough for categories within minutes of a processor."""
MOST_COMPARED = 20_000
"""Pictures up to which all are compared with all; beyond, only equal files are the same."""


@dataclass(frozen=True)
class Picture:
    """A file and the class whose folder it lies in."""

    path: Path
    label: str


def listed(folder: Path) -> list[Picture]:
    """In order of class and name. Hidden files and other endings are passed over. Raises NotADirectoryError."""
    if not folder.is_dir():
        raise NotADirectoryError(20, "is not a folder", str(folder))
    return [
        Picture(path, own.name)
        for own in sorted(folder.iterdir())
        if own.is_dir() and not own.name.startswith(".")
        for path in sorted(own.rglob("*"))
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith(".")
    ]


@dataclass(frozen=True)
class Read:
    """`examples` of `kept` pictures in their order; `unreadable` ones are in neither. `short_side`: the middle one."""

    examples: Examples
    kept: list[Picture]
    unreadable: list[Picture]
    short_side: int


def read(found: Sequence[Picture], classes: Sequence[str], size: int | None = None) -> Read:
    """Decode each file once. Clusters are pictures that look the same, mirrored, too. Without `size` it follows
    from the pictures: 64 pixels, or their own short side in fours where they are smaller."""
    place = {name: at for at, name in enumerate(classes)}
    if size is None:
        size = usual_size(found)
    kept: list[Picture] = []
    unreadable: list[Picture] = []
    sides, digests = [], []
    pictures = np.empty((len(found), size, size, 3), np.uint8)
    hashes, looks, flat = np.zeros(len(found), np.uint64), np.zeros((len(found), 12, 12, 3), np.uint8), []
    is_compared = len(found) <= MOST_COMPARED
    for one in found:
        try:
            data = one.path.read_bytes()
            shown = opened(data)
        except (OSError, Unreadable):
            unreadable.append(one)
            continue
        at = len(kept)
        pictures[at] = prepared(shown, size)
        if is_compared:
            print_ = fingerprint(shown)
            hashes[at], looks[at] = print_.hash, print_.look
            flat.append(print_.is_flat)
        kept.append(one)
        sides.append(min(shown.width, shown.height))
        digests.append(hashlib.sha256(data).hexdigest())
    count = len(kept)
    clusters = _clusters(hashes[:count], looks[:count], flat, digests)
    category = np.array([place.get(one.label, -1) for one in kept], np.int32)
    examples = Examples(pictures[:count], category, {}, clusters)
    return Read(examples, kept, unreadable, int(np.median(sides)) if sides else 0)


def usual_size(found: Sequence[Picture]) -> int:
    """Pixels a side for these pictures, from some of them."""
    sides = []
    for one in found[:: max(1, len(found) // 50)]:
        try:
            shown = opened(one.path.read_bytes())
        except (OSError, Unreadable):
            continue
        sides.append(min(shown.width, shown.height))
    return max(16, min(USUAL, 4 * (int(np.median(sides)) // 4))) if sides else USUAL


def _clusters(
    hashes: NDArray[np.uint64], looks: NDArray[np.uint8], flat: list[bool], digests: list[str]
) -> NDArray[np.int64]:
    """The smallest number of a picture that looks the same, for each."""
    first: dict[str, int] = {}
    joined = [(first.setdefault(digest, at), at) for at, digest in enumerate(digests)]
    joined = [(one, other) for one, other in joined if one != other]
    if flat:
        able = np.flatnonzero(~np.array(flat))
        joined += [(int(able[pair.one]), int(able[pair.other])) for pair in pairs(hashes[able], looks[able])]
    clusters = np.arange(len(digests), dtype=np.int64)
    for members in groups(len(digests), joined):
        clusters[members] = min(members)
    return clusters
