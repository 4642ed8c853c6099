"""What a training leaves on disk, so that another process goes on where this one was killed. No pickle, no h5."""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "checkpoint.npz"
STATE = "state"
Arrays = Mapping[str, NDArray[Any]]


def write(folder: Path, arrays: Arrays, state: Mapping[str, Any]) -> None:
    """The whole file or the one before it. `state` is anything JSON knows."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{NAME}.{os.getpid()}"
    with aside.open("wb") as file:
        np.savez(file, **arrays, **{STATE: np.frombuffer(json.dumps(state).encode(), np.uint8)})  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    aside.replace(folder / NAME)


def read(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """What was written last; None where nothing was, or where it is damaged: learning then begins anew."""
    try:
        with np.load(folder / NAME, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(arrays.pop(STATE).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def remove(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)


def values_of(variables: Sequence[Any], prefix: str) -> dict[str, NDArray[Any]]:
    """Variables in their order, ready for `write`."""
    return {f"{prefix}_{at}": np.asarray(variable) for at, variable in enumerate(variables)}


def put_back(variables: Sequence[Any], arrays: Arrays, prefix: str) -> bool:
    """Whether all of them were there in their shapes; only then they are changed."""
    found = [arrays.get(f"{prefix}_{at}") for at in range(len(variables))]
    if any(one is None or one.shape != tuple(v.shape) for one, v in zip(found, variables, strict=True)):
        return False
    for variable, value in zip(variables, found, strict=True):
        variable.assign(value)
    return True
