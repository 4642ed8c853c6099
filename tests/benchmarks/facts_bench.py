"""What the figures cost: `python -m tests.benchmarks.facts_bench` (a million orders; `--full` adds ten million).

On shops that are made once and kept (`facts_shop`). Processor seconds of this process, its session and whatever the
server started for it: a count of everything into empty tables; one that compares and finds nothing; 10,000 new orders
into the tables, again and again; single orders with and without the triggers. Beside them, in the same run and in
turns, what plain SQL needs with the same memory: three of the tables by GROUP BY; all six of them, each straight from
orders and refunds, without pieces; and new orders added to what is there. The home page and pages of figures are
opened, too: queries and processor milliseconds. Orders carry no lines at the sizes that are compared with each other;
a million with two lines each stand beside. Each figure is printed as it is found. With BENCH_LOCK, what is measured
waits for a lock on that file. Exit status 1 when a bound is broken: those in seconds stand for a machine on which the
three tables take 1.0 and 14.9 s, so that what a full count may cost beside them is a bound of its own.
"""

import argparse
import fcntl
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.places import BENCH, ROOT

SIZE, LARGE, NEW, SINGLE = 1_000_000, 10_000_000, 10_000, 500
TIMES = 5
MOST = {SIZE: 3.0, LARGE: 45.0}
MOST_NEW, MOST_GROWTH, MOST_TRIGGER_MS = 0.3, 16.0, 0.5
MOST_TO_PLAIN = 3.0
MOST_QUERIES, MOST_PAGE_MS = 15, 500
PAGES = ("", *(f"analytics/{name}/" for name in ("sales", "cohorts", "products", "customers", "segment", "impact")))
MEMORY = "128MB"
"""As much as a full count takes for sorting and hashing."""
PLAIN = """
DROP TABLE IF EXISTS plain_stats, plain_daily, plain_months;
CREATE TEMP TABLE plain_stats AS SELECT customer_id, count(*) AS orders, sum(paid_total) AS gross,
    min(paid_at) AS first, max(paid_at) AS last FROM catalog_order GROUP BY 1;
CREATE TEMP TABLE plain_daily AS SELECT (paid_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS orders,
    sum(paid_total) AS gross FROM catalog_order GROUP BY 1;
CREATE TEMP TABLE plain_months AS SELECT customer_id, date_trunc('month', paid_at AT TIME ZONE 'Asia/Shanghai')::date
    AS month, count(*) AS orders, sum(paid_total) AS gross FROM catalog_order GROUP BY 1, 2
"""
DAY = "(o.paid_at AT TIME ZONE 'Asia/Shanghai')::date"
PLAIN_EVERY = f"""
DROP VIEW IF EXISTS plain_sale CASCADE;
DROP TABLE IF EXISTS every_stats, every_months, every_daily, every_parts, every_products, every_cells;
CREATE TEMP VIEW plain_sale AS
    SELECT customer_id, paid_at AT TIME ZONE 'Asia/Shanghai' AS moment, channel, country, 1 AS orders,
        paid_total * base_rate AS gross, 0 AS refunds, 0::numeric AS refunded
    FROM catalog_order WHERE paid_at IS NOT NULL
    UNION ALL SELECT o.customer_id, r.refunded_at AT TIME ZONE 'Asia/Shanghai', o.channel, o.country, 0, 0, 1,
        r.amount * o.base_rate FROM catalog_refund r JOIN catalog_order o ON o.id = r.order_id;
CREATE TEMP TABLE every_stats AS SELECT customer_id, sum(orders) AS orders,
    count(DISTINCT moment::date) FILTER (WHERE orders > 0) AS purchase_days, sum(gross) AS gross,
    sum(refunds) AS refunds, sum(refunded) AS refunded, min(moment) FILTER (WHERE orders > 0)::date AS first_day,
    max(moment) FILTER (WHERE orders > 0)::date AS last_day FROM plain_sale GROUP BY 1;
CREATE TEMP TABLE every_months AS SELECT customer_id, date_trunc('month', moment)::date AS month, sum(orders) AS orders,
    count(DISTINCT moment::date) FILTER (WHERE orders > 0) AS purchase_days, sum(gross) AS gross,
    sum(refunds) AS refunds, sum(refunded) AS refunded, min(moment) FILTER (WHERE orders > 0)::date AS first_day,
    max(moment) FILTER (WHERE orders > 0)::date AS last_day FROM plain_sale GROUP BY 1, 2;
CREATE TEMP TABLE every_daily AS SELECT moment::date AS day, sum(orders) AS orders,
    count(DISTINCT customer_id) FILTER (WHERE orders > 0) AS buyers, sum(gross) AS gross, sum(refunds) AS refunds,
    sum(refunded) AS refunded FROM plain_sale GROUP BY 1;
CREATE TEMP TABLE every_parts AS
    SELECT moment::date AS day, 'hour' AS kind, date_part('hour', moment)::text AS part, sum(orders) AS orders,
        sum(gross) AS gross, sum(refunded) AS refunded FROM plain_sale GROUP BY 1, 3
    UNION ALL SELECT moment::date, 'channel', channel, sum(orders), sum(gross), sum(refunded)
        FROM plain_sale GROUP BY 1, 3
    UNION ALL SELECT moment::date, 'country', country, sum(orders), sum(gross), sum(refunded)
        FROM plain_sale GROUP BY 1, 3;
CREATE TEMP TABLE every_products AS SELECT {DAY} AS day, l.product_id, count(DISTINCT o.id) AS orders,
    sum(l.quantity) AS items, sum(l.quantity * l.unit_price - l.discount) AS gross
    FROM catalog_orderline l JOIN catalog_order o ON o.id = l.order_id GROUP BY 1, 2;
CREATE TEMP TABLE every_cells AS
    SELECT 'week' AS grain, date_trunc('week', first_day)::date AS cohort, date_trunc('week', moment)::date AS period,
        count(DISTINCT customer_id) FILTER (WHERE s.orders > 0) AS customers, sum(s.orders) AS orders,
        sum(s.gross - s.refunded) AS revenue FROM plain_sale s JOIN every_stats USING (customer_id) GROUP BY 2, 3
    UNION ALL SELECT 'month', date_trunc('month', first_day)::date, date_trunc('month', moment)::date,
        count(DISTINCT customer_id) FILTER (WHERE s.orders > 0), sum(s.orders), sum(s.gross - s.refunded)
    FROM plain_sale s JOIN every_stats USING (customer_id) GROUP BY 2, 3
"""
PLAIN_KEYS = """
CREATE UNIQUE INDEX ON plain_stats (customer_id); CREATE UNIQUE INDEX ON plain_daily (day);
CREATE UNIQUE INDEX ON plain_months (customer_id, month); ANALYZE plain_stats; ANALYZE plain_months
"""
PLAIN_ADD = """
INSERT INTO plain_stats AS t SELECT customer_id, count(*), sum(paid_total), min(paid_at), max(paid_at)
    FROM catalog_order WHERE id > %(last)s GROUP BY 1
    ON CONFLICT (customer_id) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross;
INSERT INTO plain_daily AS t SELECT (paid_at AT TIME ZONE 'Asia/Shanghai')::date, count(*), sum(paid_total)
    FROM catalog_order WHERE id > %(last)s GROUP BY 1
    ON CONFLICT (day) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross;
INSERT INTO plain_months AS t SELECT customer_id, date_trunc('month', paid_at AT TIME ZONE 'Asia/Shanghai')::date,
    count(*), sum(paid_total) FROM catalog_order WHERE id > %(last)s GROUP BY 1, 2
    ON CONFLICT (customer_id, month) DO UPDATE SET orders = t.orders + EXCLUDED.orders, gross = t.gross + EXCLUDED.gross
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="Ten million orders, too: 6 GB.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        size, lines = options.one.split("/")
        print(json.dumps(_measure(int(size), lines=bool(lines))))
        return 0
    result: dict[str, Any] = {"with_two_lines": _in_own_process(SIZE, lines=True)}
    for size in (SIZE, LARGE) if options.full else (SIZE,):
        result[f"{size:,}"] = _in_own_process(size, lines=False)
    broken = _broken(result)
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "facts.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    for line in broken:
        print(f"OUT OF RANGE {line}")
    return 1 if broken else 0


def _in_own_process(size: int, *, lines: bool) -> dict[str, Any]:
    """Settings are those of the process that reads them first: each shop has its own."""
    from tests.benchmarks.facts_shop import place

    var = place(size, lines=lines)
    var.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "VAR_DIR": str(var), "DATABASE_URL": "", "REDIS_URL": "", "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings", "STATEMENT_TIMEOUT_MS": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.benchmarks.facts_bench", "--one", f"{size}/{'lines' if lines else ''}"]
    last = ""
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE) as child:
        for last in child.stdout or ():
            print(last, end="", flush=True)
    if child.returncode:
        raise SystemExit(child.returncode)
    found: dict[str, Any] = json.loads(last)
    return found


def _broken(result: dict[str, Any]) -> list[str]:
    broken = []
    for size, most in MOST.items():
        row = result.get(f"{size:,}", {})
        for name in ("first_count", "compare"):
            if row and row[name] > most:
                broken.append(f"{name} of {size:,}: {row[name]} s")
            if row and row[f"{name}_to_plain"] > MOST_TO_PLAIN:
                broken.append(f"{name} of {size:,}: {row[f'{name}_to_plain']} times three plain tables")
    for title, row in result.items():
        for page, asked in row["pages"].items():
            if asked["queries"] > MOST_QUERIES or asked["cpu_milliseconds"] > MOST_PAGE_MS:
                broken.append(f"{page}, {title}: {asked}")
        if row["drift"]:
            broken.append(f"drift, {title}: {row['drift']}")
        if row["new_orders"] > MOST_NEW:
            broken.append(f"{NEW:,} new orders, {title}: {row['new_orders']} s")
    if f"{LARGE:,}" in result:
        for name in ("first_count", "compare"):
            growth = result[f"{LARGE:,}"][name] / result[f"{SIZE:,}"][name]
            print(f"growth of {name}: {growth:.1f}")
            if growth > MOST_GROWTH:
                broken.append(f"{name}: ten times the orders cost {growth:.1f} times")
    if result["with_two_lines"]["trigger_ms_per_order"] > MOST_TRIGGER_MS:
        broken.append("the triggers are slow")
    return broken


def _measure(size: int, *, lines: bool) -> dict[str, Any]:
    """All of one shop, in processor seconds."""
    import django

    django.setup()
    from analytics.facts import counting
    from core import local_services
    from tests.benchmarks import facts_shop
    from tests.benchmarks.facts_shop import rows, run

    facts_shop.prepare(size, lines=lines)
    people = facts_shop.people_of(size)
    found: dict[str, Any] = {}
    run(f"SET work_mem = '{MEMORY}'")
    found["plain_group_by"] = _cpu("three tables by GROUP BY", lambda: run(PLAIN))
    found["plain_every"] = _cpu("all six tables by GROUP BY", lambda: run(PLAIN_EVERY))
    run("RESET work_mem")
    found["first_count"] = _cpu("a count of everything into empty tables", counting.rebuild)
    run("VACUUM ANALYZE")
    found["compare"] = _cpu("a count of everything that is compared", counting.rebuild)
    found["nightly"] = _cpu("the nightly check", counting.compare)
    found["pages"] = _pages()
    run(PLAIN_KEYS)
    for title, days in (("new", 0.5), ("late", float(facts_shop.DAYS))):
        plain, ours = [], []
        for turn in range(TIMES if title == "new" else 1):
            ((last,),) = rows("SELECT max(id) FROM catalog_order")
            facts_shop.add_orders(name=f"{title}{turn}-", people=people, size=NEW, days=days)
            if lines:
                run(facts_shop.LINES, last=last)
            plain.append(_cpu(f"{title} orders added", lambda last=last: run(PLAIN_ADD, last=last)))  # type: ignore[misc]
            ours.append(_cpu(f"{title} orders counted", counting.count))
        found[f"plain_{title}"], found[f"{title}_orders"] = statistics.median(plain), statistics.median(ours)
    found["drift"] = sum(counting.compare()[0].values())
    for name in ("first_count", "compare"):
        found[f"{name}_to_plain"] = round(found[name] / found["plain_group_by"], 2)
        found[f"{name}_to_every"] = round(found[name] / found["plain_every"], 2)
    found["new_to_plain"] = round(found["new_orders"] / found["plain_new"], 2)
    if lines:
        found["trigger_ms_per_order"] = _trigger_cost(people)
    local_services.stop(facts_shop.place(size, lines=lines), force=True)
    return found


def _pages() -> dict[str, dict[str, float]]:
    """Queries and processor milliseconds of each page, with static files by their own names: none are collected."""
    from django.conf import settings
    from django.test import override_settings

    from tests.benchmarks.customers_bench import open_pages

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        return open_pages(PAGES)


def _trigger_cost(people: int) -> float:
    """Milliseconds of processor for one order with two lines, each by a statement of its own: with less without."""
    from tests.benchmarks.facts_shop import LINES, add_orders, rows, run

    costs = []
    for word in ("DISABLE", "ENABLE"):
        for table in ("catalog_order", "catalog_orderline"):
            for (name,) in rows(
                "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'analytics%%' AND tgrelid = %s::regclass", [table]
            ):
                run(f"ALTER TABLE {table} {word} TRIGGER {name}")

        def one_by_one(word: str = word) -> None:
            for number in range(SINGLE):
                add_orders(name=f"{word}{number}-", people=people, size=1, days=0.5)
                run(LINES, last=rows("SELECT max(id) FROM catalog_order")[0][0] - 1)

        costs.append(_cpu(f"{SINGLE} orders, triggers {word.lower()}d", one_by_one))
    return round((costs[1] - costs[0]) / SINGLE * 1000, 3)


# --- processor time -----------------------------------------------------------------------------------------------


def _cpu(what: str, work: Callable[[], Any]) -> float:
    """Processor seconds of this process, of its session and of helpers that the server started and that ended."""
    from tests.benchmarks.facts_shop import rows

    ((session,),) = rows("SELECT pg_backend_pid()")
    with _alone():
        clock = time.monotonic()
        begun = time.process_time() + _spent(session)
        work()
        spent = round(time.process_time() + _spent(session) - begun, 3)
        print(f"{what}: {spent} s of processor, {time.monotonic() - clock:.2f} s by the clock", flush=True)
    return spent


@contextmanager
def _alone() -> Iterator[None]:
    path = os.environ.get("BENCH_LOCK")
    if not path:
        yield
        return
    with Path(path).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _spent(session: int) -> float:
    """The session by the nanosecond; helpers that ended by the tick, as their parent knows them."""
    own = int(Path(f"/proc/{session}/schedstat").read_text().split()[0]) / 1e9
    server = _stat(int(_stat(session)[1]))
    return own + (int(server[13]) + int(server[14])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


if __name__ == "__main__":
    sys.exit(main())
