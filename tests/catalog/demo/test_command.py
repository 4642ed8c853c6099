"""`manage.py make_demo_shop`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.demo import sizes
from tests.catalog.demo.conftest import TINY


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(sizes.SIZES, "small", TINY)


def test_writes_the_folder_and_names_it(tmp_path):
    out = StringIO()

    call_command("make_demo_shop", "--seed", "4", "--until", "2026-11-01", "--out", str(tmp_path / "shop"), stdout=out)

    assert (tmp_path / "shop" / "products.csv").is_file()
    assert f"Demo shop written to {tmp_path / 'shop'}" in out.getvalue()
    assert "      30  products.csv" in out.getvalue()


def test_default_folder_lies_below_var(tmp_path, settings):
    settings.VAR_DIR = tmp_path

    call_command("make_demo_shop", "--seed", "4", "--until", "2026-11-01", "-v0")

    assert (tmp_path / "demo" / "tiny-4" / "truth.json").is_file()


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")

    with pytest.raises(CommandError, match="holds other files"):
        call_command("make_demo_shop", "--until", "2026-11-01", "--out", str(tmp_path), "-v0")

    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "shop").write_text("mine")

    with pytest.raises(CommandError, match="could not be written"):
        call_command("make_demo_shop", "--until", "2026-11-01", "--out", str(tmp_path / "shop"), "-v0")

    assert (tmp_path / "shop").read_text() == "mine"


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(CommandError, match="whole number"):
        call_command("make_demo_shop", "--seed=-1", "--out", str(tmp_path / "shop"), "-v0")


@pytest.mark.django_db
def test_import_runs_the_importer_on_the_same_folder(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "catalog.management.commands.make_demo_shop.call_command", lambda *args, **kwargs: calls.append(args)
    )

    call_command("make_demo_shop", "--until", "2026-11-01", "--out", str(tmp_path / "shop"), "--import", "-v0")

    assert calls == [("import_shop", "native", str(tmp_path / "shop"))]
