"""A shop is backed up, wrecked and put back; what cannot be restored changes nothing."""

import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import time
from io import BytesIO

import pytest

from core import local_services
from tests.faults.harness import small_disk

pytestmark = [pytest.mark.installs]


@pytest.fixture
def shop(make_shop):
    """A filled shop with pictures, a signed ledger and somebody who was erased from it."""
    shop = make_shop()
    (shop.var / "media" / "products").mkdir(parents=True)
    (shop.var / "media" / "products" / "a.jpg").write_bytes(os.urandom(70_000))
    shop.manage("verify_ledger", "--sign")
    return shop


ENTRIES = "SELECT index, body, hash FROM core_ledgerentry ORDER BY index"
LEDGER = ("--exclude-table-data=core_ledger*",)


def dump(shop, *without):
    """The database as text, without what differs between two dumps of the same data."""
    program = local_services.postgres_program("pg_dump", shop.var)
    done = subprocess.run(
        [str(program), "-h", str(shop.postgres.socket.parent), "-U", "zhanggui", *without, "zhanggui"],
        env={**os.environ, "PGPASSWORD": shop.postgres.password}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)
    # PostgreSQL writes the same condition in another way once it was dumped: casts of a list or of its members.
    return re.sub(r"^(CREATE|    CONSTRAINT| WHEN) .*$", _without_casts, text, flags=re.MULTILINE)


def _without_casts(line):
    return re.sub(r"::(character varying|text)(\[\])?|[()]", "", line[0])


def files(shop):
    return {
        str(path.relative_to(shop.var)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("media", "models", "ledger")
        for path in sorted((shop.var / name).rglob("*"))
        if path.is_file()
    }


def databases(shop):
    return {name for (name,) in shop.ask("SELECT datname FROM pg_database WHERE datname LIKE 'zhanggui%%'")}


def back_up(shop):
    shop.manage("backup")
    [path] = (shop.var / "backups").glob("*.tar.gz")
    return path


def state(shop):
    """All that a restore must not touch when it is refused."""
    return dump(shop), files(shop), databases(shop)


def left_aside(shop):
    return sorted(path.name for path in shop.var.glob("restoring*")) + sorted(
        path.name for path in (shop.var / "backups").glob(".making*")
    )


def test_a_wrecked_shop_comes_back_as_it_was(shop):
    path = back_up(shop)
    before, entries, kept_files = dump(shop, *LEDGER), shop.ask(ENTRIES), files(shop)
    shop.ask("UPDATE catalog_variant SET stock = 0")
    shop.ask("SET session_replication_role = replica; DELETE FROM catalog_customer")  # passes by every trigger
    shutil.rmtree(shop.var / "models")
    (shop.var / "media" / "products" / "a.jpg").write_bytes(b"broken")

    refused = shop.manage("restore", str(path), check=False)
    assert refused.returncode == 1
    assert (
        "This shop is not empty (60 products). To replace it all the same, repeat with CONFIRM=yes." in refused.stderr
    )

    said = shop.manage("restore", str(path), "--confirm").stdout

    assert f"Its ledger is whole: {len(entries)} entries." in said
    assert dump(shop, *LEDGER) == before
    assert shop.ask(ENTRIES)[: len(entries)] == entries
    [restored] = shop.ask(ENTRIES)[len(entries) :]
    assert json.loads(restored[1]) == {
        "act": "restored", "backup": path.name, "entries": len(entries), "made_at": json.loads(restored[1])["made_at"],
    }  # fmt: skip
    after = files(shop)
    assert {name: after.get(name) for name in kept_files if name != "ledger/roots.jsonl"} == {
        name: digest for name, digest in kept_files.items() if name != "ledger/roots.jsonl"
    }
    loaded = shop.run(
        "from core import model_registry\nfrom core.models import ModelVersion\n"
        "[print(model_registry.load(v).name) for v in ModelVersion.objects.active()]"
    )
    assert loaded.splitlines()[-1] == shop.facts["model"]
    assert left_aside(shop) == []

    # The ledger goes on where it was.
    shop.ask("UPDATE catalog_variant SET stock = stock - 1 WHERE id = %s", [shop.facts["variant_pks"][0]])
    assert "The ledger is whole" in shop.manage("verify_ledger").stdout

    # What was there before is kept until it is given up.
    assert len(databases(shop)) == 2
    shop.manage("restore", "--forget-before")
    assert databases(shop) == {"zhanggui"}
    assert not list(shop.var.glob("*.before-*"))


def test_a_backup_is_put_into_an_empty_installation(shop, make_shop):
    """As after moving to another machine, or to another major version of PostgreSQL."""
    path = back_up(shop)
    other = make_shop(filled=False)

    said = other.manage("restore", str(path)).stdout

    assert "Its ledger is whole" in said
    assert other.ask("SELECT count(*) FROM catalog_product") == [(60,)]
    assert (other.var / "media" / "products" / "a.jpg").stat().st_size == 70_000


def test_a_backup_is_made_while_the_shop_sells(shop):
    shop.start("web")
    caller = shop.caller()
    making = shop.spawn("manage.py", "backup")
    answers = []
    while making.poll() is None:
        answers.append(caller.ask("/products").status)
    assert making.returncode == 0
    assert set(answers) == {200}
    [path] = (shop.var / "backups").glob("*.tar.gz")

    refused = shop.manage("restore", str(path), "--confirm", check=False)

    assert refused.returncode == 1
    assert "stop it first with `make stop`" in refused.stderr


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path):
    path.write_bytes(path.read_bytes()[:-2000])


def of_somebody_else(path):
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), BytesIO(b""))


def with_a_changed_picture(path):
    """A whole tar again, with a file that is not the one of the manifest."""
    with gzip.open(path) as file:
        data = file.read()
    at = data.index(b"products/a.jpg")
    start = (at // 512 + 1) * 512
    changed = data[:start] + bytes([data[start] ^ 1]) + data[start + 1 :]
    path.write_bytes(gzip.compress(changed, 1))


def empty(path):
    path.write_bytes(b"")


def test_a_damaged_backup_is_refused_and_nothing_is_changed(shop):
    path = back_up(shop)
    copy = path.with_name("damaged.tar.gz")
    before = state(shop)

    for damage in (flipped, cut, of_somebody_else, with_a_changed_picture, empty):
        shutil.copy(path, copy)
        damage(copy)
        refused = shop.manage("restore", str(copy), "--confirm", check=False)
        assert refused.returncode == 1, damage
        assert "CommandError: damaged.tar.gz" in refused.stderr, damage

    assert state(shop) == before
    assert left_aside(shop) == []


def test_a_restore_that_is_killed_leaves_one_whole_state(shop):
    """Killed again and again at later moments: the shop is the old one or the new one, never half of both."""
    path = back_up(shop)
    shop.ask("UPDATE catalog_product SET price = 7777")
    (shop.var / "media" / "products" / "a.jpg").write_bytes(b"newer")
    states = set()
    for seconds in (0.8, 2.0, 3.5):
        process = shop.spawn("manage.py", "restore", str(path), "--confirm")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        [[price]] = shop.ask("SELECT count(*) FROM catalog_product WHERE price = 7777")
        states.add("old" if price == 60 else "new")
        assert price in (0, 60)

    shop.manage("restore", str(path), "--confirm")

    assert shop.ask("SELECT count(*) FROM catalog_product WHERE price = 7777") == [(0,)]
    assert (shop.var / "media" / "products" / "a.jpg").stat().st_size == 70_000
    assert left_aside(shop) == []
    assert "zhanggui_restoring" not in databases(shop)


CUT_OFF = """
from pathlib import Path
import os
from core.backups import database, restoring
real = database.swap
def swap(*names):
    {before}
    real(*names)
    os._exit(9)
restoring.database.swap = swap
restoring.restore(Path({path!r}), confirmed=True)
"""


def test_a_restore_cut_off_while_places_change_is_completed_or_given_up(shop):
    path = back_up(shop)
    picture = shop.var / "media" / "products" / "a.jpg"
    shop.ask("UPDATE catalog_product SET price = 7777")
    picture.write_bytes(b"newer")

    shop.run(CUT_OFF.format(path=str(path), before="os._exit(9)"), check=False)
    assert (shop.var / "restoring.json").exists()
    shop.manage("restore", str(path.with_name("none.tar.gz")), check=False)
    assert shop.ask("SELECT count(*) FROM catalog_product WHERE price = 7777") == [(60,)]
    assert picture.read_bytes() == b"newer"
    assert left_aside(shop) == []

    shop.run(CUT_OFF.format(path=str(path), before=""), check=False)
    assert picture.read_bytes() == b"newer"
    said = shop.manage("restore", str(path.with_name("none.tar.gz")), check=False)
    assert "Completing a restore that was cut off" in said.stdout
    assert "There is no file" in said.stderr
    assert shop.ask("SELECT count(*) FROM catalog_product WHERE price = 7777") == [(0,)]
    assert picture.stat().st_size == 70_000
    assert left_aside(shop) == []


def test_a_full_disk_makes_no_half_backup_and_keeps_the_older_ones(shop):
    with small_disk(12_000_000) as disk:
        shop.manage("backup", "--to", str(disk))
        [older] = disk.glob("*.tar.gz")
        (shop.var / "media" / "film.bin").write_bytes(os.urandom(15_000_000))

        refused = shop.manage("backup", "--to", str(disk), check=False)

        assert refused.returncode == 1
        assert f"The disk of {disk} is full; no backup was made, and the older ones are untouched." in refused.stderr
        assert sorted(path.name for path in disk.iterdir()) == [".lock", older.name]


def test_somebody_erased_after_the_backup_is_erased_again(shop):
    path = back_up(shop)
    [[pk]] = shop.ask("SELECT id FROM catalog_customer WHERE external_id = 'c7'")
    shop.run(f"from core.rights.erasing import erase\nerase('catalog.Customer', {pk})")

    said = shop.manage("restore", str(path), "--confirm").stdout

    assert "People erased since then were erased again: 1." in said
    [[name, erased]] = shop.ask("SELECT name, erased_at IS NOT NULL FROM catalog_customer WHERE id = %s", [pk])
    assert name != "Customer 7"
    assert erased


def test_a_backup_of_another_secret_is_restored_and_says_so(shop):
    path = back_up(shop)
    shop.environment["SECRET_KEY"] = "another"

    said = shop.manage("restore", str(path), "--confirm").stdout

    assert "made under another SECRET_KEY" in said
    assert "The ledger is whole" in shop.manage("verify_ledger").stdout


def test_what_does_not_fit_is_refused_and_nothing_is_changed(shop):
    """A backup of a newer program, and one whose ledger was rewritten before it was made."""
    shop.ask("INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_from_the_future', now())")
    newer = back_up(shop).rename(shop.var / "newer.tar.gz")
    shop.ask("DELETE FROM django_migrations WHERE name = '9999_from_the_future'")
    shop.ask("ALTER TABLE core_ledgerentry DISABLE TRIGGER ledger_no_update")
    shop.ask("UPDATE core_ledgerentry SET body = '{}' WHERE index = 3")
    broken = back_up(shop)
    before = state(shop)

    for path, reason in (
        (newer, "which knows core.9999_from_the_future"),
        (broken, "The ledger in the backup is broken: Entry 3 was changed"),
    ):
        refused = shop.manage("restore", str(path), "--confirm", check=False)
        assert refused.returncode == 1
        assert reason in refused.stderr

    assert state(shop) == before
    assert left_aside(shop) == []
