"""Ids as the outside knows them: opaque ones of ours, and `ext:` before the shop's own."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core.exceptions import NotFound

EXTERNAL = "ext:"
LONGEST = 124
LONGEST_LIST = 3_000
"""Characters of ids in a row. Two such lists fit into the line that the web server reads, 8,190 bytes."""
PUBLIC_ID = re.compile(r"[0-9a-f]{32}")
M = TypeVar("M", bound=Model)


def external_part(ident: str) -> str | None:
    """The shop's own id, or None when this is one of ours."""
    return ident.removeprefix(EXTERNAL) if ident.startswith(EXTERNAL) else None


def where(ident: str) -> Q | None:
    """How to find it, or None for what cannot be an id."""
    external = external_part(ident)
    if external is not None:
        return Q(external_id=external) if external and len(ident) <= LONGEST and "\x00" not in external else None
    return Q(public_id=ident) if PUBLIC_ID.fullmatch(ident) else None


def find(rows: QuerySet[M], ident: str) -> M | None:
    """The row with this id, or None."""
    condition = where(ident)
    return rows.filter(condition).first() if condition is not None else None


def get(rows: QuerySet[M], ident: str) -> M:
    """The row with this id. Raises NotFound."""
    found = find(rows, ident)
    if found is None:
        raise NotFound(_("Nothing here has this ID."))
    return found


def primary_keys(rows: QuerySet[M], idents: Iterable[str]) -> dict[str, int]:
    """Primary keys of those that exist, by the id as it was written, in one query."""
    wanted = set(idents)
    external = {e: i for i in wanted if (e := external_part(i)) is not None and where(i) is not None}
    public = [i for i in wanted if external_part(i) is None and where(i) is not None]
    if not external and not public:
        return {}
    condition = Q()
    if public:
        condition |= Q(public_id__in=public)
    if external:
        condition |= Q(external_id__in=list(external))
    found: dict[str, int] = {}
    for pk, public_id, external_id in rows.filter(condition).values_list("pk", "public_id", "external_id"):
        found[public_id] = pk
        if external_id in external:
            found[external[external_id]] = pk
    return {ident: pk for ident, pk in found.items() if ident in wanted}


class IdField(serializers.CharField):
    """An id in a body or query: 32 hexadecimal digits, or `ext:` and the shop's own id."""

    default_error_messages = {"not_an_id": gettext_lazy("This is not an ID. Use ours, or ext: and your own.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGEST)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if where(value) is None:
            self.fail("not_an_id")
        return value


class IdListField(serializers.CharField):
    """Ids separated by commas."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        kwargs.setdefault("required", False)
        super().__init__(max_length=LONGEST_LIST, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        words = [word.strip() for word in super().to_internal_value(data).split(",") if word.strip()]
        if len(words) > self.most:
            raise serializers.ValidationError(f"At most {self.most} IDs.", code="too_many")
        field = IdField()
        return [field.run_validation(word) for word in words]
