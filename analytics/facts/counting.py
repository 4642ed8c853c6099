"""From orders and refunds to the tables of figures. What is new is added (`adding`); everything else that changed is
counted whole: a customer's month, a day, a period of cohorts. The same orders give the same rows, however often and in
whatever order they arrived.

Triggers note whose sale changed and when (`TouchedSale`). A count takes these notes and writes what follows from them
in one transaction with one view of the database, so it may end at any line and nothing is lost or counted twice. One
session counts at a time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from analytics.facts import adding
from analytics.facts import statements as sql
from analytics.facts.tables import CELLS, DAILY, EVERY, MONTHS, PARTS, PRODUCTS, STATS
from analytics.models import DailySales, FactsState
from core.jobs import guard, locks
from core.models import ShopProfile

FEW_SALES, FEW_DAYS = 20_000, 100
"""Up to so much is counted at once by the task of every few seconds; more is a job."""
MANY_SALES = 200_000
"""From here on counting everything is cheaper than counting what changed."""
MONDAY = date(1, 1, 1)
PATIENCE_SECONDS = 600.0
TRIES = 3
TEMPORARY = (
    *adding.TEMPORARY, "zg_touched", "zg_month", "zg_moved", "zg_day", "zg_week", "zg_period", "zg_sale", "zg_act",
    "zg_acts_of_weeks",
)  # fmt: skip
MARGIN = "interval '3 hours'"
"""A day is looked up by its bounds a little wider, and then told by its date: where clocks go back at midnight an hour
lies outside of every bound."""


Found = TypeVar("Found")


class Busy(Exception):
    """Another session counts."""


@dataclass(frozen=True)
class Clock:
    """In which zone, currency and weeks the figures are, and the moment they stand for."""

    now: datetime
    zone: str
    currency: str
    week_start: int

    @classmethod
    def of_this_shop(cls) -> "Clock":
        shop = ShopProfile.objects.filter(pk=1).first() or ShopProfile()
        return cls(timezone.now(), shop.time_zone, shop.base_currency, shop.week_start)

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def fits(self, state: FactsState | None) -> bool:
        """Whether the figures are there, in the shop's zone, currency and weeks."""
        return state is not None and (state.time_zone, state.currency, state.week_start) == (
            self.zone, self.currency, self.week_start,
        )  # fmt: skip

    def parameters(self) -> dict[str, Any]:
        # Long ago, so that no day lies before it.
        week = MONDAY + timedelta(days=self.week_start - 1)
        return {"zone": self.zone, "base": self.currency, "week": week, "today": self.today}


# --- what others call ---------------------------------------------------------------------------------------------


def refresh() -> bool:
    """Count what changed since the last time, when that is little. False: `count` has to be run as a job. Somebody else
    who counts is as good."""
    state = FactsState.objects.filter(pk=1).first()
    sales, days = _waiting(FEW_SALES + 1)
    if not Clock.of_this_shop().fits(state) or sales > FEW_SALES or days > FEW_DAYS:
        return False
    with suppress(Busy):
        _run(_count_touched)
    return True


def count() -> dict[str, Any]:
    """Count what changed, or everything when much did or the shop's zone, currency or weeks are others now."""
    return _run(_count, patience=PATIENCE_SECONDS)


def rebuild() -> dict[str, int]:
    """Count everything. Rows of each table that differed, by its name."""
    return _run(_rebuild, patience=PATIENCE_SECONDS)


def compare() -> tuple[dict[str, int], int]:
    """Count what changed, then everything, from the same view of the database. Rows that differed, by table, which
    should be none, and how many rows were compared. What differed is put right."""
    return _run(_compare, patience=PATIENCE_SECONDS)


def first_count() -> None:
    """Before the shop opens: count unless it was done."""
    if not Clock.of_this_shop().fits(FactsState.objects.filter(pk=1).first()):
        rebuild()


# --- one at a time, with one view ---------------------------------------------------------------------------------


def _run(work: Callable[[Clock], Found], *, patience: float = 0.0) -> Found:
    """Raises Busy when another session counts for longer than `patience`."""
    with _alone(patience):
        for left in reversed(range(TRIES)):
            try:
                with _one_view():
                    return work(Clock.of_this_shop())
            except OperationalError as error:
                # Rows of a customer who was removed meanwhile: the view has to be a newer one.
                if getattr(error.__cause__, "pgcode", "") != "40001" or not left or connection.in_atomic_block:
                    raise
    raise AssertionError("unreachable")


@contextmanager
def _alone(patience: float) -> Iterator[None]:
    until = time.monotonic() + patience
    while not locks.take(locks.FACTS, space=locks.SINGLE):
        if time.monotonic() >= until:
            raise Busy
        time.sleep(0.5)
    try:
        yield
    finally:
        if connection.is_usable():
            locks.give_back(locks.FACTS, space=locks.SINGLE)


@contextmanager
def _one_view() -> Iterator[None]:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        guard()
        cursor.execute("SET LOCAL work_mem = '128MB'")
        # What was sold lately lies in memory: looking up ten thousand rows is cheaper than reading a million.
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        cursor.execute("SET LOCAL statement_timeout = '30min'")
        yield
        _drop_temporary()


# --- everything ---------------------------------------------------------------------------------------------------


def _count(clock: Clock) -> dict[str, Any]:
    state = FactsState.objects.filter(pk=1).first()
    sales, days = _waiting(MANY_SALES + 1)
    # Half of all days one by one take as long as everything.
    is_much = sales > MANY_SALES or (days > FEW_DAYS and days * 2 > DailySales.objects.count())
    if is_much or not clock.fits(state):
        return {"counted": "everything", "changed": sum(_rebuild(clock).values())}
    return {"counted": "changes", "changed": _count_touched(clock)}


def _compare(clock: Clock) -> tuple[dict[str, int], int]:
    if clock.fits(FactsState.objects.filter(pk=1).first()):
        _count_touched(clock)
    else:
        _rebuild(clock)
    _drop_temporary()
    differences = _rebuild(clock)
    return differences, sum(table.count() for table in EVERY)


def _rebuild(clock: Clock) -> dict[str, int]:
    values = clock.parameters()
    # Everything is read: a loop over rows is never right, and all too likely while an import is so young that nobody
    # has looked how large its tables are.
    _execute("SET LOCAL enable_nestloop = off")
    # A look at 3,000 rows of each temporary table tells the planner as much as one at 30,000, for a fifth of the time.
    _execute("SET LOCAL default_statistics_target = 10")
    _execute("DELETE FROM analytics_touchedsale")
    _make_sales(sql.ORDERS_WITH_ITEMS, sql.REFUNDS, values, items="coalesce(l.items, 0)")
    _execute(f"CREATE TEMP TABLE zg_act ON COMMIT DROP AS {sql.acts('zg_sale')}")
    _execute("ANALYZE zg_act (customer_id, day)")
    MONTHS.make(sql.months("zg_act"), values, analyse="customer_id, month")
    STATS.make(sql.stats(MONTHS.wanted), values, analyse="customer_id, first_day")
    PRODUCTS.make(sql.products(sql.ORDERS, sql.REFUNDS), values, analyse="day, product_id")
    DAILY.make(sql.daily("zg_act", PRODUCTS.wanted, sql.newcomers_of(STATS.wanted)), values)
    PARTS.make(sql.parts("zg_sale"), values)
    CELLS.make(sql.cells(sql.months_of(MONTHS.wanted), sql.weeks("zg_act"), STATS.wanted, is_whole=True), values)
    with _side_by_side():
        found = {table.name: table.apply() for table in EVERY}
    _note_state(clock)
    _execute("SET LOCAL enable_nestloop = on; SET LOCAL default_statistics_target = DEFAULT")
    return found


@contextmanager
def _side_by_side() -> Iterator[None]:
    """What is wanted lies in the order of its keys already, and so mostly does what is there: to sort both and go along
    them costs a third less than a table of hashes of one in which every row of the other is looked up."""
    for way in ("hashjoin", "indexscan"):
        _execute(f"SET LOCAL enable_{way} = off")
    yield
    for way in ("hashjoin", "indexscan"):
        _execute(f"SET LOCAL enable_{way} = on")


def _drop_temporary() -> None:
    """For a second count in the same transaction."""
    names = ", ".join([*TEMPORARY, *(table.wanted for table in EVERY)])
    _execute(f"SET LOCAL client_min_messages = error; DROP TABLE IF EXISTS {names}")


def _note_state(clock: Clock) -> None:
    FactsState.objects.update_or_create(
        pk=1,
        defaults={
            "counted_at": clock.now, "time_zone": clock.zone, "currency": clock.currency,
            "week_start": clock.week_start,
        },
    )  # fmt: skip


# --- what changed -------------------------------------------------------------------------------------------------


def _waiting(most: int) -> tuple[int, int]:
    """Sales that wait to be counted, and their days (of UTC), looked at up to so many sales."""
    sales, days = _ask(
        "SELECT coalesce(sum(sales), 0), count(*) FROM ("
        "SELECT count(*) AS sales FROM (SELECT moment FROM analytics_touchedsale LIMIT %s) few"
        " GROUP BY moment::date) days",
        [most],
    )
    return int(sales), int(days)


def _count_touched(clock: Clock) -> int:
    """How many rows changed."""
    values = clock.parameters()
    changed = adding.add_new(values)
    if _ask("SELECT EXISTS (SELECT 1 FROM zg_touched)", [])[0]:
        _execute("ANALYZE zg_touched")
        changed += _count_customers(values)
        changed += _count_days(values)
        changed += _count_cells(values)
    _execute(sql.FREEZE, values)
    _note_state(clock)
    return changed


MOVED = f"""
CREATE TEMP TABLE zg_moved ON COMMIT DROP AS
SELECT customer_id, s.first_day AS before, w.first_day AS after
FROM (SELECT DISTINCT customer_id FROM zg_month) c LEFT JOIN analytics_customerstats s USING (customer_id)
    LEFT JOIN {STATS.wanted} w USING (customer_id)
WHERE s.first_day IS DISTINCT FROM w.first_day;
ANALYZE zg_moved
"""  # noqa: S608
TOUCHED_MONTHS = (
    f"SELECT customer_id, {sql.MONTH_OF.format('day')} AS month FROM zg_touched WHERE customer_id IS NOT NULL"  # noqa: S608
)
TOUCHED_DAYS = """
SELECT day FROM zg_touched UNION SELECT before FROM zg_moved UNION SELECT after FROM zg_moved
"""
# A customer whose first order moved to another cohort takes along everything bought since.
TOUCHED_WEEKS = f"""
SELECT {sql.WEEK_OF.format("day")} AS week FROM (
    SELECT day FROM zg_touched WHERE customer_id IS NOT NULL
    UNION SELECT {sql.day("o.paid_at")} FROM catalog_order o JOIN zg_moved USING (customer_id)
        WHERE o.paid_at IS NOT NULL
    UNION SELECT {sql.day("r.refunded_at")} FROM catalog_order o JOIN zg_moved USING (customer_id)
        JOIN catalog_refund r ON r.order_id = o.id
    UNION SELECT {sql.day("r.refunded_at")} FROM catalog_refund r JOIN zg_moved USING (customer_id)
) moved
"""  # noqa: S608
PERIODS = f"""
CREATE TEMP TABLE zg_period ON COMMIT DROP AS
SELECT {sql.MONTH_OF.format("day")} AS period FROM zg_touched WHERE customer_id IS NOT NULL
UNION SELECT m.month FROM analytics_customermonth m JOIN zg_moved USING (customer_id)
"""  # noqa: S608


def _count_customers(values: dict[str, Any]) -> int:
    """Months of the customers touched, and from all their months what they are in all."""
    _make_scope("zg_month", "customer_id, month", "month", "interval '1 month'", TOUCHED_MONTHS, values)
    orders, refunds = _within("zg_month", "month", sql.MONTH_OF, of_customer=True)
    acts = sql.acts(f"({sql.sales(orders, refunds, sql.ITEMS_OF_ORDER)})")
    MONTHS.make(sql.months(f"({acts}) a"), values | _bounds("zg_month"), analyse="customer_id, month")
    changed = MONTHS.apply(
        "EXISTS (SELECT 1 FROM zg_month x WHERE x.customer_id = t.customer_id AND x.month = t.month)"
    )
    theirs = "customer_id IN (SELECT customer_id FROM zg_month)"
    STATS.make(sql.stats(f"({MONTHS.in_units()} WHERE {theirs}) m"), values, analyse="customer_id, first_day")
    _execute(MOVED)
    return changed + STATS.apply(f"t.{theirs}")


def _count_days(values: dict[str, Any]) -> int:
    """Days touched, and those that have a first-time buyer more or less."""
    _make_scope("zg_day", "day", "day", "1", TOUCHED_DAYS, values)
    orders, refunds = _within("zg_day", "day", "{0}")
    values = values | _bounds("zg_day")
    PRODUCTS.make(sql.products(orders, refunds), values, analyse="day, product_id")
    _make_sales(orders, refunds, values)
    _execute(f"CREATE TEMP TABLE zg_act ON COMMIT DROP AS {sql.acts('zg_sale')}")
    DAILY.make(sql.daily("zg_act", PRODUCTS.wanted, sql.newcomers_among("zg_act")), values)
    PARTS.make(sql.parts("zg_sale"), values)
    scope = "t.day IN (SELECT day FROM zg_day)"
    return PRODUCTS.apply(scope) + DAILY.apply(scope) + PARTS.apply(scope)


def _count_cells(values: dict[str, Any]) -> int:
    """Weeks and months touched, each for all cohorts."""
    _make_scope("zg_week", "week", "week", "7", TOUCHED_WEEKS, values)
    orders, refunds = _within("zg_week", "week", sql.WEEK_OF)
    acts = sql.acts(f"({sql.sales(orders, refunds)})")
    _execute(f"CREATE TEMP TABLE zg_acts_of_weeks ON COMMIT DROP AS {acts}", values | _bounds("zg_week"))
    _execute("ANALYZE zg_acts_of_weeks (customer_id, day)")
    _execute(PERIODS)
    # As a value, so that the planner knows how few of the months they are.
    touched = _ask("SELECT array_agg(period) FROM zg_period", [])[0] or []
    values = values | {"months": touched}
    months = sql.months_of(f"({MONTHS.in_units()} WHERE month = ANY(%(months)s::date[])) m")
    CELLS.make(sql.cells(months, sql.weeks("zg_acts_of_weeks"), "analytics_customerstats"), values)
    of_week, of_month = "SELECT week FROM zg_week", "SELECT period FROM zg_period"
    return CELLS.apply(
        f"{sql.PERIOD_OF_CELL} IN ({of_week}) AND t.grain = 'week'"
        f" OR {sql.PERIOD_OF_CELL} IN ({of_month}) AND t.grain = 'month'"
    )


def _make_sales(orders: str, refunds: str, values: dict[str, Any], *, items: str = "0") -> None:
    """Orders and refunds are read once for customers' days and for parts of days."""
    _execute(f"CREATE TEMP TABLE zg_sale ON COMMIT DROP AS {sql.sales(orders, refunds, items)}", values)
    _execute("ANALYZE zg_sale (customer_id, moment, channel, country)")


def _make_scope(name: str, keys: str, first: str, length: str, rows: str, values: dict[str, Any]) -> None:
    """A temporary table of months, weeks or days with the moments between which to look for their orders."""
    _execute(
        f"""
        CREATE TEMP TABLE {name} ON COMMIT DROP AS
        SELECT DISTINCT {keys}, ({first}::timestamp AT TIME ZONE %(zone)s) - {MARGIN} AS since,
            (({first} + {length})::timestamp AT TIME ZONE %(zone)s) + {MARGIN} AS until
        FROM ({rows}) found WHERE {first} IS NOT NULL
        """,  # noqa: S608
        values,
    )
    _execute(f"ANALYZE {name}")


def _within(scope: str, key: str, whole: str, *, of_customer: bool = False) -> tuple[str, str]:
    """Orders and refunds of the rows `x` of a scope: what stands behind FROM. `whole` makes the key of a day."""

    def condition(moment: str, customer: str) -> str:
        own = f" AND x.customer_id = {customer}" if of_customer else ""
        return f"{moment} >= x.since AND {moment} < x.until{own} AND {whole.format(sql.day(moment))} = x.{key}"

    return (
        f"{scope} x JOIN catalog_order o ON {condition('o.paid_at', 'o.customer_id')}"
        " WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s",
        "catalog_refund r LEFT JOIN catalog_order o ON o.id = r.order_id"
        f" JOIN {scope} x ON {condition('r.refunded_at', sql.REFUNDED_TO)}"
        " WHERE r.refunded_at >= %(since)s AND r.refunded_at < %(until)s",
    )


def _bounds(scope: str) -> dict[str, Any]:
    """First and last moment of a scope as values, so that the planner knows how much of the orders they are."""
    since, until = _ask(f"SELECT min(since)::text, max(until)::text FROM {scope}", [])  # noqa: S608
    return {"since": since, "until": until}


def _execute(statement: str, values: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _ask(statement: str, values: list[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: tuple[Any, ...] = cursor.fetchone()
    return found
