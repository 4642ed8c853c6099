"""What the ledger costs: `python -m tests.benchmarks.ledger_bench`.

On a PostgreSQL of its own that waits for its disk: CPU seconds of verifying the entries of 200,000 consents, beside
hashing the same number of blocks of the same size; the same with one changed, one deleted, two swapped, and after a
customer was erased; a transaction that changes 100,000 prices and stocks with and without the ledger; orders placed by
eight threads with and without it, in turns. `--consents` measures the consents alone.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.benchmarks.places import BENCH

ENTRIES, ROWS, ORDERS, THREADS, ROUNDS = 200_000, 100_000, 400, 8, 3
LIMITS = {"verify_cpu_seconds": 0.5, "tampered_cpu_seconds": 0.5, "bulk_extra_seconds": 10.0, "orders_ratio": 1.35}
ENTRY_BYTES = 150
PURPOSES, WAYS = ("offers", "news", "care", "surveys"), ("email", "sms", "wechat", "push")
PEOPLE = ENTRIES // (len(PURPOSES) * len(WAYS))
CONSENTS = """
INSERT INTO marketing_consent (customer_id, purpose, channel, state, at, source, wording_version)
SELECT c.id, p, w, 'given', now(), 'import', '2026-11'
FROM unnest(%s) c (id), unnest(%s) p, unnest(%s) w
"""
CHANGED = "UPDATE core_ledgerentry SET body = replace(body, 'given', 'withdrawn') WHERE index = {0}"
DELETED = "DELETE FROM core_ledgerentry WHERE index = {0}"
SWAPPED = """
UPDATE core_ledgerentry SET index = -1 WHERE index = {0};
UPDATE core_ledgerentry SET index = {0} WHERE index = {1};
UPDATE core_ledgerentry SET index = {1} WHERE index = -1
"""
VARIANTS = f"""
WITH p AS (
    INSERT INTO catalog_product (name, price, status, is_in_stock, external_id, created_at, updated_at)
    SELECT 'Product ' || n, 10, 'live', true, 'bench-' || n, now(), now() FROM generate_series(1, {ROWS}) n
    RETURNING id
)
INSERT INTO catalog_variant (product_id, sku, price, stock, created_at, updated_at)
SELECT id, 'BENCH-' || id, 10, 1000000, now(), now() FROM p
"""
TABLES = ("catalog_product", "catalog_variant")


def main() -> int:
    place = Path(tempfile.mkdtemp(prefix="zg-", dir="/tmp"))
    place.chmod(0o711)
    os.environ.update(VAR_DIR=str(place), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="ERROR")
    os.environ.pop("DATABASE_URL", None)
    try:
        result = measure()
    finally:
        from core import local_services

        local_services.stop(place, force=True)
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(result, indent=2))
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "ledger.json").write_text(json.dumps(result, indent=2) + "\n")
    over = [name for name, limit in LIMITS.items() if result.get(name, 0) > limit]
    for name in over:
        print(f"OUT OF RANGE {name}")
    return 1 if over else 0


def measure() -> dict[str, Any]:
    """All figures of one run."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    consents = _consents()
    if "--consents" in sys.argv:
        return consents
    bulk = _bulk()
    orders = _orders()
    return {
        **consents,
        "bulk_seconds_without": round(bulk[False], 1),
        "bulk_extra_seconds": round(bulk[True] - bulk[False], 1),
        "orders_per_second": {"with": round(1 / orders[True]), "without": round(1 / orders[False])},
        "orders_ratio": round(orders[True] / orders[False], 2),
    }


def _cpu(work: Any) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _consents() -> dict[str, Any]:
    """Consents of customers as triggers enter them, then everything that may happen to the chain."""
    from django.db import connection
    from django.utils import timezone

    from catalog.models import Customer
    from core.rights.erasing import erase

    people = Customer.objects.bulk_create(Customer(name=f"P{n}", joined_at=timezone.now()) for n in range(PEOPLE))
    for start in range(0, PEOPLE, 1_000):
        with connection.cursor() as cursor:
            ids = [one.pk for one in people[start : start + 1_000]]
            cursor.execute(CONSENTS, [ids, list(PURPOSES), list(WAYS)])
    verify = min(_cpu(lambda: _expect(None)) for _ in range(ROUNDS))
    hashing = min(_cpu(lambda: [sha256(bytes(ENTRY_BYTES)).hexdigest() for _ in range(ENTRIES)]) for _ in range(ROUNDS))
    tampered = {
        "changed": _tampered(CHANGED.format(ENTRIES - 7), ENTRIES - 7),
        "deleted": _tampered(DELETED.format(ENTRIES // 2), ENTRIES // 2),
        "swapped": _tampered(SWAPPED.format(ENTRIES - 9, ENTRIES - 4), ENTRIES - 9),
    }
    erase("catalog.Customer", people[PEOPLE // 2].pk)
    erased = _cpu(lambda: _expect(None))
    return {
        "verify_cpu_seconds": round(verify, 3),
        "bare_hashing_cpu_seconds": round(hashing, 3),
        "verify_to_bare_hashing": round(verify / hashing, 1),
        "tampered_cpu_seconds": round(max(tampered.values()), 3),
        "tampered": {name: round(seconds, 3) for name, seconds in tampered.items()},
        "after_an_erasure_cpu_seconds": round(erased, 3),
    }


def _expect(first_broken: int | None) -> None:
    from core.ledger.verifying import verify

    verdict = verify()
    assert verdict.first_broken == first_broken, verdict
    assert first_broken is not None or verdict.entries >= ENTRIES


def _tampered(sql: str, place: int) -> float:
    """CPU seconds until exactly this place is named. Afterwards everything is as it was."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql)
        seconds = _cpu(lambda: _expect(place))
        transaction.set_rollback(True)
    return seconds


@contextmanager
def _ledger(is_on: bool) -> Any:
    """Switches the triggers of prices and stock off while the block runs."""
    from django.db import connection

    def switch(word: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgrelid::regclass, tgname FROM pg_trigger"
                " WHERE tgname LIKE 'ledger%%' AND tgrelid = ANY(%s::regclass[])",
                [list(TABLES)],
            )
            for table, name in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} {word} TRIGGER {name}")

    if not is_on:
        switch("DISABLE")
    try:
        yield
    finally:
        if not is_on:
            switch("ENABLE")


def _bulk() -> dict[bool, float]:
    """Seconds of one transaction that gives every variant another price and stock."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(VARIANTS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE catalog_product, catalog_variant")
    found = {}
    for is_on in (False, True):
        with _ledger(is_on):
            begun = time.monotonic()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("UPDATE catalog_variant SET price = price + 1")
            found[is_on] = time.monotonic() - begun
    return found


def _orders() -> dict[bool, float]:
    """Seconds for one order, the median of the rounds."""
    _place(THREADS)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _round in range(ROUNDS):
        for is_on in (True, False):
            with _ledger(is_on):
                begun = time.monotonic()
                _place(ORDERS)
                times[is_on].append((time.monotonic() - begun) / ORDERS)
    return {is_on: statistics.median(found) for is_on, found in times.items()}


def _place(orders: int) -> None:
    from django.db import connection

    from catalog import services
    from catalog.models import Variant

    skus = list(Variant.objects.order_by("pk").values_list("sku", flat=True)[:50])

    def buy(thread: int) -> None:
        for number in range(orders // THREADS):
            lines = [services.NewLine(quantity=1, sku=skus[(thread * 7 + number + step) % 50]) for step in range(3)]
            services.place_order(services.NewOrder(lines=lines))
        connection.close()

    threads = [threading.Thread(target=buy, args=[thread]) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
