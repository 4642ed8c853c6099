"""What every test may use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

pytest_plugins = [
    "tests.plugins.services",
    "tests.plugins.rounds",
    "tests.plugins.emptying",
    "tests.plugins.api",
    "tests.plugins.looked",
]

# No manifest of collected files, and no slow hashing.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit empty all tables afterwards, which the ledger and what it watches refuse in a shop."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'ledger_no_truncate'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ledger_no_truncate")


@pytest.fixture(autouse=True)
def _no_pulse_within_a_transaction(request: pytest.FixtureRequest) -> Any:
    """The pulse of a job looks for its row with a connection of its own, which sees nothing of a test that never
    commits: on a busy machine a job of more than a second was taken for lost there."""
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames
    if request.node.get_closest_marker("database") is None or commits:
        yield
        return
    before, settings.JOB_HEARTBEAT_SECONDS = settings.JOB_HEARTBEAT_SECONDS, 0
    yield
    settings.JOB_HEARTBEAT_SECONDS = before


@pytest.fixture
def shop_at_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """Makes what counts queries count while the profile of the shop is at hand. It is read anew every three seconds,
    and a busy machine needs longer for one page."""
    from core import shop

    def of(counting: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def counted(*args: Any, **kwargs: Any) -> Iterator[Any]:
            shop.forget_shop()
            shop.current_shop()
            with counting(*args, **kwargs) as queries:
                yield queries

        return counted

    monkeypatch.setattr(shop, "REMEMBER_SECONDS", 600.0)
    yield of
    shop.forget_shop()


@pytest.fixture
def own_heads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of its own for signed heads of the ledger: those that other tests signed belong to other chains."""
    from core.ledger import roots

    monkeypatch.setattr(roots, "path", lambda: tmp_path / "ledger" / "roots.jsonl")


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Any, shop_at_hand: Any) -> Any:
    return shop_at_hand(django_assert_num_queries)


@pytest.fixture
def django_assert_max_num_queries(django_assert_max_num_queries: Any, shop_at_hand: Any) -> Any:
    return shop_at_hand(django_assert_max_num_queries)
