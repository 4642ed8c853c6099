"""The page an operator reads must know every setting there is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_from_the_environment_is_in_the_table():
    read = set()
    for file in [*(ROOT / "config").glob("*.py"), ROOT / "gunicorn.conf.py"]:
        read |= set(re.findall(r"""env(?:iron)?\.\w+\(\s*["']([A-Z][A-Z0-9_]+)["']""", file.read_text()))
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.split("## Settings")[1].split("## ")[0]
    documented = set(
        re.findall(
            r"`([A-Z][A-Z0-9_]+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
        )
    )

    assert {"VAR_DIR", "PORT", "DATABASE_URL"} <= read
    assert read - documented == {"DJANGO_SETTINGS_MODULE"} & read


def test_every_command_of_the_makefile_is_explained_by_make_help():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    assert targets - explained == {"install", "install-dev", "python-is-right"}
