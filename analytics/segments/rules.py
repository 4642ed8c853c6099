"""The form of a rule: a tree of groups and conditions, read from JSON, checked, written back.

    {"all": [{"field": "orders", "op": "gte", "value": 3}, {"any": […]}, {"not": {…}}]}

`parse` accepts only fields and operators of `analytics.segments.fields` with values of their type. It never looks at
the database: whether a product or segment that is named still exists is said where the rule is counted or shown.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.segments import fields
from core.exceptions import BadInput

DEEPEST = 5
MOST_CONDITIONS = 50
LONGEST_ADDRESS = 6_000
"""Characters of a rule in an address: the line that the web server reads has 8,190."""

ALL, ANY, NONE, NOT_ALL = "all", "any", "none", "not_all"
MODES = (ALL, ANY, NONE, NOT_ALL)


class BadRule(BadInput):
    """A rule that cannot be used. `extra["path"]` says where, such as "0.2": the third part of the first part."""

    code = "bad_rule"

    def __init__(self, message: Any, *, path: str = "") -> None:
        super().__init__(message, extra={"field": "rule", "path": path})


@dataclass(frozen=True)
class Condition:
    """One question about a customer. `days`: only what happened in so many last days. `kind`: of a trait."""

    field: str
    op: str
    value: Any
    days: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class Group:
    """Parts that all hold, of which one holds, none holds, or not all hold."""

    mode: str
    parts: tuple["Node", ...]


Node = Condition | Group


def parse(data: Any) -> Group:
    """The rule of a JSON value, in one form: a single condition becomes a group of one, `not` joins its group.

    Raises BadRule with what is wrong and where: more than 5 groups inside each other, more than 50 conditions, an
    unknown field or operator, a value of another type.
    """
    counted = [0]
    node = _node(data, path="", depth=1, counted=counted)
    if counted[0] == 0:
        raise BadRule(_("A rule has at least one condition."))
    return node if isinstance(node, Group) else Group(ALL, (node,))


def parse_text(text: str) -> Group:
    """`parse` of a JSON text. Raises BadRule also for what is no JSON."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRule(_("This is not a rule.")) from None
    return parse(data)


def dump(node: Node) -> dict[str, Any]:
    """The JSON form of a rule: `parse(dump(rule))` is the rule."""
    if isinstance(node, Condition):
        found: dict[str, Any] = {"field": node.field, "op": node.op, "value": node.value}
        if node.days is not None:
            found["days"] = node.days
        if node.kind:
            found["kind"] = node.kind
        return found
    parts = [dump(part) for part in node.parts]
    if node.mode == NONE:
        return {"not": {ANY: parts}}
    if node.mode == NOT_ALL:
        return {"not": {ALL: parts}}
    return {node.mode: parts}


def conditions(node: Node) -> Iterator[Condition]:
    """Every condition, in the order in which they are read."""
    if isinstance(node, Condition):
        yield node
        return
    for part in node.parts:
        yield from conditions(part)


def fingerprint(node: Node) -> str:
    """64 hexadecimal digits, the same for rules that say the same in another order: of the parts of a group, of the
    values of a list."""
    return hashlib.sha256(json.dumps(_sorted(node), sort_keys=True).encode()).hexdigest()


def rule_address(rule: Mapping[str, Any] | Node, name: str = "") -> str:
    """The page that saves these customers as a segment; empty when the rule is too long for an address.

    Every list, bar or cell that stands for customers links here with the rule that finds them, as JSON.
    """
    tree = rule if isinstance(rule, Condition | Group) else parse(rule)
    text = json.dumps(dump(tree), ensure_ascii=False, separators=(",", ":"))
    query = urlencode({"rule": text, **({"name": name[:300]} if name else {})})
    return f"{reverse('admin:analytics_segment_add')}?{query}" if len(query) <= LONGEST_ADDRESS else ""


# --- reading ------------------------------------------------------------------------------------------------------


def _node(data: Any, *, path: str, depth: int, counted: list[int]) -> Node:
    if depth > DEEPEST + 1:
        raise BadRule(_("A rule may have at most %(most)d groups inside each other.") % {"most": DEEPEST}, path=path)
    if not isinstance(data, Mapping):
        raise BadRule(_("Each part of a rule is a condition or a group."), path=path)
    if "field" in data:
        counted[0] += 1
        if counted[0] > MOST_CONDITIONS:
            raise BadRule(_("A rule may have at most %(most)d conditions.") % {"most": MOST_CONDITIONS}, path=path)
        return _condition(data, path)
    if depth > DEEPEST:
        raise BadRule(_("A rule may have at most %(most)d groups inside each other.") % {"most": DEEPEST}, path=path)
    names = [str(name) for name in data]
    if names == ["not"]:
        return _negated(data["not"], path=path, depth=depth, counted=counted)
    if names not in ([ALL], [ANY]):
        raise BadRule(_("Each part of a rule is a condition or a group."), path=path)
    return Group(names[0], _parts(data[names[0]], path=path, depth=depth, counted=counted))


def _negated(data: Any, *, path: str, depth: int, counted: list[int]) -> Group:
    """`not` and the group it stands before are one group; before anything else it is a group of its own."""
    if isinstance(data, Mapping) and list(data) in ([ALL], [ANY]):
        mode = NONE if ANY in data else NOT_ALL
        return Group(mode, _parts(next(iter(data.values())), path=path, depth=depth, counted=counted))
    return Group(NONE, (_node(data, path=f"{path}.0".lstrip("."), depth=depth + 1, counted=counted),))


def _parts(data: Any, *, path: str, depth: int, counted: list[int]) -> tuple[Node, ...]:
    if not isinstance(data, list):
        raise BadRule(_("A group holds a list of conditions and groups."), path=path)
    if not data:
        raise BadRule(_("A group has at least one condition."), path=path)
    if len(data) > MOST_CONDITIONS:
        raise BadRule(_("A rule may have at most %(most)d conditions.") % {"most": MOST_CONDITIONS}, path=path)
    return tuple(
        _node(part, path=f"{path}.{place}".lstrip("."), depth=depth + 1, counted=counted)
        for place, part in enumerate(data)
    )


def _condition(data: Mapping[str, Any], path: str) -> Condition:
    unknown = set(map(str, data)) - {"field", "op", "value", "days", "kind"}
    if unknown:
        raise BadRule(_("Not part of a condition: %(names)s.") % {"names": ", ".join(sorted(unknown))[:80]}, path=path)
    field = fields.known(data["field"])
    if field is None:
        raise BadRule(_("There is no field “%(name)s” to ask for.") % {"name": str(data["field"])[:40]}, path=path)
    op = data.get("op")
    if not isinstance(op, str) or op not in field.ops:
        said = {"title": field.title, "ops": ", ".join(field.ops)}
        raise BadRule(_("“%(title)s” is asked with one of: %(ops)s.") % said, path=path)
    try:
        value = field.checked(op, data.get("value"))
        days = fields.checked_days(data.get("days")) if field.takes_days else None
        kind = fields.checked_kind(data.get("kind")) if field.takes_kind else ""
    except fields.BadValue as error:
        raise BadRule(f"{field.title}: {error}", path=path) from None
    if (data.get("days") is not None and not field.takes_days) or (data.get("kind") and not field.takes_kind):
        raise BadRule(_("“%(title)s” takes no more than a value.") % {"title": field.title}, path=path)
    return Condition(field.key, op, value, days, kind)


def _sorted(node: Node) -> Any:
    if isinstance(node, Condition):
        value = sorted(node.value, key=str) if isinstance(node.value, list) and node.op in fields.SETS else node.value
        return [node.field, node.op, value, node.days, node.kind]
    parts = sorted((_sorted(part) for part in node.parts), key=lambda part: json.dumps(part, sort_keys=True))
    alone = len(parts) == 1 and node.mode in (ALL, ANY)
    return parts[0] if alone else [node.mode, parts]
