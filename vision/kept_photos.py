"""The photos of a training that may be cut off: written down once, so that the next start goes on with the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from vision.datasets import ShopPhotos, Told
from vision.ml.examples import Classes, Examples, Group
from vision.prepared import Stored, prepare

COLUMNS, WORDS = "photos.npz", "photos.json"


def keep(photos: ShopPhotos, folder: Path) -> None:
    """Columns first: the words are there only when all is."""
    examples, told = photos.examples, photos.told
    groups: dict[str, Any] = {f"group_{at}": examples.groups[group.key] for at, group in enumerate(told.groups)}
    np.savez(
        folder / COLUMNS, ids=photos.ids, decided=photos.decided, tested=photos.tested, category=examples.category,
        clusters=examples.clusters, **groups,
    )  # fmt: skip
    said = {
        "classes": told.classes, "parents": dict(told.parents), "manifest": photos.manifest, "size": examples.size,
        "groups": [[group.key, group.labels, group.is_multiple] for group in told.groups],
        "stored": [[one.name, one.content_sha256] for one in photos.stored],
    }  # fmt: skip
    aside = folder / f"{WORDS}.new"
    aside.write_text(json.dumps(said), "utf-8")
    aside.replace(folder / WORDS)


def kept(folder: Path, size: int, *, told: Told = lambda done, total: None) -> ShopPhotos | None:
    """What was kept; None where nothing was, or for networks of another size, or when a picture is gone since."""
    try:
        said = json.loads((folder / WORDS).read_text("utf-8"))
        with np.load(folder / COLUMNS, allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
        if said["size"] != size:
            return None
        stored = tuple(Stored(*one) for one in said["stored"])
        pixels, rows = prepare(stored, size, told=told)
        if (rows < 0).any():
            return None
        groups = tuple(Group(key, tuple(labels), several) for key, labels, several in said["groups"])
        classes = Classes(tuple(said["classes"]), said["parents"], groups)
        examples = Examples(
            pixels, columns["category"], {group.key: columns[f"group_{at}"] for at, group in enumerate(groups)},
            columns["clusters"], at=rows,
        )  # fmt: skip
        return ShopPhotos(
            examples, classes, columns["ids"], stored, columns["decided"], columns["tested"], said["manifest"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
