"""How long browsers keep static files: for ever under a name that changes with the content, else a moment. The product
and the nginx of the page about deployment agree."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from core.local_services.process import free_port
from tests.faults.harness.waiting import until

STABLE = "sdk/zhanggui.js"
SHORT, LONG = "max-age=600, public", "max-age=315360000, public, immutable"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The static files as an installation has them."""
    folder = tmp_path_factory.mktemp("static")
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "unfold", "drf_*"])
        yield folder


def names() -> dict[str, str]:
    """Address and what is said about keeping it."""
    changing = staticfiles_storage.url(STABLE)
    assert re.fullmatch(r"/static/sdk/zhanggui\.[0-9a-f]{12}\.js", changing)
    return {f"/static/{STABLE}": SHORT, "/static/sdk/zhanggui.css": SHORT, changing: LONG}


def test_the_product_lets_the_snippet_be_kept_for_ten_minutes_and_hashed_names_for_ever(collected):
    serve = WhiteNoiseMiddleware(lambda _request: HttpResponse(status=404))

    assert {path: serve(RequestFactory().get(path))["Cache-Control"] for path in names()} == names()


def test_the_nginx_of_the_page_says_the_same_and_sends_what_was_compressed(collected, tmp_path):
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("No nginx on the path.")
    port, collected_at = free_port(), f"{collected}/"
    page = (settings.BASE_DIR / "docs" / "deploy.md").read_text("utf-8")
    block = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)[1]
    for old, new in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r" *ssl_certificate.*\n", ""),
        (r"/srv/zhanggui/var/static/", collected_at),
    ):
        block, times = re.subn(old, new, block)
        assert times, old
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{block} }}"
    )
    server = subprocess.Popen([program, "-p", str(tmp_path), "-c", str(configuration)], stderr=subprocess.PIPE)
    try:

        def ask(path: str) -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path, headers={"Host": "shop.example.org", "Accept-Encoding": "gzip"})
            return connection.getresponse()

        def answers() -> bool:
            assert server.poll() is None, server.stderr.read().decode()
            return ask(f"/static/{STABLE}").status == 200

        until(answers, seconds=10, what="nginx answers")
        found = {path: ask(path) for path in names()}
    finally:
        server.terminate()
        server.wait(10)

    assert {path: answer.getheader("Cache-Control") for path, answer in found.items()} == names()
    assert {answer.getheader("Content-Encoding") for answer in found.values()} == {"gzip"}
