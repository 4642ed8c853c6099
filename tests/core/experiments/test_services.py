import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.exceptions import BadInput, DomainError
from core.experiments import Subject, arm_for, services
from core.experiments.services import NewArm
from core.models import Experiment, ExperimentArm, Job, LedgerEntry, ShopProfile
from tests.factories import ExperimentFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
State = Experiment.State
LIVE, POPULAR = {"strategy": "live"}, {"strategy": "popularity"}
ARMS = [NewArm("The list", 50, POPULAR, is_control=True), NewArm("The model", 50, LIVE)]


def create(**changes):
    fields = {"name": "Home", "kind": "recommendations", "target": "home", "primary_metric": "conversion"} | changes
    return services.create(**{"arms": ARMS} | fields)


def test_a_new_experiment_is_a_draft_with_its_arms():
    made = create(by=StaffUserFactory.create())

    assert made.state == State.DRAFT
    assert [(arm.key, arm.weight, arm.is_control) for arm in made.arms.all()] == [
        ("control", 50, True),
        ("arm-b", 50, False),
    ]
    assert made.key.startswith("recommendations-")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "weather"}, "kind"),
        ({"target": "No Such Place"}, "target"),
        ({"primary_metric": "luck"}, "primary_metric"),
        ({"guardrails": ["luck"]}, "guardrails"),
        ({"arms": ARMS[:1]}, "arms"),
        ({"arms": [ARMS[0], NewArm("B", 40, LIVE)]}, "arms"),
        ({"arms": [ARMS[0], NewArm("B", 50, LIVE, is_control=True)]}, "arms"),
        ({"arms": [ARMS[0], NewArm("B", 50, POPULAR)]}, "arms"),
        ({"arms": [ARMS[0], NewArm("B", 50, {"strategy": "astrology"})]}, "arms"),
        ({"arms": [NewArm("A", 50, LIVE), NewArm("B", 50, POPULAR)]}, "arms"),
    ],
)
def test_what_makes_no_experiment_is_refused(changes, field):
    with pytest.raises(BadInput) as refused:
        create(**changes)

    assert refused.value.extra["field"] == field
    assert not Experiment.objects.exists()


def test_starting_keeps_the_holdout_of_the_day():
    profile = ShopProfile.current()
    profile.holdout_percent = 10
    profile.save()
    made = services.start(create())

    ShopProfile.objects.update(holdout_percent=30)

    made.refresh_from_db()
    assert (made.state, made.holdout_percent) == (State.RUNNING, 10)


def test_people_are_divided_from_the_start_until_the_stop(django_capture_on_commit_callbacks):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 0})
    made = create()

    def placed():
        return arm_for(kind="recommendations", target="home", subject=Subject(visitor="ana"))

    assert placed() is None
    with django_capture_on_commit_callbacks(execute=True):
        services.start(made)
    assert placed().experiment == made.key
    with django_capture_on_commit_callbacks(execute=True):
        services.stop(made)
    assert placed() is None
    assert Job.objects.get(task=services.LOOK).arguments == {"experiment_id": made.pk}


def test_two_experiments_cannot_run_in_one_place():
    services.start(create())
    second = create()

    with pytest.raises(DomainError) as refused:
        services.start(second)

    assert refused.value.code == "place_taken"
    second.refresh_from_db()
    assert second.state == State.DRAFT


@pytest.mark.parametrize("act", [services.start, services.delete, lambda e: services.change(e, arms=ARMS, name="x")])
def test_a_started_experiment_stays_as_it_is(act):
    made = services.start(create())

    with pytest.raises(DomainError):
        act(made)

    made.refresh_from_db()
    assert (made.state, made.name, made.arms.count()) == (State.RUNNING, "Home", 2)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_experimentarm SET weight = 40 WHERE is_control",
        "UPDATE core_experimentarm SET settings = '{}'",
        "DELETE FROM core_experimentarm WHERE NOT is_control",
        "INSERT INTO core_experimentarm (experiment_id, key, name, weight, settings, is_control)"
        " SELECT id, 'late', 'late', 1, '{}', false FROM core_experiment",
        "UPDATE core_experiment SET salt = 'another'",
        'INSERT INTO core_experiment SELECT (jsonb_populate_record(e, \'{"id": 999, "key": "x"}\')).*'
        " FROM core_experiment e",
        "UPDATE core_experiment SET outcome_days = 1",
        "UPDATE core_experiment SET state = 'draft'",
        "UPDATE core_experiment SET state = 'archived', stopped_at = now()",
    ],
)
def test_no_way_of_writing_changes_a_running_experiment(statement):
    services.start(create())
    before = list(ExperimentArm.objects.values()), list(Experiment.objects.values())

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert (list(ExperimentArm.objects.values()), list(Experiment.objects.values())) == before


@pytest.mark.parametrize("weights", [[100], [60, 30]])
def test_the_database_starts_no_experiment_whose_arms_do_not_add_up(weights):
    if weights == [100]:
        weights = [99]
    draft = ExperimentFactory.create(weights=weights)

    with pytest.raises(IntegrityError), transaction.atomic():
        Experiment.objects.filter(pk=draft.pk).update(state=State.RUNNING, started_at=timezone.now())


def test_the_name_of_an_arm_may_still_be_put_right():
    made = services.start(create())

    made.arms.filter(is_control=True).update(name="List")

    assert made.arms.get(is_control=True).name == "List"


def test_a_new_version_has_the_same_arms_and_divides_anew():
    made = services.start(create(key="home-list"))

    again = services.new_version(made)
    third = services.new_version(again)

    assert (again.key, third.key, again.state, again.replaces_id) == ("home-list-v2", "home-list-v3", "draft", made.pk)
    assert again.salt != made.salt
    assert list(again.arms.values_list("key", "weight", "settings")) == list(
        made.arms.values_list("key", "weight", "settings")
    )


def test_a_decision_names_arm_reason_and_who_and_stands_in_the_ledger():
    made, boss = services.stop(services.start(create())), StaffUserFactory.create()
    arm = made.arms.get(is_control=False)

    services.decide(made, decision="adopt", arm=arm, reason=" Sells more ", by=boss)

    made.refresh_from_db()
    assert (made.decided_arm, made.decision_reason, made.decided_by) == (arm, "Sells more", boss)
    told = LedgerEntry.objects.filter(kind="experiment", subject=f"core.experiment:{made.pk}").order_by("id")
    assert ['"running"' in told[0].body, '"stopped"' in told[1].body, "Sells more" in told[2].body] == [True] * 3


@pytest.mark.parametrize(
    "wrong", [{"reason": " "}, {"decision": "coin"}, {"decision": "adopt", "arm": None}], ids=lambda one: str(one)
)
def test_a_decision_without_its_parts_is_refused(wrong):
    made = services.stop(services.start(create()))

    with pytest.raises(BadInput):
        services.decide(made, **{"decision": "keep", "reason": "No effect", "by": StaffUserFactory.create()} | wrong)

    made.refresh_from_db()
    assert made.decision == ""


def test_nothing_is_decided_while_it_runs():
    made = services.start(create())

    with pytest.raises(DomainError):
        services.decide(made, decision="keep", reason="No effect", by=StaffUserFactory.create())


def test_archiving_goes_both_ways():
    made = services.stop(services.start(create()))

    assert services.archive(made).state == State.ARCHIVED
    assert services.archive(made, back=True).state == State.STOPPED


def test_drafts_can_go():
    made = create()

    services.delete(made)

    assert not Experiment.objects.exists()
    assert not ExperimentArm.objects.exists()
