"""A rule while somebody builds it: half-filled conditions, values as they were typed, what is wrong beside its row.

The form names each part by its place: `mode.r.1` is the mode of the second part of the outermost group, `field.r.1.0`
the field of that group's first condition. Without scripts the same form works: every button sends it whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.models import Segment, SegmentSnapshot
from analytics.segments import fields, rules, words
from analytics.segments.fields import FIELDS, Field, Type
from analytics.segments.named import RFM
from analytics.segments.rules import BadRule, Condition, Group, Node
from catalog.models import Brand, Category, Customer, CustomerTrait, Product
from core.components.words import day_text
from core.countries import country_name
from core.filters import occurring_values
from core.shop import current_shop
from core.typed import typed_number

PLACE = re.compile(r"r(?:\.\d{1,2}){0,6}")
MOST_NODES = 120
MOST_BOXES = 12
"""Values that all stand as boxes to tick; of more, those chosen stand as boxes and the others in a list to add from."""
MOST_FOUND = 8
MOST_DIGITS = 15
LANGUAGE_SAMPLE = 2_000


@dataclass
class Option:
    """One value of a list that can be ticked."""

    value: str
    label: str
    is_on: bool


@dataclass
class DraftCondition:
    """One row of the builder. `texts` are what stands in its inputs."""

    place: str
    field: str = "orders"
    op: str = ""
    texts: list[str] = made(default_factory=list)
    days: str = ""
    kind: str = ""
    search: str = ""
    error: str = ""
    is_new: bool = False
    is_asking: bool = False
    """Something was typed to search for and not looked for yet: Enter in that field sends the whole form."""

    is_group = False

    @property
    def what(self) -> Field:
        return FIELDS.get(self.field, FIELDS["orders"])

    @property
    def ops(self) -> list[tuple[str, str]]:
        return [(op, op_label(self.what, op)) for op in self.what.ops]

    @property
    def form(self) -> str:
        """Which inputs the row has."""
        if self.what.type is Type.FLAG:
            return "flag"
        if self.op in fields.SETS:
            return "search" if self.what.type in (Type.PRODUCT, Type.CATEGORY, Type.BRAND) else "choose"
        if self.op == "between":
            return "between"
        return "date" if self.op in ("since", "before") else "number"

    @property
    def unit(self) -> str:
        if self.what.type is Type.SHARE:
            return "%"
        if self.what.type is Type.MONEY:
            return current_shop().base_currency
        if self.op in ("within", "longer_ago"):
            return _("days")
        return ""

    @property
    def text(self) -> str:
        return self.texts[0] if self.texts else ""

    @property
    def second(self) -> str:
        return self.texts[1] if len(self.texts) > 1 else ""

    # filled by `choices_for`
    boxes: list[Option] = made(default_factory=list)
    others: list[Option] = made(default_factory=list)
    kinds: list[str] = made(default_factory=list)
    found_nothing: bool = False

    def data(self) -> dict[str, Any]:
        """JSON as `rules.parse` takes it; what cannot be read stays a text, and is refused there."""
        found: dict[str, Any] = {"field": self.field, "op": self.op, "value": self._value()}
        if self.what.takes_days and self.days.strip():
            found["days"] = _whole(self.days)
        if self.what.takes_kind:
            found["kind"] = self.kind
        return found

    def _value(self) -> Any:
        if self.op in fields.SETS:
            if self.what.type is Type.MONTH:
                return [_whole(text) for text in self.texts]
            return [_scalar(text) for text in self.texts] if self.what.type is Type.TRAIT else list(self.texts)
        if self.what.type is Type.FLAG:
            return self.text != "no"
        if self.op in ("since", "before"):
            return self.text
        if self.op in ("within", "longer_ago"):
            return _whole(self.text)
        if self.op == "between":
            return [self._number(self.text), self._number(self.second)]
        return self._number(self.text)

    def _number(self, text: str) -> Any:
        number = _number(text)
        return number / 100 if self.what.type is Type.SHARE and not isinstance(number, str) else number


@dataclass
class DraftGroup:
    """A group of the builder."""

    place: str
    mode: str = rules.ALL
    parts: list["Draft"] = made(default_factory=list)
    error: str = ""

    is_group = True

    @property
    def depth(self) -> int:
        return self.place.count(".") + 1

    @property
    def may_nest(self) -> bool:
        return self.depth < rules.DEEPEST

    def data(self) -> dict[str, Any]:
        parts = [part.data() for part in self.parts]
        if self.mode == rules.NONE:
            return {"not": {rules.ANY: parts}}
        if self.mode == rules.NOT_ALL:
            return {"not": {rules.ALL: parts}}
        return {self.mode: parts}


Draft = DraftCondition | DraftGroup


# --- from and to --------------------------------------------------------------------------------------------------


def empty() -> DraftGroup:
    """What a new segment begins with."""
    first = DraftCondition("r.0", field="orders", op="gte", texts=["1"])
    return DraftGroup("r", parts=[first])


def of_rule(rule: Group) -> DraftGroup:
    """The builder of a stored rule."""
    found = _drafted(rule, "r")
    assert isinstance(found, DraftGroup)
    return found


def of_form(data: QueryDict) -> DraftGroup:
    """The builder as it was sent. Parts whose group is missing are left out."""
    nodes: dict[str, Draft] = {"r": DraftGroup("r", _mode(data, "r"))}
    for place in data.getlist("node")[:MOST_NODES]:
        if not PLACE.fullmatch(place) or place in nodes:
            continue
        parent = nodes.get(place.rpartition(".")[0])
        if not isinstance(parent, DraftGroup):
            continue
        node: Draft = DraftGroup(place, _mode(data, place)) if f"mode.{place}" in data else _row(data, place)
        nodes[place] = node
        parent.parts.append(node)
    root = nodes["r"]
    assert isinstance(root, DraftGroup)
    return _numbered(root)


def apply(root: DraftGroup, act: str) -> DraftGroup:
    """The builder after one act: `add:PLACE`, `group:PLACE`, `remove:PLACE`, `up:PLACE`, `down:PLACE`. Unknown acts and
    places change nothing."""
    name, _colon, place = act.partition(":")
    nodes = {node.place: node for node in walk(root)}
    target = nodes.get(place)
    if (
        isinstance(target, DraftGroup)
        and name == "add"
        and sum(1 for _node in conditions(root)) < rules.MOST_CONDITIONS
    ):
        target.parts.append(DraftCondition("new", field="orders", op="gte", texts=[""], is_new=True))
    elif isinstance(target, DraftGroup) and name == "group" and target.may_nest:
        inner = DraftCondition("new", field="orders", op="gte", texts=[""], is_new=True)
        target.parts.append(DraftGroup("new", rules.ANY, [inner]))
    elif target is not None and place != "r" and name in ("remove", "up", "down"):
        parent = nodes[place.rpartition(".")[0]]
        assert isinstance(parent, DraftGroup)
        at = parent.parts.index(target)
        if name == "remove":
            parent.parts.pop(at)
        else:
            to = at - 1 if name == "up" else at + 1
            if 0 <= to < len(parent.parts):
                parent.parts[at], parent.parts[to] = parent.parts[to], parent.parts[at]
    return _numbered(root)


def walk(node: Draft) -> Iterator[Draft]:
    """Every part, outermost first."""
    yield node
    if isinstance(node, DraftGroup):
        for part in node.parts:
            yield from walk(part)


def conditions(root: DraftGroup) -> Iterator[DraftCondition]:
    return (node for node in walk(root) if isinstance(node, DraftCondition))


def rule_of(root: DraftGroup) -> Group | None:
    """The rule, or None with what is wrong noted at its part."""
    try:
        return rules.parse(root.data())
    except BadRule as error:
        place = ".".join(["r", *filter(None, [str(error.extra.get("path", ""))])])
        nodes = {node.place: node for node in walk(root)}
        nodes.get(place, root).error = str(error.message)  # `not` and its group are one part here and there
        return None


# --- what can be chosen -------------------------------------------------------------------------------------------


def choices_for(root: DraftGroup, person: Any) -> None:
    """Fill in what each row offers. A query for each kind of thing that is chosen from, one for each search."""
    rows = [one for one in conditions(root) if one.op in fields.SETS]
    named = _names(rows)
    listed: dict[Any, list[tuple[str, str]]] = {}
    for one in rows:
        kind = one.what.type
        if one.form == "search":
            one.boxes = [Option(text, _label(named, kind, text), True) for text in one.texts]
            if one.search.strip():
                found = [o for o in search(kind, one.search.strip()[:100]) if o.value not in one.texts]
                one.boxes += found
                one.found_nothing = not found
            continue
        key = (kind, one.field, one.kind)
        if key not in listed:
            listed[key] = _listed(one, person)
        known = dict(listed[key])
        chosen = [Option(text, known.get(text) or _label(named, kind, text), True) for text in one.texts]
        rest = [Option(value, label, False) for value, label in listed[key] if value not in one.texts]
        if len(listed[key]) <= MOST_BOXES:
            order = {value: place for place, (value, _text) in enumerate(listed[key])}
            one.boxes = sorted([*chosen, *rest], key=lambda option: order.get(option.value, -1))
        else:
            one.boxes, one.others = chosen, rest
        if one.what.takes_kind:
            one.kinds = trait_kinds()


def field_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields by what they are about, for the list to choose from."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in FIELDS.values():
        found.setdefault(str(one.group), []).append((one.key, str(one.title)))
    return list(found.items())


def op_label(what: Field, op: str) -> str:
    """How an operator is called in the list."""
    if what.type in (Type.PRODUCT, Type.CATEGORY, Type.BRAND):
        return pgettext("did one of these", "any of") if op == "in" else pgettext("did none of these", "none of")
    return {
        "gte": _("at least"), "lte": _("at most"), "gt": _("more than"), "lt": _("less than"), "eq": _("exactly"),
        "between": pgettext("two numbers", "from … to …"), "within": _("in the last … days"),
        "longer_ago": _("… days ago or longer"), "since": _("on this day or later"), "before": _("before this day"),
        "in": pgettext("one of these", "is"), "not_in": pgettext("none of these", "is not"),
        "is": pgettext("yes or no", "is"),
    }[op]  # fmt: skip


MODE_LABELS = {
    rules.ALL: lambda: _("all of these hold"),
    rules.ANY: lambda: _("at least one holds"),
    rules.NONE: lambda: _("none of these holds"),
    rules.NOT_ALL: lambda: _("not all of these hold"),
}


def modes() -> list[tuple[str, str]]:
    return [(mode, label()) for mode, label in MODE_LABELS.items()]


def search(kind: Type, text: str) -> list[Option]:
    """Products, categories or brands by the beginning of their name, a SKU or an own ID."""
    if kind is Type.PRODUCT:
        rows: Any = Product.objects.filter(deleted_at=None)
        by_code = rows.filter(variants__sku__iexact=text) | rows.filter(external_id=text)
        found = list(by_code.distinct()[:MOST_FOUND]) or list(rows.filter(name__icontains=text)[:MOST_FOUND])
    elif kind is Type.CATEGORY:
        found = list(Category.objects.filter(name__icontains=text).order_by("path")[:MOST_FOUND])
    else:
        found = list(Brand.objects.filter(name__icontains=text).order_by("name")[:MOST_FOUND])
    return [Option(row.public_id, str(row), False) for row in found]


def trait_kinds() -> list[str]:
    """Kinds of traits that occur, each found with one step in the table's index."""
    return occurring_values(CustomerTrait, "kind")


def _listed(one: DraftCondition, person: Any) -> list[tuple[str, str]]:
    match one.what.type:
        case Type.MONTH:
            return [(str(number), str(name)) for number, name in MONTHS.items()]
        case Type.RFM:
            return [(key, str(title)) for key, (title, _text) in RFM.items()]
        case Type.SEGMENT:
            rows = Segment.objects.alive().visible_to(person)
            return sorted(((row.public_id, str(row)) for row in rows), key=lambda pair: pair[1])
        case Type.LIST:
            visible = Segment.objects.visible_to(person)
            kept = SegmentSnapshot.objects.filter(segment__in=visible)[: fields.MOST_VALUES]
            return [(row.public_id, f"{row} · {day_text(timezone.localtime(row.as_of).date())}") for row in kept]
        case Type.CLUSTER:
            return [(row.public_id, str(row)) for row in Segment.objects.alive().filter(kind=Segment.Kind.CLUSTER)]
        case Type.TRAIT:
            values = CustomerTrait.objects.filter(kind=one.kind).order_by().values_list("value", flat=True)[:500]
            texts = {str(value) for value in values if isinstance(value, str | int | float)}
            return [(text, text) for text in sorted(texts)[:50]]
    if one.field == "country":
        return [(value, country_name(value)) for value in occurring_values(Customer, "country") if value]
    return [(value, value) for value in _languages()]


def _languages() -> list[str]:
    """Of the shop and of the customers that came last."""
    rows = Customer.objects.order_by("-joined_at", "-id").values_list("language", flat=True)[:LANGUAGE_SAMPLE]
    return sorted({*(current_shop().languages or []), *filter(None, rows)})


def _names(rows: Sequence[DraftCondition]) -> dict[Type, dict[str, Any]]:
    wanted: dict[Type, set[str]] = {}
    for one in rows:
        if one.what.type in fields.THINGS:
            wanted.setdefault(one.what.type, set()).update(t for t in one.texts if fields.PUBLIC_ID.fullmatch(t))
    return {kind: words.things(kind, ids) for kind, ids in wanted.items() if ids}


def _label(named: dict[Type, dict[str, Any]], kind: Type, text: str) -> str:
    if kind in fields.THINGS:
        row = named.get(kind, {}).get(text)
        return str(row) if row is not None else _("gone (%(id)s)") % {"id": text[:8]}
    return text


# --- small parts --------------------------------------------------------------------------------------------------


def _drafted(node: Node, place: str) -> Draft:
    if isinstance(node, Group):
        return DraftGroup(place, node.mode, [_drafted(p, f"{place}.{n}") for n, p in enumerate(node.parts)])
    what = FIELDS[node.field]
    value = node.value if isinstance(node.value, list) else [node.value]
    texts = ["yes" if node.value else "no"] if what.type is Type.FLAG else [_typed(what, node, one) for one in value]
    return DraftCondition(place, node.field, node.op, texts, str(node.days or ""), node.kind)


def _typed(what: Field, one: Condition, value: Any) -> str:
    if what.type is Type.SHARE and one.op not in fields.SETS:
        return f"{round(value * 100, 6):g}"
    if isinstance(value, float):
        return f"{value:.10g}" if abs(value) < 1e10 else f"{value:.2f}"
    return str(value)


def _mode(data: QueryDict, place: str) -> str:
    mode = data.get(f"mode.{place}", rules.ALL)
    return mode if mode in rules.MODES else rules.ALL


def _row(data: QueryDict, place: str) -> DraftCondition:
    name = data.get(f"field.{place}", "orders")
    name = name if name in FIELDS else "orders"
    is_other = data.get(f"was.{place}", name) != name
    op = data.get(f"op.{place}", "")
    row = DraftCondition(place, name, op if op in FIELDS[name].ops else FIELDS[name].ops[0])
    if is_other:
        return row
    texts = [text[:200] for text in data.getlist(f"value.{place}")[: fields.MOST_VALUES + 1]]
    added = data.get(f"add.{place}", "")[:200]
    row.days, row.search = data.get(f"days.{place}", "")[:10], data.get(f"find.{place}", "")[:100]
    row.is_asking = bool(row.search.strip()) and row.search != data.get(f"found.{place}", "")
    row.kind = data.get(f"kind.{place}", "")[:40]
    if row.what.takes_kind and not row.kind:
        row.kind = next(iter(trait_kinds()), "")
    was_set = data.get(f"wasop.{place}", op) in fields.SETS
    if (row.op in fields.SETS) == was_set and row.kind == data.get(f"waskind.{place}", row.kind):
        row.texts = list(dict.fromkeys([*texts, added])) if added else texts
        if row.op in fields.SETS:
            row.texts = [text for text in row.texts if text]
    return row


def _numbered(root: DraftGroup) -> DraftGroup:
    """Every part by the place where it stands now."""

    def number(node: Draft, place: str) -> None:
        node.place = place
        if isinstance(node, DraftGroup):
            for at, part in enumerate(node.parts):
                number(part, f"{place}.{at}")

    number(root, "r")
    return root


def _number(text: str) -> Any:
    """A number as people type it; a text that is none stays one."""
    typed = typed_number(text)
    if typed is None or abs(typed.adjusted()) > MOST_DIGITS:  # before it is written out
        return text
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", format(typed, "f")):
        return text
    number = float(typed)
    return int(number) if number == int(number) else number


def _whole(text: str) -> Any:
    return int(text) if re.fullmatch(r"\d{1,9}", text.strip()) else text


def _scalar(text: str) -> Any:
    """A value of a trait: numbers and truths are stored as such."""
    if text in ("True", "False"):
        return text == "True"
    number = _number(text)
    return number if not isinstance(number, str) and str(number) == text else text
