"""The page about deployment says what the program does."""

import re
from pathlib import Path

from django.conf import settings

from core.supervisor.__main__ import parts
from core.supervisor.configuration import Configuration

PAGE = (settings.BASE_DIR / "docs" / "deploy.md").read_text("utf-8")
PYTHON = "/srv/zhanggui/app/.venv/bin/python"


def units() -> dict[str, str]:
    """Command of each unit, as systemd would run it."""
    found = re.findall(r"# /etc/systemd/system/zhanggui-([a-z-]+)\.service\n(.*?)(?=\n# |```)", PAGE, re.DOTALL)
    commands = {name: re.search(r"^ExecStart=(.*)$", text, re.MULTILINE) for name, text in found}
    return {name: line[1].replace("%%", "%") for name, line in commands.items() if line}


def test_the_units_start_the_same_programs_as_make_run(tmp_path):
    wanted = {
        part.name: " ".join([PYTHON, *part.command[1:]])
        for part in parts(Configuration(var=Path(tmp_path), host="127.0.0.1", port=8000))
    }

    assert {name: command for name, command in units().items() if name in wanted} == wanted


def test_workers_have_more_time_to_stop_than_their_jobs():
    worker = re.search(r"worker-light\.service\n(.*?)```", PAGE, re.DOTALL)[1]

    assert int(re.search(r"TimeoutStopSec=(\d+)", worker)[1]) > settings.JOB_SHUTDOWN_SECONDS + 10


def test_every_setting_of_the_page_is_in_the_table_of_settings():
    block = re.search(r"```ini\n(PRODUCTION=1.*?)```", PAGE, re.DOTALL)[1]
    table = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")

    for name in [
        *re.findall(r"^([A-Z_]+)=", block, re.MULTILINE),
        "SECRET_KEY_FALLBACKS",
        "BACKUP_KEEP",
        "BACKUP_NIGHTLY",
    ]:
        assert f"`{name}`" in table, name
