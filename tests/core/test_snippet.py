"""The script that shops put into their pages: small, without dependencies, under any policy."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "core" / "static" / "sdk"
SCRIPT = FOLDER / "zhanggui.js"
LARGEST = 12_000


def test_it_is_below_twelve_kilobytes_on_the_wire():
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < LARGEST


def test_it_asks_no_policy_for_an_exception_and_loads_nothing_else():
    text = SCRIPT.read_text("utf-8")

    for forbidden in (r"\beval\(", r"new Function", r"innerHTML", r"outerHTML", r"insertAdjacentHTML",
                      r"document\.write", r"\.style\b", r"createElement\(\"script", r"\bimport\b", r"\brequire\(",
                      r"document\.cookie", r"setTimeout\(\s*[\"']"):  # fmt: skip
        assert re.search(forbidden, text) is None, forbidden
    assert set(re.findall(r"https?://[^\s\"'`]+", text)) == {"https://shop.example/static/sdk/zhanggui.js"}


def test_it_is_a_script_that_a_plain_engine_reads():
    node = shutil.which("node")
    if node is None:
        pytest.skip("No node on the path: the browser journeys load the script anyway.")
    assert subprocess.run([node, "--check", str(SCRIPT)], check=False).returncode == 0


def test_it_speaks_both_languages_in_every_sentence():
    text = SCRIPT.read_text("utf-8")
    block = text[text.index("const WORDS") : text.index("/** @param {string} name */")]
    pairs = re.findall(r'\w+: \["([^"]+)", "([^"]+)"\]', block)

    assert len(pairs) == block.count("[") >= 8
    for english, chinese in pairs:
        assert re.search(r"[A-Za-z]", english)
        assert re.search(r"[一-鿿]", chinese)


def test_a_reason_that_rests_on_the_person_never_claims_to_be_for_everybody():
    text = SCRIPT.read_text("utf-8")
    block = text[text.index("const BASES") : text.index("/** @param {string} name */")]

    assert dict(re.findall(r'(\w+): "(\w+)"', block)) == {
        "because_of_your_basket": "basket",
        "goes_with_this_product": "together",
        "bought_together": "together",
        "looks_similar": "looks",
        "popular_in_category": "category",
        "popular_with_people_like_you": "group",
    }
