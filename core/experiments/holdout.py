"""The holdout: one experiment that never ends, of everything that models decide against a shop without it.

People whose place under the shop's holdout salt lies below the holdout share get what the control of each capability
is (the popularity list, the same order of results for everybody), wherever a model would decide, and take part in no
other experiment. The rest of the shop is the other arm. Both are exposed at the same moment: when they are first shown
something that a model decides, or would have decided. So the two are comparable as in any experiment, and the same
looks, ranges and checks tell what all capabilities bring together.

A round is an `Experiment` of the kind "everything" whose salt is the holdout's and whose first arm is the control with
the holdout's share: that puts exactly the people of the holdout into it. A round ends when the share changes, and after
`LONGEST_DAYS`, so that exposures do not grow for ever; the next begins with the same people.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from core.experiments import placing, services
from core.experiments.kinds import ArmChoice, ExperimentKind
from core.impact import Capability
from core.models import Experiment, ExperimentArm, ShopProfile
from core.shipped import Name

KIND = placing.EVERYTHING
WITH, WITHOUT = "with", "without"
LONGEST_DAYS = 365
OUTCOME_DAYS = 28
PLANNED_PEOPLE = 20_000
CAP = 0.999
ROUNDS = 50
"""So many are called in the language of the reader; those after them stay as they were called when they began."""
LOCK = 7_340_061
"""Advisory lock of whoever begins or ends a round."""

EVERYTHING = ExperimentKind(
    title=gettext_lazy("Everything that models decide"),
    targets={"": gettext_lazy("Whole shop")},
    choices=[
        ArmChoice(WITH, gettext_lazy("The shop as it is"), {"models": True}),
        ArmChoice(WITHOUT, gettext_lazy("The control of every capability"), {"models": False}),
    ],
    control=WITHOUT,
    metrics=["conversion", "revenue", "bought_again", "returns"],
    available=lambda: False,  # the shop profile sets it, nobody starts it by hand
)

IMPACT = Capability(
    title=gettext_lazy("Everything together"),
    control=gettext_lazy("the holdout: people who see the shop without what models decide"),
    kind=KIND,
    ways=frozenset({WITH}),
    measures=("conversion", "revenue", "bought_again"),
    guardrails=("returns",),
)


def keep(now: datetime | None = None) -> Experiment | None:
    """The round that runs, begun or ended as the shop profile asks. Safe to run at any time and by several at once."""
    now = now or timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        shop = ShopProfile.current()
        running = Experiment.objects.running().filter(kind=KIND).prefetch_related("arms").first()
        if running is not None:
            if _is_wanted(running, shop, now):
                return running
            _end(running, now)
        return _begin(shop, now) if shop.holdout_percent else None


def is_due(experiment: Experiment, now: datetime) -> bool:
    """Whether a round is to be counted now: once a day is enough for something that takes weeks."""
    newest = experiment.looks.values_list("looked_at", flat=True).first()
    return newest is None or now - newest >= timedelta(hours=20)


def _is_wanted(running: Experiment, shop: ShopProfile, now: datetime) -> bool:
    shares = {arm.key: arm.weight for arm in running.arms.all()}
    is_young = running.started_at is not None and now - running.started_at < timedelta(days=LONGEST_DAYS)
    return is_young and shares.get(WITHOUT) == shop.holdout_percent and running.salt == shop.holdout_salt


def _begin(shop: ShopProfile, now: datetime) -> Experiment:
    number = Experiment.objects.filter(kind=KIND).count() + 1
    with override(next(iter(shop.languages), None)):
        made = Experiment.objects.create(
            name=_name(number),
            key=f"holdout-{number}", kind=KIND, target="", salt=shop.holdout_salt, primary_metric="conversion",
            guardrails=["returns"], outcome_days=OUTCOME_DAYS, planned_people=PLANNED_PEOPLE, winsorise_at=CAP,
        )  # fmt: skip
        # The control first: the people below the holdout's share are those in the lowest part of the split.
        for key, share in ((WITHOUT, shop.holdout_percent), (WITH, 100 - shop.holdout_percent)):
            choice = next(one for one in EVERYTHING.choices if one.key == key)
            ExperimentArm.objects.create(
                experiment=made, key=key, name=str(choice.title)[:80], weight=share, settings=dict(choice.settings),
                is_control=key == WITHOUT,
            )  # fmt: skip
    made.state, made.started_at = Experiment.State.RUNNING, now
    made.save(update_fields=["state", "started_at", "updated_at"])
    transaction.on_commit(placing.forget)
    return made


def names() -> Iterator[Name]:
    """What the rounds are called, for readers of both languages."""
    for number in range(1, ROUNDS + 1):
        found = {}
        for key, language in (("en", "en"), ("zh", "zh-hans")):
            with override(language):
                found[key] = _name(number)
        yield found


def _name(number: int) -> str:
    return _("Holdout %(number)d: the shop against the shop without models") % {"number": number}


def _end(running: Experiment, now: datetime) -> None:
    running.state, running.stopped_at = Experiment.State.STOPPED, now
    running.save(update_fields=["state", "stopped_at", "updated_at"])
    transaction.on_commit(placing.forget)
    services.ask_for_look(running)
