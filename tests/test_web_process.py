"""The web process stays light: what learns is loaded by workers alone."""

import json
import os
import subprocess
import sys

PROGRAM = """
import json, sys
from config.wsgi import application
from django.urls import get_resolver

def walk(patterns):
    for pattern in patterns:
        walk(getattr(pattern, "url_patterns", []))

walk(get_resolver().url_patterns)
import catalog.selectors, catalog.services, recommender.selectors, recommender.services, recommender.views
from core.extensions import dashboard_cards
from catalog.extensions import customer_panels, product_panels
for registry in (dashboard_cards, customer_panels, product_panels):
    for entry in registry.entries():
        entry.resolve()
heavy = {"pandas", "sklearn", "tensorflow", "scipy", "matplotlib"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


def test_the_web_process_loads_no_library_that_learns(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env={**os.environ, "VAR_DIR": str(tmp_path)}
    )

    assert answer.returncode == 0, answer.stderr[-2000:]
    assert json.loads(answer.stdout.splitlines()[-1]) == []


LOADED = "print(json.dumps([tokens._dictionary.cache_info().currsize, gc.get_freeze_count() > 100_000]))"


def last_line(program: str, folder: str) -> list[object]:
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "VAR_DIR": folder}
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    found: list[object] = json.loads(answer.stdout.splitlines()[-1])
    return found


def test_dictionaries_are_loaded_before_web_processes_part_and_by_no_command(tmp_path):
    start = "import gc, json\nimport config.wsgi\nfrom catalog.search import tokens\n"
    hook = "import runpy\nrunpy.run_path('gunicorn.conf.py')['when_ready'](None)\n"

    assert last_line(start + LOADED, str(tmp_path)) == [0, False]
    assert last_line(start + hook + LOADED, str(tmp_path)) == [1, True]
