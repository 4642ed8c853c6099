"""The rounds of `python -m tests`: a round of few tests reads only the files that have some.

That takes a second instead of a dozen for each process, and holds as long as the marker of a test stands in its file,
which every round looks after.
"""

from pathlib import Path

import pytest

OWN = ("installs", "serial")
"""Markers of tests that are not of the first round."""


def _has(path: Path, marker: str) -> bool:
    return f"mark.{marker}" in path.read_text("utf-8")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    wanted = config.option.markexpr
    is_test = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    return True if wanted in OWN and is_test and not _has(collection_path, wanted) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known: dict[tuple[Path, str], bool] = {}
    for item in items:
        own = [marker for marker in OWN if item.get_closest_marker(marker)]
        if len(own) > 1:
            raise pytest.UsageError(f"{item.nodeid} is marked as {' and '.join(own)}: it runs in one round.")
        for marker in own:
            if not known.setdefault((item.path, marker), _has(item.path, marker)):
                raise pytest.UsageError(f"{item.nodeid}: mark.{marker} must stand in the file of the test.")
