"""How the inbox works: when the shop is open, what it promises, who answers what, and texts that are written once."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import TimestampedModel
from core.shipped import told

MOST_MINUTES = 60 * 24 * 90


class BusinessHours(models.Model):
    """When people answer, in the shop's time zone. No period at all: around the clock."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")

    def __str__(self) -> str:
        return self.name


class BusinessPeriod(models.Model):
    """One span of a weekday; a day may have several. `closes` at 00:00 is the end of the day."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="periods")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"), help_text=_("00:00 is midnight at the end of the day."))

    class Meta:
        verbose_name = _("opening period")
        verbose_name_plural = _("opening periods")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")) | Q(closes="00:00"), name="business_period_goes_forward",
                violation_error_message=_("It closes before it opens."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class Holiday(models.Model):
    """A day with other hours than its weekday: closed, or one span of its own."""

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="holidays")
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=80, blank=True)
    opens = models.TimeField(_("opens"), null=True, blank=True, help_text=_("Empty: closed all day."))
    closes = models.TimeField(_("closes"), null=True, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["hours", "day"], name="holiday_once"),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None) | Q(opens__lt=F("closes"))
                | Q(opens__isnull=False, closes="00:00"),
                name="holiday_goes_forward", violation_error_message=_("It closes before it opens."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class SlaPolicy(TimestampedModel):
    """What is promised to whom. The first that fits, by `position`, is used when a ticket opens."""

    name = models.CharField(_("name"), max_length=80)
    is_on = models.BooleanField(_("switched on"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Smaller is asked first."))
    channels = models.JSONField(_("channels"), default=list, blank=True, help_text=_("Empty: all."))
    skills = models.JSONField(_("skills"), default=list, blank=True, help_text=_("Empty: all."))
    hours = models.ForeignKey(
        BusinessHours, models.PROTECT, null=True, blank=True, related_name="policies", verbose_name=_("business hours"),
        help_text=_("Clocks run only then. Empty: around the clock."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("response target")
        verbose_name_plural = _("response targets")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class SlaTarget(models.Model):
    """Minutes of business time for one priority. Empty: nothing is promised."""

    class For(models.TextChoices):
        LOW = "low", pgettext_lazy("ticket priority", "low")
        NORMAL = "normal", pgettext_lazy("ticket priority", "normal")
        HIGH = "high", pgettext_lazy("ticket priority", "high")
        URGENT = "urgent", pgettext_lazy("ticket priority", "urgent")

    policy = models.ForeignKey(SlaPolicy, models.CASCADE, related_name="targets")
    priority = models.CharField(_("priority"), max_length=6, choices=For)
    first_response = models.PositiveIntegerField(
        _("first answer (minutes)"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)],
    )  # fmt: skip
    next_response = models.PositiveIntegerField(
        _("next answer (minutes)"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)],
    )  # fmt: skip
    resolution = models.PositiveIntegerField(
        _("solution (minutes)"), null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)],
    )  # fmt: skip

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [models.UniqueConstraint(fields=["policy", "priority"], name="sla_target_once")]

    def __str__(self) -> str:
        return f"{self.get_priority_display()}"


class Team(TimestampedModel):
    """People who answer a kind of question. New tickets go round its members."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_on = models.BooleanField(_("switched on"), default=True)
    skills = models.JSONField(_("skills"), default=list, blank=True, help_text=_("One word each, such as refunds."))
    languages = models.JSONField(_("languages"), default=list, blank=True, help_text=_("Empty: all."))
    members = models.ManyToManyField("core.StaffUser", through="TeamMember", related_name="teams")

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    """Somebody in a team, whether tickets come to them now, and how many at once."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    staff = models.ForeignKey(
        "core.StaffUser", models.CASCADE, related_name="team_memberships", verbose_name=_("member")
    )
    is_available = models.BooleanField(_("gets new tickets"), default=True)
    capacity = models.PositiveSmallIntegerField(
        _("open tickets at most"), default=20, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    last_assigned_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["team", "staff"], name="team_member_once")]

    def __str__(self) -> str:
        return str(self.staff)


class Texts(models.Model):
    """A text in the two languages of the shop; one is enough."""

    title = models.CharField(_("title"), max_length=80)
    text_en = models.TextField(_("text in English"), max_length=4000, blank=True)
    text_zh = models.TextField(_("text in Chinese"), max_length=4000, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return told(self.title)

    def clean(self) -> None:
        """Unknown merge tags are refused here: what a customer reads never holds one."""
        from crm.services.merge_tags import unknown_tags

        errors = {}
        for name in ("text_en", "text_zh"):
            unknown = unknown_tags(getattr(self, name))
            if unknown:
                errors[name] = _("There is no field called %(name)s.") % {"name": ", ".join(sorted(unknown))}
        if errors:
            raise ValidationError(errors)

    def in_language(self, language: str) -> str:
        """The text for a reader of this language; the other one where that is missing."""
        first, second = (self.text_zh, self.text_en) if language.startswith("zh") else (self.text_en, self.text_zh)
        return first or second


class CannedReply(TimestampedModel, Texts):
    """A text with merge tags that an agent puts into a reply and may change before sending."""

    shortcut = models.SlugField(_("shortcut"), max_length=40, unique=True, help_text=_("Typed after / in a reply."))

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ["title"]

    def clean(self) -> None:
        super().clean()
        if not (self.text_en or self.text_zh):
            raise ValidationError({"text_en": _("Write the text in one language at least.")})


class Macro(TimestampedModel, Texts):
    """A reply and what happens to the ticket with it, in one step."""

    class To(models.TextChoices):
        OPEN = "open", pgettext_lazy("ticket", "open")
        PENDING = "pending", pgettext_lazy("ticket", "waits for the customer")
        RESOLVED = "resolved", pgettext_lazy("ticket", "resolved")

    is_on = models.BooleanField(_("switched on"), default=True)
    state = models.CharField(_("set state to"), max_length=8, choices=To, blank=True)
    priority = models.CharField(_("set priority to"), max_length=6, choices=SlaTarget.For, blank=True)
    add_tags = models.JSONField(_("add tags"), default=list, blank=True)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("hand to team")
    )
    to_me = models.BooleanField(_("assign to whoever uses it"), default=False)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["title"]


class DeskSettings(models.Model):
    """The inbox as a whole. Exactly one row, made by a migration."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    hours = models.ForeignKey(
        BusinessHours, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("opening hours"),
        help_text=_("What customers read when they ask for a person. Empty: around the clock."),
    )  # fmt: skip
    tickets_from_reviews = models.BooleanField(
        _("open a ticket for a bad review"), default=False,
        help_text=_(
            "For each customer who comes on the list of unhappy customers: three stars or fewer, and words that "
            "complain."
        ),
    )  # fmt: skip
    warn_minutes = models.PositiveSmallIntegerField(
        _("warn before a target is missed (minutes)"), default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
    )  # fmt: skip
    close_days = models.PositiveSmallIntegerField(
        _("close resolved tickets after (days)"), default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("Until then a new message of the customer opens the ticket again; afterwards it starts a new one."),
    )  # fmt: skip
    asks_by_mail = models.BooleanField(
        _("ask by mail how we helped"), default=True,
        help_text=_("Once for each question that went by mail, an hour after it was solved. Needs PUBLIC_URL."),
    )  # fmt: skip
    signature = models.CharField(_("signature of mails"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("inbox settings")
        verbose_name_plural = _("inbox settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="desk_settings_is_one")]

    def __str__(self) -> str:
        return str(_("Inbox settings"))

    @classmethod
    def current(cls) -> "DeskSettings":
        found, _created = cls.objects.select_related("hours").get_or_create(pk=1)
        return found
