"""The engine asks for the local server when it connects, and not before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from core import local_services
from core.local_services.process import wait_until

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, var: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VAR_DIR": str(var), "DATABASE_URL": "", "REDIS_URL": ""}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", [["check"], ["makemigrations", "--check", "--dry-run"]])
def test_commands_that_need_no_data_start_no_server(command, private_var):
    done = manage(*command, var=private_var)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not (private_var / "postgres").exists()
    assert not (private_var / "redis").exists()


@pytest.mark.django_db
def test_the_test_database_sees_chinese_trigrams():
    assert local_services.check_trigrams(connection) is True


@pytest.mark.django_db
def test_statements_are_limited_in_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")

        assert cursor.fetchone() == (f"{settings.STATEMENT_TIMEOUT_MS // 60000}min",)


@pytest.mark.django_db(transaction=True)
def test_migrate_leaves_no_time_limits_behind():
    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        assert cursor.fetchone() == ("0",)


@pytest.mark.serial
def test_a_connection_brings_a_killed_server_back(private_var):
    code = f"""
import os, signal, django
django.setup()
from django.db import connection
from core import local_services
connection.ensure_connection()
os.kill(local_services.status()["postgres"], {int(signal.SIGKILL)})
connection.close()
with connection.cursor() as cursor:
    cursor.execute("SELECT 6 * 7")
    print(cursor.fetchone()[0])
"""
    environment = {**os.environ, "VAR_DIR": str(private_var), "DJANGO_SETTINGS_MODULE": "config.settings"}

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.stdout.strip() == "42", done.stderr
    assert wait_until(lambda: local_services.status(private_var)["postgres"] is None, seconds=5)
