"""A rule as a query.

Every condition is a set of customers, so "not" means "the others" and nothing is lost to empty columns. Conditions on
the same table of one row for each customer become one condition on that table; what remains is `IN` and `NOT IN` of
sub-queries, which PostgreSQL hashes. Values travel as parameters; names of columns come from `fields` alone.
"""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import CustomerScore, CustomerStats, Segment, SegmentSnapshot, SnapshotMember
from analytics.segments import fields, rules
from analytics.segments.fields import ACTS, CUSTOMER, SCORE, STATS, Type
from analytics.segments.rules import BadRule, Condition, Group, Node
from catalog.figures import shop_clock
from catalog.models import Brand, Category, Customer, CustomerTrait, Interaction, OrderLine, Product
from core.shop import current_shop

LONGEST_CHAIN = 5
MOST_IN_ALL = 200
"""Conditions of a rule and of all segments that it stands on."""
TABLES: dict[str, Any] = {STATS: CustomerStats, SCORE: CustomerScore}


@dataclass(frozen=True)
class Leaf:
    """Customers that one table finds, or all others. `condition` is about columns of `table`; of what happened
    (`table` is ACTS) it is a query of customers' keys."""

    table: str
    condition: Any
    is_negated: bool = False

    def as_q(self) -> Q:
        if self.table == CUSTOMER:
            return ~self.condition if self.is_negated else self.condition
        found = self.condition if self.table == ACTS else _keys(TABLES[self.table], self.condition)
        return ~Q(pk__in=found) if self.is_negated else Q(pk__in=found)


@dataclass(frozen=True)
class Branch:
    """All of the parts (`is_all`) or one of them."""

    is_all: bool
    parts: tuple["Tree", ...]

    def as_q(self) -> Q:
        return reduce(and_ if self.is_all else or_, (part.as_q() for part in self.parts))


Tree = Leaf | Branch


@dataclass
class Compiled:
    """A rule made ready. `tree` finds customers, erased ones included; `gone` names what the rule speaks of and is not
    there any more; `refers_to` are the keys of segments in it."""

    tree: Tree
    gone: list[str] = field(default_factory=list)
    refers_to: list[int] = field(default_factory=list)

    @property
    def q(self) -> Q:
        return self.tree.as_q()

    def customers(self) -> QuerySet[Customer]:
        """Who is in it now, without erased customers."""
        return Customer.objects.existing().filter(self.q)

    def plain_count(self) -> QuerySet[Any] | None:
        """The same customers as rows of one narrow table, where one is enough: a third of the work of a join."""
        if not isinstance(self.tree, Leaf) or self.tree.is_negated or self.tree.table not in TABLES:
            return None
        gone = Customer.objects.filter(Q(erased_at__isnull=False) | Q(merged_into__isnull=False)).values("pk")
        rows: QuerySet[Any] = TABLES[self.tree.table].objects.filter(self.tree.condition).exclude(pk__in=gone)
        return rows


class Compiler:
    """Compiles one rule. What it names is read together: a query for each kind of thing, however many conditions.

    `within`: the segment whose rule this is; a rule that leads back to it is refused (BadRule).
    """

    def __init__(self, *, within: Segment | None = None) -> None:
        self.zone = zoneinfo.ZoneInfo(current_shop().time_zone)
        self.within = within
        self.gone: list[str] = []
        self.refers_to: list[int] = []
        self._today: date | None = None
        self._segments: dict[str, Segment] = {}
        self._known: dict[Type, dict[str, Any]] = {}
        self._count = 0

    @property
    def today(self) -> date:
        """The day from which days are counted back: the shop's, or the last one with an order of an old history."""
        if self._today is None:
            with timezone.override(self.zone):
                self._today = shop_clock().today
        return self._today

    def compile(self, rule: Group) -> Compiled:
        """Raises BadRule for segments in a circle and for too many conditions in all."""
        self._read(rule)
        found = [c for c in rules.conditions(rule) if c.field == "segment"]
        self.refers_to = sorted({self._segments[i].pk for c in found for i in c.value if i in self._segments})
        chain = (self.within.pk,) if self.within is not None and self.within.pk else ()
        tree = self._tree(rule, is_negated=False, chain=chain)
        return Compiled(_merged(tree), list(dict.fromkeys(self.gone)), self.refers_to)

    # --- what is named ----------------------------------------------------------------------------------------------

    def _read(self, rule: Group) -> None:
        wanted: dict[Type, set[str]] = {}
        for one in rules.conditions(rule):
            kind = fields.FIELDS[one.field].type
            if kind in fields.THINGS:
                wanted.setdefault(kind, set()).update(one.value)
        for kind, ids in wanted.items():
            known = self._known.setdefault(kind, {})
            missing = ids - set(known)
            if missing:
                known.update(things(kind, missing))
            if kind in (Type.SEGMENT, Type.CLUSTER):
                self._segments.update(known)

    def _things(self, condition: Condition) -> list[Any]:
        """Rows of the ids; what is gone is noted."""
        kind = fields.FIELDS[condition.field].type
        found = []
        for one in condition.value:
            row = self._known[kind].get(one)
            if row is None or is_gone(row):
                self.gone.append(gone_words(kind, one, row))
            if row is not None:
                found.append(row)
        return found

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _tree(self, node: Node, *, is_negated: bool, chain: tuple[int, ...]) -> Tree:
        """With "not" pushed down to the leaves (De Morgan)."""
        if isinstance(node, Condition):
            self._count += 1
            if self._count > MOST_IN_ALL:
                raise BadRule(_("The rule and the segments in it have more than %(most)d conditions.") % {
                    "most": MOST_IN_ALL
                })  # fmt: skip
            return self._condition(node, is_negated=is_negated, chain=chain)
        turned = is_negated != (node.mode in (rules.NONE, rules.NOT_ALL))
        is_all = (node.mode in (rules.ALL, rules.NOT_ALL)) != turned
        parts = tuple(self._tree(part, is_negated=turned, chain=chain) for part in node.parts)
        return Branch(is_all, parts) if len(parts) > 1 else parts[0]

    def _condition(self, one: Condition, *, is_negated: bool, chain: tuple[int, ...]) -> Tree:
        what = fields.FIELDS[one.field]
        is_negated = is_negated != (one.op == "not_in")
        if what.type is Type.SEGMENT:
            return self._in_segments(one, is_negated=is_negated, chain=chain)
        if what.table == ACTS:
            return Leaf(ACTS, self._acts(one), is_negated != (one.op in ("longer_ago", "before")))
        if what.type is Type.CLUSTER:
            keys = [row.pk for row in self._things(one)]
            return Leaf(SCORE, Q(cluster_id__in=keys), is_negated)
        if what.table == CUSTOMER:
            return Leaf(CUSTOMER, self._of_customer(one), is_negated)
        condition = self._of_column(one, what)
        if what.is_zero and _holds_for_zero(one):
            # Who never bought has no row and counts as 0: everybody but those whose row says otherwise.
            return Leaf(what.table, ~condition, not is_negated)
        return Leaf(what.table, condition, is_negated)

    def _in_segments(self, one: Condition, *, is_negated: bool, chain: tuple[int, ...]) -> Tree:
        parts: list[Tree] = []
        for segment in self._things(one):
            if segment.pk in chain:
                raise BadRule(_("“%(name)s” would refer to itself.") % {"name": segment})
            if not segment.is_rule:
                parts.append(leaf_of(segment, is_negated=is_negated))
                continue
            if len(chain) >= LONGEST_CHAIN:
                raise BadRule(_("Segments may stand on at most %(most)d others.") % {"most": LONGEST_CHAIN})
            inner = rules.parse(segment.current.rule)
            self._read(inner)
            parts.append(self._tree(inner, is_negated=is_negated, chain=(*chain, segment.pk)))
        if not parts:
            return Leaf(CUSTOMER, Q(pk__in=[]), is_negated)
        return Branch(is_negated, tuple(parts)) if len(parts) > 1 else parts[0]

    # --- leaves -----------------------------------------------------------------------------------------------------

    def _of_customer(self, one: Condition) -> Q:
        match one.field:
            case "has_email":
                return ~Q(email="") if one.value else Q(email="")
            case "birthday_month":
                return Q(birthday__isnull=False, birthday__month__in=one.value)
            case "joined_at":
                return self._day_q("joined_at", one, as_moment=True)
        return Q(**{f"{fields.FIELDS[one.field].column}__in": one.value})

    def _of_column(self, one: Condition, what: fields.Field) -> Q:
        if what.type is Type.DAY:
            return self._day_q(what.column, one, as_moment=False)
        if what.type is Type.RFM:
            return Q(**{f"{what.column}__in": one.value})
        if what.key == "average_order":
            return _average_q(one)
        return _number_q(what.column, one)

    def _day_q(self, column: str, one: Condition, *, as_moment: bool) -> Q:
        """`within` 7: on one of the last 7 days, today is the first of them. `longer_ago` 7: on a day before those."""
        if one.op in ("within", "longer_ago"):
            first = self.today - timedelta(days=one.value - 1)
        else:
            first = date.fromisoformat(one.value)
        edge: Any = self._midnight(first) if as_moment else first
        return Q(**{f"{column}__{'gte' if one.op in ('within', 'since') else 'lt'}": edge})

    def _acts(self, one: Condition) -> QuerySet[Any]:
        if one.field == "trait":
            return CustomerTrait.objects.filter(kind=one.kind, value__in=one.value).values("customer_id")
        if one.field == "visited":
            return self._visits(one)
        if one.field == "kept_list":
            kept = [row.pk for row in self._things(one)]
            return SnapshotMember.objects.filter(snapshot__in=kept).values("customer_id")
        which = self._products(one)
        since = None if one.days is None else self._midnight(self.today - timedelta(days=one.days - 1))
        if one.field.startswith("viewed"):
            seen = Interaction.objects.filter(which, kind=Interaction.Kind.VIEW, customer__isnull=False)
            return (seen.filter(occurred_at__gte=since) if since else seen).values("customer_id")
        bought = OrderLine.objects.filter(which, order__paid_at__isnull=False, order__customer__isnull=False)
        return (bought.filter(order__paid_at__gte=since) if since else bought).values("order__customer_id")

    def _visits(self, one: Condition) -> QuerySet[Any]:
        """Who did anything from the day on; "longer ago" and "before" are the others, also those never seen."""
        first = (
            self.today - timedelta(days=one.value - 1)
            if one.op in ("within", "longer_ago")
            else date.fromisoformat(one.value)
        )
        rows = Interaction.objects.filter(customer__isnull=False, occurred_at__gte=self._midnight(first))
        return rows.values("customer_id")

    def _products(self, one: Condition) -> Q:
        rows = self._things(one)
        match fields.FIELDS[one.field].type:
            case Type.PRODUCT:
                return Q(product_id__in=[row.pk for row in rows])
            case Type.BRAND:
                products = Product.objects.filter(brand_id__in=[row.pk for row in rows])
            case _:
                below = reduce(or_, (Q(category__path__startswith=row.path) for row in rows), Q(pk__in=[]))
                products = Product.objects.filter(below)
        return Q(product_id__in=products.values("pk"))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)


def compiled(rule: Group, *, within: Segment | None = None) -> Compiled:
    """The rule as a query. Raises BadRule for segments in a circle."""
    return Compiler(within=within).compile(rule)


def of_segment(segment: Segment) -> Compiled:
    """Who is in a segment of any kind, as a query."""
    if segment.is_rule:
        return compiled(rules.parse(segment.current.rule), within=segment)  # type: ignore[union-attr]
    return Compiled(leaf_of(segment))


def leaf_of(segment: Segment, *, is_negated: bool = False) -> Leaf:
    """Of an RFM segment or a cluster."""
    if segment.kind == Segment.Kind.RFM:
        return Leaf(SCORE, Q(rfm_segment=segment.key), is_negated)
    return Leaf(SCORE, Q(cluster_id=segment.pk), is_negated)


# --- things -------------------------------------------------------------------------------------------------------


def things(kind: Type, ids: Iterable[str]) -> dict[str, Any]:
    """Rows by opaque id, also those that are deleted or archived. One query."""
    models: dict[Type, QuerySet[Any]] = {
        Type.PRODUCT: Product.objects.all(),
        Type.CATEGORY: Category.objects.all(),
        Type.BRAND: Brand.objects.all(),
        Type.SEGMENT: Segment.objects.select_related("current"),
        Type.CLUSTER: Segment.objects.filter(kind=Segment.Kind.CLUSTER).select_related("current"),
        Type.LIST: SegmentSnapshot.objects.all(),
    }
    return {row.public_id: row for row in models[kind].filter(public_id__in=list(ids))}


def is_gone(row: Any) -> bool:
    """Deleted or archived: it still counts, and the page says so."""
    return getattr(row, "deleted_at", None) is not None or getattr(row, "archived_at", None) is not None


def gone_words(kind: Type, ident: str, row: Any) -> str:
    """What to say about something in a rule that is not there any more."""
    said = {"name": row if row is not None else ident[:8]}
    if row is not None:
        return (
            _("“%(name)s” is archived and still counts.") % said
            if kind in (Type.SEGMENT, Type.CLUSTER)
            else _("“%(name)s” was deleted; what was bought before still counts.") % said
        )
    return {
        Type.PRODUCT: _("A product in this rule does not exist any more (%(name)s): nobody matches it."),
        Type.CATEGORY: _("A category in this rule does not exist any more (%(name)s): nobody matches it."),
        Type.BRAND: _("A brand in this rule does not exist any more (%(name)s): nobody matches it."),
        Type.LIST: _("A kept list in this rule does not exist any more (%(name)s): nobody matches it."),
    }.get(kind, _("A segment in this rule does not exist any more (%(name)s): nobody matches it.")) % said


# --- small parts --------------------------------------------------------------------------------------------------


def _keys(model: Any, condition: Q) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(condition).values("customer_id")
    return rows


def _number_q(column: Any, one: Condition) -> Q:
    if one.op == "between":
        return Q(**{f"{column}__gte": one.value[0], f"{column}__lte": one.value[1]})
    return Q(**{column if one.op == "eq" else f"{column}__{one.op}": one.value})


def _average_q(one: Condition) -> Q:
    """Revenue / orders ⋛ x, written as revenue ⋛ x · orders: no division, no empty row."""
    if one.op == "between":
        low, high = one.value
        return _average_q(replace(one, op="gte", value=low)) & _average_q(replace(one, op="lte", value=high))
    return Q(orders__gt=0) & Q(**{f"revenue__{one.op}": F("orders") * one.value})


def _holds_for_zero(one: Condition) -> bool:
    value = one.value
    match one.op:
        case "gte":
            return bool(value <= 0)
        case "gt":
            return bool(value < 0)
        case "lte":
            return bool(value >= 0)
        case "lt":
            return bool(value > 0)
        case "between":
            return bool(value[0] <= 0 <= value[1])
    return bool(value == 0)


def _merged(tree: Tree) -> Tree:
    """Conditions on one table with a row for each customer, side by side, become one."""
    if isinstance(tree, Leaf):
        return tree
    flat: list[Tree] = []
    for part in map(_merged, tree.parts):
        flat.extend(part.parts if isinstance(part, Branch) and part.is_all == tree.is_all else [part])
    kept: list[Tree] = []
    by_table: dict[tuple[str, bool], list[Leaf]] = {}
    for part in flat:
        if isinstance(part, Leaf) and part.table in TABLES:
            by_table.setdefault((part.table, part.is_negated), []).append(part)
        else:
            kept.append(part)
    for (table, is_negated), leaves in by_table.items():
        # Not one and not the other is not (one or the other).
        join = and_ if tree.is_all != is_negated else or_
        kept.append(Leaf(table, reduce(join, (leaf.condition for leaf in leaves)), is_negated))
    return Branch(tree.is_all, tuple(kept)) if len(kept) > 1 else kept[0]
