"""What can happen to the files of a model."""

import os
import shutil
from pathlib import Path

import numpy as np

from core import model_registry as registry
from core.models import ModelVersion
from recommender.choices import RECOMMENDER


def publish_again(version: ModelVersion, **changed: np.ndarray) -> ModelVersion:
    """A second version with the same content, which passes the gate."""
    loaded = registry.load(version)
    arrays = {name: np.array(array) for name, array in loaded.arrays.items()} | changed
    return registry.publish_if_better(
        RECOMMENDER, arrays, meta=loaded.meta, report={"metrics": version.metrics}, trained_until=version.trained_until,
        margin=1.0,
    )  # fmt: skip


def folder_of(version: ModelVersion, root: Path) -> Path:
    return root / version.folder


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


def without_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def cut(folder: Path) -> None:
    file = folder / "similar_weights.npy"
    os.truncate(file, file.stat().st_size // 2)


def flipped(folder: Path) -> None:
    file = folder / "item_ids.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def emptied(folder: Path) -> None:
    (folder / "meta.json").write_text("")


FAULTS = [missing, without_manifest, cut, flipped, emptied]
