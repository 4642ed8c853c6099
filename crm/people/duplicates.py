"""Finding records that may be one person, and remembering what was decided about them.

Blocking by exact keys made from normalised values (Christen, Data Matching, 2012, chapters 3 and 4): records that share
a key become a pair, the signs of a pair add up. One statement for a whole shop; nothing is compared pair by pair.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import merging
from catalog.models import Customer
from core.exceptions import DomainError
from core.models import StaffUser
from crm.models import DuplicateCustomers

MOST_SHARING = 8
"""A value that more records share is a placeholder or a company's line, and tells nothing about people."""
SIGNS: dict[str, tuple[int, Any]] = {
    "email": (3, _("same e-mail")),
    "phone": (3, _("same phone")),
    "name_birthday": (2, _("same name and birthday")),
    "name_city": (1, _("same name and city")),
}
"""How strong a sign is, and its words."""
CLEAR = 3
State = DuplicateCustomers.State

FIND = r"""
WITH plain AS MATERIALIZED (
    SELECT id, birthday, lower(btrim(city)) AS city,
        regexp_replace(lower(btrim(email)), '\+[^@]*@', '@') AS email,
        right(regexp_replace(phone, '\D', '', 'g'), 10) AS phone,
        regexp_replace(lower(name), '[\s.,''·-]', '', 'g') AS name
    FROM catalog_customer WHERE erased_at IS NULL AND merged_into_id IS NULL
), keys AS (
    SELECT id, 'email' AS sign, email AS key FROM plain WHERE email LIKE '%%_@_%%'
    UNION ALL SELECT id, 'phone', phone FROM plain WHERE length(phone) >= 8 AND phone !~ '^(.)\1*$'
    UNION ALL SELECT id, 'name_birthday', name || '|' || birthday FROM plain
        WHERE birthday IS NOT NULL AND length(name) >= 2
    UNION ALL SELECT id, 'name_city', name || '|' || city FROM plain WHERE city <> '' AND length(name) >= 2
), groups AS (
    SELECT sign, array_agg(id ORDER BY id) AS ids FROM keys GROUP BY sign, key
    HAVING count(*) BETWEEN 2 AND %(most)s
), pairs AS (
    SELECT a.id AS one, b.id AS other, jsonb_agg(DISTINCT g.sign ORDER BY g.sign) AS reasons
    FROM groups g, unnest(g.ids) a (id), unnest(g.ids) b (id) WHERE a.id < b.id GROUP BY 1, 2
)
INSERT INTO crm_duplicatecustomers AS d (one_id, other_id, reasons, strength, state, found_at)
SELECT one, other, reasons,
    (SELECT sum((%(weights)s::jsonb ->> sign)::int) FROM jsonb_array_elements_text(reasons) r (sign)), 'open', %(now)s
FROM pairs
ON CONFLICT (one_id, other_id) DO UPDATE SET reasons = excluded.reasons, strength = excluded.strength,
    found_at = excluded.found_at, state = 'open', decided_at = NULL, decided_by_id = NULL
WHERE d.state = 'merged'
"""
# Both records of a pair that was merged are there again: somebody took the merge back.
NOT_DECIDED = "DELETE FROM crm_duplicatecustomers WHERE state = 'open'"


@dataclass(frozen=True)
class Group:
    """Records that hang together by open pairs. `pairs`: (one, other) → signs."""

    ids: tuple[int, ...]
    strength: int
    pairs: dict[tuple[int, int], list[str]] = field(default_factory=dict)

    @property
    def signs(self) -> list[str]:
        return [name for name in SIGNS if any(name in signs for signs in self.pairs.values())]


@transaction.atomic
def find() -> int:
    """Look through all customers. How many pairs wait for a decision. Safe to run at any time."""
    values: dict[str, Any] = {
        "most": MOST_SHARING, "now": timezone.now(),
        "weights": json.dumps({name: weight for name, (weight, _words) in SIGNS.items()}),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE crm_duplicatecustomers IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(NOT_DECIDED)
        cursor.execute(FIND, values)
    return DuplicateCustomers.objects.filter(state=State.OPEN).count()


def groups(*, most: int = 500) -> list[Group]:
    """Groups to decide, the strongest first; made from the `most` strongest pairs."""
    rows = (
        DuplicateCustomers.objects.filter(
            state=State.OPEN, one__erased_at=None, other__erased_at=None, one__merged_into=None,
            other__merged_into=None,
        ).order_by("-strength", "one_id", "other_id").values_list("one_id", "other_id", "reasons", "strength")[:most]
    )  # fmt: skip
    pairs = {(one, other): (reasons, strength) for one, other, reasons, strength in rows}
    parents: dict[int, int] = {}

    def root(pk: int) -> int:
        parents.setdefault(pk, pk)
        while parents[pk] != pk:
            parents[pk] = parents[parents[pk]]
            pk = parents[pk]
        return pk

    for one, other in pairs:
        parents[root(other)] = root(one)
    members: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in pairs:
        members[root(pair[0])].append(pair)
    found = [
        Group(
            tuple(sorted({pk for pair in mine for pk in pair})), max(pairs[pair][1] for pair in mine),
            {pair: list(pairs[pair][0]) for pair in mine},
        )
        for mine in members.values()
    ]  # fmt: skip
    return sorted(found, key=lambda group: (-group.strength, group.ids))


@transaction.atomic
def decide_different(ids: Iterable[int], *, by: StaffUser | None = None) -> list[int]:
    """These records are different people, each from each. The pairs that this decided, for an undo."""
    known = set(ids)
    rows = DuplicateCustomers.objects.select_for_update().filter(one__in=known, other__in=known, state=State.OPEN)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    DuplicateCustomers.objects.filter(pk__in=keys).update(
        state=State.DIFFERENT, decided_at=timezone.now(), decided_by=by
    )
    return keys


def reopen(keys: Iterable[int]) -> int:
    """Take "not the same" back."""
    rows = DuplicateCustomers.objects.filter(pk__in=list(keys), state=State.DIFFERENT)
    return int(rows.update(state=State.OPEN, decided_at=None, decided_by=None))


@transaction.atomic
def merge_group(kept_id: int, ids: Iterable[int], *, by: StaffUser | None = None) -> list[int]:
    """Merge the others into `kept_id`, all or none. The merges, in their order. Raises as `merging.merge` does."""
    others = sorted(set(ids) - {kept_id})
    if not others:
        raise DomainError(_("Choose two different customers."))
    done = [merging.merge(kept_id=kept_id, gone_id=pk, by=by).pk for pk in others]
    everybody = [kept_id, *others]
    DuplicateCustomers.objects.filter(one__in=everybody, other__in=everybody, state=State.OPEN).update(
        state=State.MERGED, decided_at=timezone.now(), decided_by=by
    )
    return done


def best_to_keep(people: Iterable[Customer], orders: dict[int, int]) -> int:
    """The record that others know best: most orders, then an ID of the shop's own, then the oldest."""
    ranked = sorted(people, key=lambda row: (-orders.get(row.pk, 0), row.external_id is None, row.joined_at, row.pk))
    return ranked[0].pk
