"""The experiment that the demo shop has behind it (catalog.demo.trial planted what it brought)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from catalog.demo import trial
from catalog.models import Interaction
from core.experiments import exposures, services
from core.models import Experiment, ShopProfile
from core.shipped import Name
from recommender.trials import IMPACT, KIND, LIVE, POPULAR, RECOMMENDATIONS

KEY = "demo-home"
PLANNED_PEOPLE = 1_200


def first() -> None:
    """Write down who was shown what on the home page of the demo shop, and ask for the count. Only in a demo shop that
    has just been made: shops of one's own begin without. Running it again changes nothing.

    It is over, so that everybody who opens the demo storefront gets the live model.
    """
    shop = ShopProfile.objects.filter(pk=1, is_demo=True).first()
    newest = Interaction.objects.aggregate(at=Max("occurred_at"))["at"]
    if shop is None or newest is None or Experiment.objects.exists():
        return
    end = int(trial.end_of_history(newest).timestamp())
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in trial.window(end))
    with transaction.atomic():
        with override(next(iter(shop.languages), None)):
            made = _draft()
        made.state, made.started_at = Experiment.State.RUNNING, since
        made.save(update_fields=["state", "started_at", "updated_at"])
        arms = {arm.key: arm.pk for arm in made.arms.all()}
        found = _signed_in(since, until)
        exposures.write(
            (made.pk, arms[LIVE if trial.arm_of(key) == trial.LIVE else POPULAR], key, at.timestamp())
            for key, at in found.items()
        )
        made.state, made.stopped_at = Experiment.State.STOPPED, until
        made.save(update_fields=["state", "stopped_at", "updated_at"])
        services.ask_for_look(made)


EXPECTED = gettext_noop(
    "Comes with the demo shop: its orders and visits are made up, and some of those who were shown the live "
    "model buy a little more. The result is counted from them as in any shop."
)


def _name() -> str:
    assert IMPACT.start is not None
    return _("Demo data: %(question)s") % {"question": IMPACT.start.name}


def names() -> Iterator[Name]:
    """What the experiment is called and why it was made, for readers of both languages."""
    for said in (_name, lambda: _(EXPECTED)):
        found = {}
        for key, language in (("en", "en"), ("zh", "zh-hans")):
            with override(language):
                found[key] = said()
        yield found


def _draft() -> Experiment:
    assert IMPACT.start is not None
    choices = {choice.key: choice for choice in RECOMMENDATIONS.choices}
    shares = zip((POPULAR, LIVE), trial.WEIGHTS, strict=True)
    return services.create(
        key=KEY, name=_name(), kind=KIND, target="home", salt=trial.SALT, hypothesis=_(EXPECTED),
        primary_metric=IMPACT.start.metric, guardrails=list(IMPACT.guardrails), smallest_effect=0.05,
        outcome_days=trial.OUTCOME_DAYS, planned_people=PLANNED_PEOPLE,
        arms=[
            services.NewArm(
                name=str(choices[way].title), weight=share, settings=dict(choices[way].settings),
                is_control=way == POPULAR, key=way,
            )
            for way, share in shares
        ],
    )  # fmt: skip


def _signed_in(since: datetime, until: datetime) -> dict[str, datetime]:
    """Browsers of those who were signed in then and want personal answers, and when they first came."""
    acts = Interaction.objects.filter(
        occurred_at__gte=since, occurred_at__lt=until, visitor__may_track=True, customer__is_personalised=True
    )
    return dict(acts.values_list("visitor__key").annotate(at=Min("occurred_at")))
