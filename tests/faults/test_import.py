"""Imports whose process is killed end as if nothing had happened."""

import random
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.faults.harness import Shop, until
from tests.faults.shop_files import report_of, rows_of, write_shop

pytestmark = pytest.mark.serial
KILLS = 5
QUICK = {
    "JOB_RELAY_SECONDS": "0.5",
    "JOB_HEARTBEAT_SECONDS": "0.1",
    "JOB_LOST_SECONDS": "3",
    "JOB_PATIENCE_SECONDS": "1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = write_shop(tmp_path_factory.mktemp("import") / "files")
    for path in (made, *made.parents[:3]):
        path.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def untouched(folder):
    """The rows, report and refused rows of an import that nobody disturbed."""
    shop = Shop(environment=QUICK)
    try:
        shop.manage("import_shop", "native", str(folder))
        yield rows_of(shop), report_of(shop, 1), refused(shop)
    finally:
        shop.remove()


def refused(shop: Shop) -> str:
    return (shop.var / "imports" / "1" / "refused.csv").read_text()


def share_done(shop: Shop, run: int = 1) -> float:
    """How far this run of the import says it is."""
    found = shop.ask("SELECT done, total FROM core_job WHERE kind = 'catalog.import' ORDER BY id")
    return found[-1][0] / found[-1][1] if len(found) == run and found[-1][1] else 0.0


def has_come_to(point: float, shop: Shop, run: int) -> bool:
    return share_done(shop, run) >= point


def test_an_import_killed_five_times_ends_as_if_it_had_not_been(make_shop, folder, untouched):
    shop = make_shop(environment=QUICK)
    points = sorted(random.Random(7).uniform(0.02, 0.97) for _ in range(KILLS))
    for run, point in enumerate(points, 1):
        running = shop.spawn("manage.py", "import_shop", "native", str(folder))
        until(partial(has_come_to, point, shop, run), seconds=60, what=f"{point:.0%} is done")
        assert running.poll() is None, "it was done before it could be killed"
        running.send_signal(signal.SIGKILL)
        running.wait()

    last = shop.manage("import_shop", "native", str(folder))

    assert last.stdout.startswith("Going on with import #1.")
    assert (rows_of(shop), report_of(shop, 1), refused(shop)) == untouched
    assert shop.ask("SELECT id, state, error FROM catalog_importbatch") == [(1, "done", "")]
    pictures = [path for path in (shop.var / "media" / "products").rglob("*") if path.is_file()]
    assert len(pictures) == shop.ask("SELECT count(*) FROM catalog_productimage")[0][0]
    assert shop.ask("SELECT relname FROM pg_class WHERE relname ~ '^import_' AND relkind = 'r'") == []


def test_an_import_whose_worker_is_killed_is_finished_by_another(make_shop, folder, untouched):
    shop = make_shop(environment=QUICK)
    shop.start("worker-bulk", "scheduler")
    shop.run(
        "from catalog.importing import uploads\n"
        "from catalog.models import ImportBatch\n"
        f"batch = ImportBatch.objects.create(format='native', source={str(folder)!r})\n"
        "uploads.start(batch, None)"
    )
    until(lambda: share_done(shop) >= 0.5, seconds=60, what="half is done")

    shop.part("worker-bulk").kill()
    shop.start("worker-bulk")

    until(
        lambda: shop.ask("SELECT state FROM catalog_importbatch")[0][0] == "done", seconds=60, what="the import is done"
    )
    assert shop.ask("SELECT state, starts FROM core_job WHERE kind = 'catalog.import'") == [("done", 2)]
    assert (rows_of(shop), report_of(shop, 1), refused(shop)) == untouched
