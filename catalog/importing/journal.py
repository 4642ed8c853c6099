"""Pictures that a running import wrote, so that those of a run that was killed do not stay behind."""

import os
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from catalog import picture_files

NAME = "pictures.txt"


class Journal:
    """Names of files, each written down and synced before the file is."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def add(self, name: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Its files are in the shop, or were removed."""
        self.path.unlink(missing_ok=True)


def clean_up() -> int:
    """Remove files that killed imports wrote and no product has. How many. Only while no import is at work."""
    removed = 0
    for path in (Path(settings.VAR_DIR) / "imports").glob(f"*/{NAME}"):
        names = [name for name in path.read_text(encoding="utf-8").splitlines() if name.startswith("products/")]
        used = picture_files.in_use(names)
        for name in names:
            if name not in used and default_storage.exists(name):
                default_storage.delete(name)
                removed += 1
        path.unlink(missing_ok=True)
    return removed
