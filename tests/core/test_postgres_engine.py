"""The engine asks for the local server when it connects, and not before."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql import base

from core import local_services
from core.local_services.process import wait_until
from core.postgres import watch
from core.postgres.base import DatabaseAway, DatabaseWrapper, ImpatientCursor
from core.postgres.watch import Address, Watcher, address_of, answers, gate, watcher

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


@pytest.mark.installs
def test_a_connection_brings_a_killed_server_back(private_var):
    code = f"""
import os, signal, django
django.setup()
from django.db import connection
from django.db.backends.postgresql import base
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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"), [("idle_in_transaction_session_timeout", "30s"), ("lock_timeout", "0"), ("TimeZone", "UTC")]
)
def test_forgotten_transactions_end_and_jobs_wait_for_locks(name, value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])

        assert cursor.fetchone() == (value,)


def test_the_web_process_gives_up_on_locks_and_on_peers_that_vanished(settings):
    settings.STATEMENT_TIMEOUT_MS, settings.LOCK_TIMEOUT_MS, settings.WEB_PROCESS = 5000, 3000, True
    settings.LOCAL_POSTGRES = False

    params = DatabaseWrapper({**connection.settings_dict}).get_connection_params()

    assert "-c statement_timeout=5000" in params["options"]
    assert "-c lock_timeout=3000" in params["options"]
    assert (params["connect_timeout"], params["tcp_user_timeout"]) == (2, 5_000)


@pytest.mark.parametrize(
    ("sql", "broken", "in_transaction", "again"),
    [
        ("SELECT 1", True, False, True),
        ("  select now()", True, False, True),
        ("SELECT 1", False, False, False),
        ("SELECT 1", True, True, False),
        ("UPDATE a SET b = 1", True, False, False),
        ("INSERT INTO a VALUES (1) RETURNING id", True, False, False),
        ("WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone", True, False, False),
        ("SELECT pg_advisory_lock(1)", True, False, False),
    ],
)
def test_only_plain_reads_outside_of_transactions_are_asked_again(sql, broken, in_transaction, again):
    session = SimpleNamespace(closed=2 if broken else 0)
    db = SimpleNamespace(connection=session, in_atomic_block=in_transaction, autocommit=not in_transaction)
    cursor = ImpatientCursor(SimpleNamespace(name=None), db)

    assert cursor._may_ask_again(sql) is again


def test_a_server_answers_refuses_or_says_nothing(private_var):
    assert answers(None) is True
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    port = silent.getsockname()[1]
    started = time.monotonic()
    assert answers(Address("127.0.0.1", port), seconds=0.1) is False
    assert time.monotonic() - started < 5
    silent.close()
    assert answers(Address("127.0.0.1", port)) is False
    found = local_services.ensure_postgres(private_var)
    assert answers(Address(found["host"], found["port"])) is True


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({"host": "db", "port": "6432"}, Address("db", 6432)),
        ({"host": "/run/postgres"}, Address("/run/postgres", 5432)),
        ({"host": "one,two"}, None),
        ({"service": "shop"}, None),
    ],
)
def test_addresses_that_only_the_driver_understands_are_not_asked(parameters, address):
    assert address_of(parameters) == address


@pytest.fixture
def shut_gate():
    """The server was away a moment ago, and the time for one new try has come."""
    gate.open_for(seconds=0.0)
    yield
    gate.succeeded()


def test_a_connection_that_lives_opens_the_way_for_all(shut_gate, monkeypatch):
    db = DatabaseWrapper({**connection.settings_dict, "CONN_HEALTH_CHECKS": True})
    db.is_impatient = True
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda _db: True)

    assert db.is_usable() is True
    assert db.ask(lambda: 7) == 7


def test_while_the_server_is_away_nobody_waits(monkeypatch):
    db = DatabaseWrapper({**connection.settings_dict})
    db.is_impatient = True
    gate.open_for(seconds=60)
    try:
        for question in (db.is_usable, lambda: db.ask(lambda: 7), lambda: db._connect_at_once({"host": "localhost"})):
            with pytest.raises(DatabaseAway):
                question()
    finally:
        gate.succeeded()


def test_one_caller_tries_again_and_the_others_stay_away(shut_gate):
    db = DatabaseWrapper({**connection.settings_dict})
    refused = []

    def first() -> int:
        with pytest.raises(DatabaseAway):
            db.ask(lambda: refused.append("never asked"))
        return 7

    assert db.ask(first) == 7
    assert refused == []
    assert db.ask(lambda: 8) == 8


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where somebody waits for the server; `asked` are the patience of each question."""
    clock = SimpleNamespace(now=1_000.0, asked=[], is_frozen=True)

    def say_nothing(_address: Address | None, *, seconds: float = watch.ANSWER_SECONDS) -> bool:
        clock.asked.append(round(seconds, 3))
        clock.now += seconds if clock.is_frozen else 0.0
        return not clock.is_frozen

    for module in ("base", "watch"):
        monkeypatch.setattr(f"core.postgres.{module}.time", SimpleNamespace(monotonic=lambda: clock.now))
        monkeypatch.setattr(f"core.postgres.{module}.answers", say_nothing)
    monkeypatch.setattr(watcher, "last_answer", clock.now)
    yield clock
    gate.succeeded()


def test_a_server_that_froze_a_moment_ago_is_not_waited_for_twice_as_long(clock):
    db = DatabaseWrapper({**connection.settings_dict})
    db.is_impatient = True

    with pytest.raises(DatabaseAway):
        db._connect_at_once({"host": "db", "port": "5432"})

    assert clock.asked == [0.5, 0.25]
    assert clock.now - 1_000.0 == 0.75


def test_a_server_that_freezes_right_after_its_word_is_noticed_within_a_second(clock):
    class Waiting:
        """A statement that runs for as long as nobody ends it."""

        address: Address | None = Address("db", 5432)
        hard_limit, busy_since, ended = 0.0, 999.6, 0.0

        def cut_off(self, since: float) -> None:
            self.ended, self.busy_since = clock.now, 0.0

    looks, waiting = Watcher(), Waiting()
    looks._members.add(waiting)
    clock.is_frozen = False
    looks.look()
    assert (clock.asked, waiting.ended) == ([0.5], 0.0)

    clock.is_frozen, waiting.busy_since, frozen_at = True, clock.now, clock.now
    while not waiting.ended:
        clock.now += watch.LOOK_SECONDS
        looks.look()

    assert waiting.ended - frozen_at <= 0.86  # a quarter of patience, one look, half a second for an answer
