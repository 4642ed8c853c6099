"""What the start of the shop fills an empty database with, and when it leaves it alone."""

import io
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from catalog.management.commands import prepare_shop
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls(monkeypatch, settings, tmp_path):
    """The commands that filling would run, instead of running them."""
    settings.VAR_DIR = tmp_path
    made: list[tuple[str, ...]] = []
    monkeypatch.setattr(prepare_shop, "call_command", lambda *words, **options: made.append(words))
    return made


def fill(shop: Path | None = None, shop_format: str = "native") -> None:
    prepare_shop.Command(stdout=io.StringIO())._fill(shop, shop_format)


DEMO = ("make_demo_shop", "--size", "small", "--seed", "1", "--import")


def test_an_empty_database_gets_the_demo_shop_once(calls):
    fill()
    fill()

    assert calls == [DEMO]


def test_a_demo_shop_that_was_interrupted_is_finished_at_the_next_start(calls, monkeypatch):
    def killed(*words: str, **options: object) -> None:
        ProductFactory.create()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare_shop, "call_command", killed)
        with pytest.raises(KeyboardInterrupt):
            fill()

    fill()

    assert calls == [DEMO]


def test_a_real_shop_is_imported_instead_and_again_when_asked(calls, tmp_path):
    fill(tmp_path, "online-retail")
    fill()
    fill(tmp_path, "online-retail")

    assert calls == [("import_shop", "online-retail", str(tmp_path))] * 2


def test_a_real_shop_is_not_mixed_into_the_demo_shop(calls, tmp_path):
    fill()

    with pytest.raises(CommandError, match=r"^This installation holds the demo shop, and a real one does not mix"):
        fill(tmp_path)

    assert calls == [DEMO]
