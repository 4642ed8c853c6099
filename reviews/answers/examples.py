"""Examples: added by the line, moved, removed. Nothing personal is kept, and no two say the same."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from reviews.exceptions import BadInput
from reviews.languages import guess_language
from reviews.ml.text import masked, normalise, plain
from reviews.models import ExampleLanguage, Intent, IntentExample
from reviews.models.answers import EXAMPLE_LENGTH, NORMAL_LENGTH

Source = IntentExample.Source
MOST_AT_ONCE = 5_000
AT_ONCE = 500


@dataclass
class Added:
    """What became of some lines: how many are new, those that are there already with the title of their intent (empty:
    no intent), and those refused with the reason."""

    count: int = 0
    known: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def language_of(text: str) -> ExampleLanguage:
    """Chinese where a third of the letters are; examples are too short for more than the script."""
    return ExampleLanguage.ZH if guess_language(text) else ExampleLanguage.EN


def kept(text: str) -> str:
    """As an example is stored: in one line, without tags, unseen signs and personal data, else as it was typed."""
    seen, typed = masked(plain(text)).replace("\n", " "), " ".join(text.split())
    return typed if unicodedata.normalize("NFKC", typed) == seen else seen


def add(lines: Iterable[tuple[str, int | None]], *, by: StaffUser | None, source: Source = Source.STAFF) -> Added:
    """`lines` are words and the key of their intent (None: nothing the shop answers).

    Raises BadInput for more than MOST_AT_ONCE. A line that says what another example says is not added, whatever its
    intent; addresses and numbers of people give way to what they are.
    """
    lines = list(lines)
    if len(lines) > MOST_AT_ONCE:
        raise BadInput(_("At most %(most)d lines at once.") % {"most": MOST_AT_ONCE})
    done = Added()
    rows: dict[str, IntentExample] = {}
    titles = {intent.pk: intent.title for intent in Intent.objects.all()}
    for text, intent_id in lines:
        seen = kept(text)
        normal = normalise(seen)
        if not normal:
            if text.strip():
                done.refused.append((text[:EXAMPLE_LENGTH], _("nothing in it can be read")))
        elif len(seen) > EXAMPLE_LENGTH or len(normal) > NORMAL_LENGTH:
            done.refused.append((seen[:60] + "…", _("longer than %(most)d characters") % {"most": EXAMPLE_LENGTH}))
        elif intent_id is not None and intent_id not in titles:
            done.refused.append((seen, _("its intent does not exist")))
        elif normal in rows:
            done.known.append((seen, titles.get(rows[normal].intent_id or 0, "")))
        else:
            rows[normal] = IntentExample(
                intent_id=intent_id, language=language_of(seen), text=seen, normal=normal, source=source, added_by=by
            )
    with transaction.atomic():
        there = dict(IntentExample.objects.filter(normal__in=rows).values_list("normal", "intent_id"))
        done.known += [(rows[normal].text, titles.get(intent_id or 0, "")) for normal, intent_id in there.items()]
        new = [row for normal, row in rows.items() if normal not in there]
        before = IntentExample.objects.count()
        # Somebody else may add the same at this moment.
        IntentExample.objects.bulk_create(new, batch_size=AT_ONCE, ignore_conflicts=True)
        done.count = IntentExample.objects.count() - before
    return done


def move(ids: Sequence[int], intent_id: int | None) -> int:
    """Give examples to another intent, or to none. Raises BadInput for an intent that does not exist."""
    if intent_id is not None and not Intent.objects.filter(pk=intent_id).exists():
        raise BadInput(_("There is no such intent."), extra={"field": "intent"})
    rows = IntentExample.objects.filter(pk__in=ids)
    rows = rows.filter(intent__isnull=False) if intent_id is None else rows.exclude(intent_id=intent_id)
    return rows.update(intent_id=intent_id, taken_for=None, confidence=None, updated_at=timezone.now())


def move_to_suggested(ids: Sequence[int]) -> int:
    """Give examples to the intents they were taken for."""
    return IntentExample.objects.filter(Q(pk__in=ids), taken_for__isnull=False).update(
        intent_id=F("taken_for_id"), taken_for=None, confidence=None, updated_at=timezone.now()
    )
