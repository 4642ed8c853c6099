"""The experiment of the demo shop: exposures follow from its visits, the result from its orders."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from catalog.demo import trial
from catalog.demo.chance import SHOP_ZONE
from core.experiments import looking
from core.extensions import first_models
from core.models import Experiment, Exposure, Job, ShopProfile
from recommender import demo
from tests.factories.catalog import CustomerFactory, InteractionFactory, VisitorFactory
from tests.factories.experiments import ExperimentFactory

pytestmark = pytest.mark.django_db
END = datetime(2026, 11, 1, tzinfo=SHOP_ZONE).astimezone(UTC)
LAST = END - timedelta(hours=3)
WITHIN = END - timedelta(days=100)


def visit(key, at, *, customer=True, may_track=True, is_personalised=True):
    who = CustomerFactory.create(is_personalised=is_personalised) if customer else None
    visitor = VisitorFactory.create(key=key, customer=who, may_track=may_track)
    for later in (timedelta(0), timedelta(days=3)):
        InteractionFactory.create(visitor=visitor, customer=who, occurred_at=at + later)
    return visitor


@pytest.fixture
def visits():
    ShopProfile.objects.update_or_create(pk=1, defaults={"is_demo": True})
    for number in range(12):
        visit(f"in{number}", WITHIN + timedelta(days=number))
    visit("stranger", WITHIN, customer=False)
    visit("untracked", WITHIN, may_track=False)
    visit("plain", WITHIN, is_personalised=False)
    visit("early", END - timedelta(days=7 * trial.WEEKS + 10))
    visit("late", LAST - timedelta(days=3))


def test_those_who_were_signed_in_stand_in_the_arm_of_their_browser_since_they_first_came(visits):
    demo.first()

    made = Experiment.objects.get()
    assert made.name.startswith("Demo data: ")
    assert (made.key, made.kind, made.target, made.state) == ("demo-home", "recommendations", "home", "stopped")
    assert made.started_at == END - timedelta(weeks=trial.WEEKS)
    assert made.stopped_at == END - timedelta(days=trial.OUTCOME_DAYS)
    assert made.arms.get(is_control=True).settings == {"strategy": "popularity"}
    found = {one.subject: (one.arm.key, one.exposed_at) for one in Exposure.objects.select_related("arm")}
    assert found == {
        f"in{number}": (
            "live" if trial.arm_of(f"in{number}") == trial.LIVE else "popularity",
            WITHIN + timedelta(days=number),
        )
        for number in range(12)
    }
    assert {arm for arm, _at in found.values()} == {"live", "popularity"}
    assert Job.objects.get(kind="core.experiments.look").arguments == {"experiment_id": made.pk}

    looking.look(made.pk)
    assert sum(made.looks.get().exposed.values()) == 12


def test_it_is_called_in_the_language_of_the_reader(visits):
    demo.first()
    made = Experiment.objects.get()

    with override("zh-hans"):
        assert (made.title, made.expected[:6]) == ("演示数据：首页推荐是否比热销榜卖得更多？", "随演示店铺附")
    with override("en"):
        assert made.title == made.name


def test_running_it_again_changes_nothing(visits):
    demo.first()
    before = list(Exposure.objects.order_by("pk").values())

    demo.first()

    assert Experiment.objects.count() == 1
    assert list(Exposure.objects.order_by("pk").values()) == before


def test_a_shop_of_ones_own_and_one_that_has_experiments_begin_without(visits):
    ExperimentFactory.create()
    demo.first()
    assert not Exposure.objects.exists()

    Experiment.objects.all().delete()
    ShopProfile.objects.update(is_demo=False)
    demo.first()
    assert not Experiment.objects.exists()


def test_it_is_made_before_anything_else_that_makes_experiments():
    keys = [entry.key for entry in first_models.entries()]

    assert keys.index("experiment of the demo shop") < keys.index("care")


def test_a_demo_shop_without_visits_begins_without():
    ShopProfile.objects.update_or_create(pk=1, defaults={"is_demo": True})

    demo.first()

    assert not Experiment.objects.exists()
