"""Notes, tags and custom fields of a customer: one function for each act, each with its way back."""

from datetime import date

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.models import StaffUser
from core.typed import typed_number
from crm.exceptions import BadInput, NotFound
from crm.models import CustomerNote, CustomerTag, CustomerTagging, CustomField, CustomFieldValue
from crm.models.people import NOTE_LENGTH, TAG_LENGTH, TAGS, VALUE_LENGTH

MOST_TAGS = 30
MOST_DIGITS = 30


def add_note(customer: Customer, text: str, *, is_pinned: bool = False, by: StaffUser | None = None) -> CustomerNote:
    """Raises BadInput for an empty or too long text."""
    text = text.replace("\x00", "").strip()
    if not text or len(text) > NOTE_LENGTH:
        raise BadInput(_("Write a note of at most %(most)d characters.") % {"most": NOTE_LENGTH})
    return CustomerNote.objects.create(customer=customer, text=text, is_pinned=is_pinned, created_by=by)


def remove_note(note_id: int, *, back: bool = False) -> CustomerNote:
    """Take a note away, or bring it back. Raises NotFound."""
    note = CustomerNote.objects.filter(pk=note_id).first()
    if note is None:
        raise NotFound(_("This note is not there any more."))
    note.removed_at = None if back else timezone.now()
    note.save(update_fields=["removed_at"])
    return note


@transaction.atomic
def tag(customer: Customer, name: str, *, by: StaffUser | None = None) -> CustomerTagging:
    """Put a tag on a customer; small and capital letters are the same word. Raises BadInput."""
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > TAG_LENGTH or "," in name:
        raise BadInput(_("A tag has at most %(most)d characters and no comma.") % {"most": TAG_LENGTH})
    if CustomerTagging.objects.filter(customer=customer).count() >= MOST_TAGS:
        raise BadInput(_("A customer has at most %(most)d tags.") % {"most": MOST_TAGS})
    found = CustomerTag.objects.filter(name__iexact=name).first()
    if found is None:
        found = CustomerTag.objects.create(name=name)
        cache.delete(TAGS)
    return CustomerTagging.objects.get_or_create(customer=customer, tag=found, defaults={"created_by": by})[0]


@transaction.atomic
def untag(customer: Customer, name: str) -> bool:
    """Take a tag away; a tag that nobody has any more is gone. Whether it was there."""
    gone, _tables = CustomerTagging.objects.filter(customer=customer, tag__name__iexact=name).delete()
    if CustomerTag.objects.filter(Q(name__iexact=name), taggings=None).delete()[0]:
        cache.delete(TAGS)
    return bool(gone)


@transaction.atomic
def set_fields(customer: Customer, values: dict[str, str]) -> dict[str, str]:
    """Write several fields by key, or none; an empty text empties the field. What stood there before, by key.

    Raises BadInput that names the field whose value does not fit its kind.
    """
    fields = {one.key: one for one in CustomField.objects.filter(key__in=values, is_on=True)}
    clean = {key: clean_value(fields[key], text) for key, text in values.items() if key in fields}
    stored = {
        row.field.key: row for row in CustomFieldValue.objects.filter(customer=customer).select_related("field")
    }  # fmt: skip
    before = {}
    for key, value in clean.items():
        old = stored.get(key)
        if (old.value if old else "") == value:
            continue
        before[key] = old.value if old else ""
        if value:
            CustomFieldValue.objects.update_or_create(customer=customer, field=fields[key], defaults={"value": value})
        elif old is not None:
            old.delete()
    return before


def clean_value(field: CustomField, text: str) -> str:
    """The text as the field keeps it. Raises BadInput."""
    text = text.replace("\x00", "").strip()
    if not text:
        return ""
    Kind = CustomField.Kind
    try:
        if field.kind == Kind.NUMBER:
            number = typed_number(text)
            fits = number is not None and abs(number.adjusted()) <= MOST_DIGITS  # before it is written out
            text = format(number, "f") if fits else ""
            fits = fits and len(text) <= VALUE_LENGTH
        elif field.kind == Kind.DAY:
            fits, text = True, date.fromisoformat(text).isoformat()
        elif field.kind == Kind.YES_NO:
            fits = text in ("yes", "no")
        else:
            fits = text in field.options if field.kind == Kind.CHOICE else len(text) <= VALUE_LENGTH
    except ValueError:
        fits = False
    if not fits and field.kind == Kind.NUMBER:
        raise BadInput(_("“%(field)s” takes a number such as 1234.5.") % {"field": field}, extra={"field": field.key})
    if not fits:
        raise BadInput(_("“%(field)s” does not take this value.") % {"field": field}, extra={"field": field.key})
    return text
