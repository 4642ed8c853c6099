"""PostgreSQL and Redis for the tests: their own, in a temporary folder, never those of a running shop.

The process that starts pytest makes the folder; xdist's workers inherit it, and each gets a database and a Redis
number of its own. Servers start with the first connection, so tests of pure maths start none. TEST_DATABASE_URL
and TEST_REDIS_URL use other servers instead.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import environ
import pytest
import redis
from django.conf import settings

from core import local_services
from core.local_services import lease
from core.local_services.home import Home

FOLDER = "TESTS_VAR_DIR"
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}

_made_here: Path | None = None


def short_folder() -> Path:
    """A temporary folder with a path short enough for sockets, which the servers' user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="zg-", dir="/tmp"))
    folder.chmod(0o711)
    return folder


def _use_own_folder() -> None:
    global _made_here
    if FOLDER not in os.environ:
        _made_here = short_folder()
        (_made_here / "static").mkdir()  # whitenoise warns about a missing one
        atexit.register(shutil.rmtree, _made_here, ignore_errors=True)  # also when the run never begins
        os.environ[FOLDER] = str(_made_here)
    var = Path(os.environ[FOLDER]).resolve()
    os.environ["VAR_DIR"] = str(var)
    os.environ["LOCAL_SERVICES_VOLATILE"] = "1"
    # Settings are loaded before any conftest, so every path below the old folder moves here.
    old = settings.VAR_DIR
    for name in dir(settings):
        value = getattr(settings, name)
        if name.isupper() and isinstance(value, Path) and value.is_relative_to(old):
            setattr(settings, name, var / value.relative_to(old))


def _use_own_servers() -> None:
    database, broker = os.environ.get("TEST_DATABASE_URL", ""), os.environ.get("TEST_REDIS_URL", "")
    os.environ.update({"DATABASE_URL": database, "REDIS_URL": broker})
    settings.LOCAL_POSTGRES = not database
    settings.DATABASES["default"].update(HOST="", PORT="", USER="", PASSWORD="", OPTIONS={})
    if database:
        given = environ.Env.db_url_config(database)
        settings.DATABASES["default"].update({key: given[key] for key in ("NAME", "HOST", "PORT", "USER", "PASSWORD")})
    settings.REDIS_URL = broker
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    settings.LOCAL_REDIS_DATABASE = int(worker.removeprefix("gw")) % 60 + 1 if worker else 0


_use_own_folder()
_use_own_servers()


def pytest_configure(config: pytest.Config) -> None:
    """Hold the servers for the whole run; a worker that ends early must not stop them for the others."""
    if _made_here is not None:
        home = Home.of(_made_here)
        home.make_var()
        lease.hold(home)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _made_here is not None:
        local_services.stop(_made_here, force=True)
        shutil.rmtree(_made_here, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.fixture
def redis_server() -> Iterator[redis.Redis]:
    """This worker's Redis database, empty before and after."""
    from core.redis_client import redis_url

    connection = redis.Redis.from_url(redis_url())
    connection.flushdb()
    yield connection
    connection.flushdb()
    connection.close()


@pytest.fixture
def private_var() -> Iterator[Path]:
    """An empty var folder for servers that the test may kill. They are stopped and removed afterwards."""
    folder = short_folder()
    yield folder
    base = Home.of(folder).base
    local_services.stop(folder, force=True)
    shutil.rmtree(folder, ignore_errors=True)
    if base != folder:
        shutil.rmtree(base, ignore_errors=True)
