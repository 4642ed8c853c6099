"""What staff note about people beyond what the shop knows."""

from datetime import date
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.cache import cache
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast, Lower, Upper
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

NOTE_LENGTH = 4_000
TAG_LENGTH = 40
VALUE_LENGTH = 200
FIELDS, TAGS, REMEMBER_SECONDS = "crm.custom_fields", "crm.customer_tags", 30
"""What lists ask for with every page is remembered; whoever changes it forgets it."""
MOST_TAGS_LISTED = 300


class DuplicateCustomers(models.Model):
    """Two records that may be one person, `one` the older. A decision stays, so that nobody is asked twice."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("duplicates", "to decide")
        DIFFERENT = "different", pgettext_lazy("duplicates", "not the same")
        MERGED = "merged", pgettext_lazy("duplicates", "merged")

    one = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))
    other = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("other record"))
    reasons = models.JSONField(_("reasons"), default=list, help_text="Names of crm.people.duplicates.SIGNS.")
    strength = models.PositiveSmallIntegerField(_("strength"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(_("found"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicates_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicates_in_order"),
        ]
        indexes = [models.Index(fields=["-strength", "one"], condition=Q(state="open"), name="duplicates_to_decide")]

    def __str__(self) -> str:
        return f"{self.one_id} = {self.other_id}?"


class CustomerNote(models.Model):
    """What a member of staff wants the next one to know. Seen by staff only."""

    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="notes", verbose_name=_("customer"))
    text = models.TextField(_("note"), max_length=NOTE_LENGTH)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    removed_at = models.DateTimeField(_("removed"), null=True, help_text="An undo brings it back.")

    class Meta:
        verbose_name = _("note about a customer")
        verbose_name_plural = _("notes about customers")
        indexes = [
            models.Index(
                fields=["customer", "-is_pinned", "-created_at"], condition=Q(removed_at=None), name="notes_of_customer"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text[:40]


class CustomerTag(models.Model):
    """A word that staff put on customers, such as “wholesale”."""

    name = models.CharField(_("tag"), max_length=TAG_LENGTH)

    class Meta:
        verbose_name = _("customer tag")
        verbose_name_plural = _("customer tags")
        constraints = [models.UniqueConstraint(Lower("name"), name="customer_tag_once")]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def listed() -> list[tuple[str, str]]:
        """Key and name of tags to choose from, at most half a minute old."""
        found: list[tuple[str, str]] | None = cache.get(TAGS)
        return _look_up()[0] if found is None else found


class CustomerTagging(models.Model):
    """A tag on a customer."""

    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="taggings")
    tag = models.ForeignKey(CustomerTag, models.CASCADE, related_name="taggings")
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="tagged_once")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id}"


class CustomField(models.Model):
    """Something that this shop wants to know about its customers and the product does not ask."""

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("custom field", "text")
        NUMBER = "number", pgettext_lazy("custom field", "number")
        DAY = "day", pgettext_lazy("custom field", "day")
        CHOICE = "choice", pgettext_lazy("custom field", "one of a list")
        YES_NO = "yes_no", pgettext_lazy("custom field", "yes or no")

    key = models.SlugField(_("key"), max_length=40, unique=True, help_text=_("For programs; does not change later."))
    title_en = models.CharField(_("title, English"), max_length=80)
    title_zh = models.CharField(_("title, Chinese"), max_length=80, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.TEXT)
    choices = models.TextField(_("choices"), blank=True, help_text=_("One a line, for a field that is one of a list."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_on = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return (self.title_zh if (get_language() or "").startswith("zh") else "") or self.title_en

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        cache.delete(FIELDS)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        gone = super().delete(*args, **kwargs)
        cache.delete(FIELDS)
        return gone

    @property
    def options(self) -> list[str]:
        return [line.strip() for line in self.choices.splitlines() if line.strip()]

    @classmethod
    def in_use(cls) -> list["CustomField"]:
        """At most half a minute old."""
        found: list[CustomField] | None = cache.get(FIELDS)
        return _look_up()[1] if found is None else found


_OF_FIELDS = ("pk", "position", "key", "title_en", "title_zh", "kind", "choices")


def _look_up() -> tuple[list[tuple[str, str]], list[CustomField]]:
    """Tags and fields in one query, because lists of customers ask for both; remembered for half a minute."""
    empty = [Value("", models.TextField())] * (len(_OF_FIELDS) - 3)
    tags = CustomerTag.objects.order_by("name").annotate(zero=Value(0)).values_list("pk", "zero", "name", *empty)
    fields = CustomField.objects.filter(is_on=True).order_by().values_list(*_OF_FIELDS)
    named, made = [], []
    for pk, position, *rest in tags[:MOST_TAGS_LISTED].union(fields, all=True):
        if rest[3]:
            made.append(CustomField(**dict(zip(_OF_FIELDS, (pk, position, *rest), strict=True))))
        else:
            named.append((str(pk), rest[0]))
    named.sort(key=lambda tag: tag[1])
    made.sort(key=lambda field: (field.position, field.pk))
    cache.set_many({TAGS: named, FIELDS: made}, REMEMBER_SECONDS)
    return named, made


AS_NUMBER = Case(
    When(
        value__regex=r"^-?[0-9]{1,31}(\.[0-9]+)?$",
        then=Cast("value", models.DecimalField(max_digits=60, decimal_places=20)),
    )
)
"""A value as the number that it says; null for any other text. An index has it."""


class CustomFieldValue(models.Model):
    """What one customer has in a field: text, a number in decimal digits, a day in ISO 8601, "yes" or "no"."""

    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="custom_values")
    field = models.ForeignKey(CustomField, models.CASCADE, related_name="values")
    value = models.CharField(_("value"), max_length=VALUE_LENGTH)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("value of a custom field")
        verbose_name_plural = _("values of custom fields")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["customer", "field"], name="custom_value_once")]
        indexes = [
            models.Index(fields=["field", "value", "customer"], name="custom_value_in_field"),
            models.Index("field", AS_NUMBER, name="custom_value_as_number"),
            GinIndex(OpClass(Upper("value"), name="gin_trgm_ops"), name="custom_value_trgm"),
        ]

    def __str__(self) -> str:
        return self.value


class Worklist(models.Model):
    """Customers whom somebody is going to contact, taken from a score at one moment. Some of them, drawn by chance, are
    left alone, so that the list can be judged by what would have happened anyway."""

    class Source(models.TextChoices):
        LOSS = "loss", pgettext_lazy("worklist", "value at risk")
        VALUE = "value", pgettext_lazy("worklist", "highest value")
        ORDER = "order", pgettext_lazy("worklist", "likely to order soon")
        CARE = "care", pgettext_lazy("worklist", "care programme")

    name = models.CharField(_("name"), max_length=120)
    source = models.CharField(_("taken from"), max_length=8, choices=Source)
    programme = models.ForeignKey(
        "crm.CareProgramme", models.SET_NULL, null=True, blank=True, related_name="worklists",
        verbose_name=_("care programme"),
    )  # fmt: skip
    month = models.DateField(null=True, blank=True, help_text="Of a care programme: it has one list for each month.")
    compared_percent = models.PositiveSmallIntegerField(_("left alone, %"), default=10)
    follow_days = models.PositiveSmallIntegerField(_("orders count for, days"), default=30)
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("made"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("worklist")
        verbose_name_plural = _("worklists")
        constraints = [
            models.CheckConstraint(condition=Q(compared_percent__lte=50), name="worklist_compares_half_at_most"),
            models.UniqueConstraint(fields=["programme", "month"], name="worklist_of_a_programme_and_month"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What staff called it; a list of a programme is called after it, in the language of the reader. The programme
        is to be at hand."""
        if self.programme is None or self.month is None or self.name != self.called(self.programme.name, self.month):
            return self.name
        return self.called(self.programme.title, self.month)

    @staticmethod
    def called(programme: str, month: date) -> str:
        """Of a programme's list of a month."""
        return f"{programme} · {month:%Y-%m}"[:120]


class WorklistItem(models.Model):
    """One customer of a worklist, and what came of it."""

    class Outcome(models.TextChoices):
        OPEN = "", pgettext_lazy("worklist", "to do")
        REACHED = "reached", pgettext_lazy("worklist", "reached")
        NO_ANSWER = "no_answer", pgettext_lazy("worklist", "no answer")
        OFFER = "offer", pgettext_lazy("worklist", "offer made")
        REFUSED = "refused", pgettext_lazy("worklist", "wants no contact")
        SKIPPED = "skipped", pgettext_lazy("worklist", "skipped")

    worklist = models.ForeignKey(Worklist, models.CASCADE, related_name="items")
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="worklist_items")
    position = models.PositiveIntegerField()
    score = models.FloatField(null=True)
    reasons = models.JSONField(default=list, help_text="As the score had them when the list was made.")
    is_compared = models.BooleanField(default=False, help_text="Left alone: nobody is shown this customer.")
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome, blank=True, default="")
    note = models.CharField(_("note"), max_length=200, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("customer of a worklist")
        verbose_name_plural = _("customers of worklists")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["worklist", "customer"], name="worklist_once")]
        indexes = [models.Index(fields=["worklist", "outcome", "position"], name="worklist_in_order")]

    def __str__(self) -> str:
        return f"{self.worklist_id}: {self.customer_id}"
