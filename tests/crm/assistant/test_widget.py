"""The chat in a shop's page: small, apart from the snippet, under any policy."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "core" / "static" / "sdk"
SCRIPT = FOLDER / "assistant.js"


def test_it_is_below_six_kilobytes_on_the_wire():
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < 6_000


def test_it_asks_no_policy_for_an_exception_and_shows_what_people_say_as_text():
    text = SCRIPT.read_text("utf-8")

    for forbidden in (r"\beval\(", r"new Function", r"innerHTML", r"outerHTML", r"insertAdjacentHTML",
                      r"document\.write", r"\.style\b", r"document\.cookie", r"setTimeout\(\s*[\"']"):  # fmt: skip
        assert re.search(forbidden, text) is None, forbidden


def test_it_speaks_both_languages_in_every_sentence():
    text = SCRIPT.read_text("utf-8")
    block = text[text.index("const WORDS") : text.index("const start")]
    pairs = re.findall(r'\w+: \["([^"]+)", "([^"]+)"\]', block)

    assert len(pairs) == block.count("[") >= 15
    for english, chinese in pairs:
        assert re.search(r"[A-Za-z]", english)
        assert re.search(r"[一-鿿]", chinese)


def test_it_is_a_script_that_a_plain_engine_reads():
    node = shutil.which("node")
    if node is None:
        pytest.skip("No node on the path: the browser journeys load the script anyway.")
    assert subprocess.run([node, "--check", str(SCRIPT)], check=False).returncode == 0


def test_every_class_it_uses_is_dressed():
    used = set(re.findall(r"zg-chat[a-z-]*[a-z]", SCRIPT.read_text("utf-8")))
    dressed = (FOLDER / "assistant.css").read_text("utf-8")

    assert {name for name in used if f".{name}" not in dressed} == set()
