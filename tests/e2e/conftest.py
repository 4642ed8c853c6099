"""A browser for journeys. Without Chromium they are skipped, unless E2E=1 makes them obligatory (as in CI)."""

import os
import shutil
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        if os.environ.get("E2E") == "1":
            pytest.fail("E2E=1 and no Chromium on the path: install the package chromium.")
        pytest.skip("No Chromium on the path: browser journeys are left out. Install the package chromium to run them.")
    # Playwright keeps an event loop in this thread, in which Django would refuse its ordinary queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


QUIET_SECONDS, MOST_SECONDS = 0.3, 10.0
ASKING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
          AND state <> 'idle'
"""


@pytest.fixture
def quiet_end(live_server) -> Iterator[None]:
    """Ends when nobody asks the database any more. A page that is closed sends what it saw with a beacon; the tables
    are emptied after the test, and a beacon that is still being written would stand in a deadlock with that."""
    yield
    ends, since = time.monotonic() + MOST_SECONDS, time.monotonic()
    while time.monotonic() < ends and time.monotonic() - since < QUIET_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(ASKING)
            if cursor.fetchone()[0]:
                since = time.monotonic()
        time.sleep(0.02)


@pytest.fixture
def page(browser, live_server, quiet_end) -> Iterator[Page]:
    """An English desktop page; the test fails on script errors, failed requests and requests to other hosts."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    opened = context.new_page()
    problems: list[str] = []
    host = urlsplit(live_server.url).netloc
    opened.on("pageerror", lambda error: problems.append(f"script: {error}"))
    opened.on("console", lambda message: message.type == "error" and problems.append(f"console: {message.text}"))
    opened.on("request", lambda sent: urlsplit(sent.url).netloc not in (host, "") and problems.append(sent.url))
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert problems == []
