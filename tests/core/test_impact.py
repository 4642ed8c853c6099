"""What may be claimed of a capability: only what stands at any look and after Holm; planted truths come back."""

import numpy as np
import pytest
from django.utils import timezone

from core import impact
from core.components.pills import Meaning
from core.experiments import reading
from core.experiments.looking import as_row
from core.impact import Capability
from core.ml import experiments as ml
from core.models import Experiment, ExperimentLook
from tests.factories import ExperimentFactory

PLANNED = 10_000
ALONE = Capability(
    title="Recommendations", control="the popularity list", kind="recommendations", ways=frozenset({"live"}),
    measures=("conversion", "revenue", "orders"), guardrails=("returns",),
)  # fmt: skip


def a_look(experiment, outcomes, *, exposed=None, ratio=1.0):
    """A look as `looking` stores it: `outcomes` has for each metric the arrays of control and arm."""
    results = []
    for metric, arms in outcomes.items():
        sums = {key: ml.Sums.of(values) for key, values in zip(("control", "arm-a"), arms, strict=True)}
        compared = ml.compare(sums, control="control", tuned_for=PLANNED)
        results.append(
            {
                "metric": metric,
                "arms": {k: {"n": s.n, "nonzero": s.nonzero, "value": s.y / max(1, s.n)} for k, s in sums.items()},
                "cap": None, "capped": 0, "removed": compared.removed,
                "comparisons": [as_row(one) | {"p_value_holm": 1.0} for one in compared.comparisons],
            }
        )  # fmt: skip
    n = {key: len(arm) for key, arm in zip(("control", "arm-a"), next(iter(outcomes.values())), strict=True)}
    return ExperimentLook(
        experiment=experiment, looked_at=timezone.now(), exposed=exposed or n, sample_ratio_p=ratio, results=results
    )


def people(count, share):
    """Exactly that share of them did it."""
    found = np.zeros(count)
    found[: round(count * share)] = 1
    return found


@pytest.fixture
def experiment(db):
    return ExperimentFactory.create(
        state=Experiment.State.RUNNING, planned_people=PLANNED, guardrails=["revenue", "orders", "returns"]
    )


def kinds(found):
    return {one.reading.metric: one.reading.kind for one in found}


def test_an_effect_that_is_clear_among_all_questions_is_claimed(experiment):
    clear, same = (people(6_000, 0.08), people(6_000, 0.12)), (people(6_000, 0.05), people(6_000, 0.05))
    found = impact.claims(ALONE, experiment, a_look(experiment, {"conversion": clear, "orders": same, "returns": same}))

    assert kinds(found)["conversion"] == "works"
    best = found[0]
    assert best.reading.low < 0.5 < best.reading.high  # 8% to 12% is half more
    assert (best.people, best.people_control, best.value, best.value_control) == (6_000, 6_000, 0.12, 0.08)
    assert best.p <= best.p_holm <= 0.05
    assert impact.verdict(found) == best.reading


def test_what_one_question_alone_would_show_is_not_claimed_among_four(experiment):
    """Just beyond the range of one question: p at any look between 0.0125 and 0.05."""
    same = (people(6_000, 0.05), people(6_000, 0.05))
    near = (people(6_000, 0.080), people(6_000, 0.0965))
    look = a_look(experiment, {"conversion": near, "revenue": same, "orders": same, "returns": same})

    (single,) = impact.claims(ALONE, experiment, a_look(experiment, {"conversion": near}))
    among = impact.claims(ALONE, experiment, look)[0]

    assert 0.0125 < single.p < 0.05
    assert (single.reading.kind, among.reading.kind) == ("works", "open")
    assert (single.p_holm, among.p_holm) == (single.p, pytest.approx(4 * single.p))
    assert among.reading.sentence.startswith("Too early to tell: alone it would be +")
    assert among.reading.meaning == Meaning.MOVING
    assert (among.reading.low, among.reading.high) == (single.reading.low, single.reading.high)


def test_the_page_of_an_experiment_says_what_the_impact_page_says(experiment):
    """However few of the look's metrics a capability is about."""
    same = (people(6_000, 0.05), people(6_000, 0.05))
    near = (people(6_000, 0.080), people(6_000, 0.0965))
    look = a_look(experiment, {"conversion": near, "revenue": same, "orders": same, "returns": same})
    alone = Capability(**{**ALONE.__dict__, "measures": ("conversion",), "guardrails": ()})

    said = {one.metric: one for one in reading.readings(experiment, look)}

    for capability in (alone, ALONE):
        for one in impact.claims(capability, experiment, look):
            assert one.reading == said[one.reading.metric]
    assert reading.verdict(experiment, look).kind == "open"


def test_what_was_not_asked_before_is_shown_and_proves_nothing(db):
    """However clear it is: among so many metrics one is, by chance."""
    experiment = ExperimentFactory.create(state=Experiment.State.RUNNING, planned_people=PLANNED)
    same, clear = (people(6_000, 0.05), people(6_000, 0.05)), (people(6_000, 0.03), people(6_000, 0.06))
    look = a_look(experiment, {"conversion": same, "orders": clear, "returns": clear})

    found = impact.claims(ALONE, experiment, look)

    assert kinds(found) == {"conversion": "open", "orders": "shown", "returns": "shown"}
    (shown,) = (one for one in found if one.reading.metric == "orders")
    assert (shown.p, shown.p_holm, shown.reading.is_claimed) == (None, None, False)
    assert shown.reading.low > 0
    assert shown.reading.sentence.startswith("Only shown, proves nothing: +")
    assert impact.verdict(found).metric == "conversion"


def test_metrics_that_are_only_shown_take_no_power_from_the_primary_one(db):
    """What is clear alone stays clear beside seven metrics that nobody asked for."""
    experiment = ExperimentFactory.create(state=Experiment.State.RUNNING, planned_people=PLANNED)
    near, same = (people(6_000, 0.080), people(6_000, 0.0965)), (people(6_000, 0.05), people(6_000, 0.05))
    others = ("orders", "revenue", "clicks", "revenue_per_view", "bought_again", "returns", "search_success")
    look = a_look(experiment, {"conversion": near, **dict.fromkeys(others, same)})

    said = reading.verdict(experiment, look)

    assert said.kind == "works"
    assert said.p_holm == said.p


def test_an_ended_experiment_whose_change_does_not_stand_is_not_decided(experiment):
    same = (people(6_000, 0.05), people(6_000, 0.05))
    near = (people(6_000, 0.080), people(6_000, 0.0965))
    experiment.state = Experiment.State.STOPPED
    look = a_look(experiment, {"conversion": near, "revenue": same, "orders": same, "returns": same})

    assert impact.claims(ALONE, experiment, look)[0].reading.sentence.startswith("Not decided: alone it would be +")


def test_a_metric_that_is_the_same_for_everybody_is_no_claim_and_no_division_by_zero(experiment):
    constant = (np.ones(6_000), np.ones(6_000))
    clear = (people(6_000, 0.08), people(6_000, 0.12))
    look = a_look(experiment, {"conversion": constant, "returns": clear})

    found = {one.reading.metric: one for one in impact.claims(ALONE, experiment, look)}

    assert found["conversion"].reading.kind in ("same", "waiting")
    assert (found["conversion"].p, found["conversion"].p_holm) == (None, None)
    assert found["returns"].reading.kind == "hurts"


def test_harm_to_a_guardrail_comes_before_what_works(experiment):
    works, harm = (people(6_000, 0.08), people(6_000, 0.12)), (people(6_000, 0.03), people(6_000, 0.06))
    found = impact.claims(ALONE, experiment, a_look(experiment, {"conversion": works, "returns": harm}))

    said = impact.verdict(found)

    assert (said.kind, said.metric) == ("hurts", "returns")
    assert "more people with returns" in said.sentence


def test_a_broken_split_claims_nothing(experiment):
    look = a_look(experiment, {"conversion": (people(6_000, 0.08), people(6_000, 0.12))}, ratio=1e-9)

    assert impact.claims(ALONE, experiment, look) == []


def test_too_few_people_claim_nothing_and_have_no_p(experiment):
    look = a_look(experiment, {"conversion": (people(400, 0.1), people(400, 0.9))})

    (one,) = impact.claims(ALONE, experiment, look)

    assert (one.reading.kind, one.p, one.p_holm) == ("waiting", None, None)


@pytest.mark.parametrize(
    ("ways", "counts"),
    [(["popularity", "live"], ["arm-a"]), (["newest", "live"], []), (["popularity", "newest"], [])],
)
def test_an_experiment_measures_a_capability_only_against_its_control(db, ways, counts):
    made = ExperimentFactory.create(state=Experiment.State.RUNNING, ways=ways)

    assert ALONE.arms_of(made) == counts


def test_without_an_effect_a_watched_family_of_four_is_hardly_ever_claimed():
    """600 experiments without any effect, four metrics each, looked at twenty times: a claim at any look of any metric
    in at most 5% of them."""
    draw = np.random.default_rng(61)
    runs, looks, step, share = 600, 20, 600, 0.1
    done = draw.binomial(step, share, (runs, looks, 2, 4)).cumsum(axis=1)
    n = step * np.arange(1, looks + 1)[None, :, None]
    mean = done / n[..., None]
    spread = (mean * (1 - mean) / (n[..., None] - 1)).sum(axis=2)
    z = (mean[:, :, 1] - mean[:, :, 0]) / np.sqrt(spread)
    claimed = np.zeros(runs, bool)
    for place in range(looks):
        for run in range(runs):
            chances = [ml.always_valid_p(one, 2 * step * (place + 1), tuned_for=PLANNED) for one in z[run, place]]
            claimed[run] |= min(ml.holm(chances)) <= reading.ALPHA

    assert claimed.mean() <= 0.05


def test_p_at_any_look_is_below_alpha_exactly_when_the_range_leaves_zero_out():
    for n in (1_000, 10_000, 80_000):
        edge = ml.always_valid_multiplier(n, tuned_for=PLANNED)

        assert ml.always_valid_p(edge, n, tuned_for=PLANNED) == pytest.approx(0.05)
        assert (
            ml.always_valid_p(edge * 1.01, n, tuned_for=PLANNED)
            < 0.05
            < ml.always_valid_p(edge * 0.99, n, tuned_for=PLANNED)
        )
    assert ml.always_valid_p(0.0, 1_000, tuned_for=PLANNED) == 1.0
