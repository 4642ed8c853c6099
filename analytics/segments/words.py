"""Rules in words, in the language of whoever reads them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from analytics.segments import fields, rules
from analytics.segments.compiling import things
from analytics.segments.fields import FIELDS, Field, Type
from analytics.segments.named import RFM
from analytics.segments.rules import Condition, Group, Node
from core.components.words import day_text, figure, listed, money, percent
from core.countries import country_name

MOST_NAMED = 6
"""Values that are told by name; of a longer list the rest is counted."""
Names = Mapping[Type, Mapping[str, Any]]


def names_of(some: Iterable[Group]) -> dict[Type, dict[str, Any]]:
    """What rules name, by opaque id: a query for each kind of thing."""
    wanted: dict[Type, set[str]] = {}
    for rule in some:
        for one in rules.conditions(rule):
            kind = FIELDS[one.field].type
            if kind in fields.THINGS:
                wanted.setdefault(kind, set()).update(one.value)
    return {kind: things(kind, ids) for kind, ids in wanted.items()}


def sentence(rule: Group, names: Names | None = None) -> str:
    """The whole rule: “Paid orders at least 3 and country is DE or FR”."""
    return _node(rule, names_of([rule]) if names is None else names, is_outermost=True)


def condition_text(one: Condition, names: Names) -> str:
    """One condition."""
    what = FIELDS[one.field]
    if what.type in fields.THINGS:
        return _saying(one, what, names)
    if what.type is Type.FLAG:
        return _("has an e-mail address") if one.value else _("has no e-mail address")
    said = {"what": _inside(str(what.title)), "value": "", "kind": one.kind}
    if one.op in ("in", "not_in"):
        said["value"] = _either(_value_names(one, what, names))
        if what.takes_kind:
            is_in = _("trait %(kind)s is %(value)s")
            return (is_in if one.op == "in" else _("trait %(kind)s is not %(value)s")) % said
        is_in, is_not = pgettext("rule", "%(what)s is %(value)s"), pgettext("rule", "%(what)s is not %(value)s")
        return (is_in if one.op == "in" else is_not) % said
    if what.type is Type.DAY:
        return _day(one, said)
    if one.op == "between":
        low, high = (number_text(what, part) for part in one.value)
        return _("%(what)s from %(low)s to %(high)s") % {**said, "low": low, "high": high}
    said["value"] = number_text(what, one.value)
    return {
        "gte": _("%(what)s at least %(value)s"),
        "lte": _("%(what)s at most %(value)s"),
        "gt": _("%(what)s more than %(value)s"),
        "lt": _("%(what)s less than %(value)s"),
        "eq": _("%(what)s exactly %(value)s"),
    }[one.op] % said


def _inside(title: str) -> str:
    """A title in the middle of a sentence: without its capital, unless it begins with an abbreviation."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def number_text(what: Field, value: Any) -> str:
    """A number of a field with its unit."""
    if what.type is Type.MONEY:
        return money(value)
    if what.type is Type.SHARE:
        return percent(value)
    return figure(value, 0 if value == int(value) else 2)


def value_name(what: Field, value: Any, names: Names) -> str:
    """What people call one value of a list."""
    if what.type in fields.THINGS:
        row = names.get(what.type, {}).get(value)
        return str(row) if row is not None else _("gone (%(id)s)") % {"id": value[:8]}
    if what.type is Type.MONTH:
        return str(MONTHS[value])
    if what.type is Type.RFM:
        return str(RFM[value][0])
    return country_name(value) if what.key == "country" else str(value)


# --- parts --------------------------------------------------------------------------------------------------------


def _node(node: Node, names: Names, *, is_outermost: bool = False) -> str:
    if isinstance(node, Condition):
        return condition_text(node, names)
    parts = [_node(part, names) for part in node.parts]
    if node.mode in (rules.ALL, rules.ANY):
        if len(parts) == 1:
            return parts[0]
        word = pgettext("between conditions", " and ") if node.mode == rules.ALL else _or()
        text = word.join(parts)
        return text if is_outermost else _("(%(text)s)") % {"text": text}
    if node.mode == rules.NONE:
        return _("none of (%(text)s)") % {"text": _or().join(parts)}
    return _("not all of (%(text)s)") % {"text": pgettext("between conditions", " and ").join(parts)}


def _or() -> str:
    return pgettext("between conditions", " or ")


def _either(values: list[str]) -> str:
    shown = values[:MOST_NAMED]
    if len(values) > MOST_NAMED:
        more = len(values) - MOST_NAMED
        return ngettext("%(values)s or %(count)d other", "%(values)s or %(count)d others", more) % {
            "values": listed(shown), "count": more,
        }  # fmt: skip
    return pgettext("between values", " or ").join(shown)


def _value_names(one: Condition, what: Field, names: Names) -> list[str]:
    return [value_name(what, value, names) for value in one.value]


def _day(one: Condition, said: dict[str, Any]) -> str:
    if one.op in ("within", "longer_ago"):
        said["days"] = one.value
        if one.op == "within":
            return ngettext("%(what)s today", "%(what)s in the last %(days)d days", one.value) % said
        return ngettext("%(what)s before today", "%(what)s %(days)d days ago or longer", one.value) % said
    said["day"] = day_text(date.fromisoformat(one.value))
    return (_("%(what)s on %(day)s or later") if one.op == "since" else _("%(what)s before %(day)s")) % said


def _saying(one: Condition, what: Field, names: Names) -> str:
    is_in = one.op == "in"
    said = {"values": _either(_value_names(one, what, names)), "days": one.days}
    if what.type is Type.SEGMENT:
        return (_("in the segment %(values)s") if is_in else _("not in the segment %(values)s")) % said
    if what.type is Type.CLUSTER:
        return (_("in the cluster %(values)s") if is_in else _("not in the cluster %(values)s")) % said
    if what.type is Type.LIST:
        return (_("on the list %(values)s") if is_in else _("not on the list %(values)s")) % said
    if one.field.startswith("viewed"):
        if one.days is None:
            return (_("looked at %(values)s") if is_in else _("never looked at %(values)s")) % said
        if is_in:
            return ngettext(
                "looked at %(values)s today", "looked at %(values)s in the last %(days)d days", one.days
            ) % said  # fmt: skip
        return ngettext(
            "did not look at %(values)s today", "did not look at %(values)s in the last %(days)d days", one.days
        ) % said  # fmt: skip
    if one.days is None:
        return (_("bought %(values)s") if is_in else _("never bought %(values)s")) % said
    if is_in:
        return ngettext("bought %(values)s today", "bought %(values)s in the last %(days)d days", one.days) % said
    return ngettext("did not buy %(values)s today", "did not buy %(values)s in the last %(days)d days", one.days) % said
