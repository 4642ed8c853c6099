"""What a look says, in sentences: the words of every page that shows a result."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.components.pills import Meaning
from core.components.words import MINUS, figure, percent
from core.experiments import metrics
from core.ml import experiments as ml
from core.ml.experiments.sequences import MINIMUM_EVENTS
from core.models import Experiment, ExperimentLook

ALPHA = 0.05
LONGEST_DAYS = 365
"""Beyond that a number of days is no plan."""


@dataclass(frozen=True)
class Reading:
    """`kind` is broken, waiting, few, works, hurts, same, open or shown; `word` is its pill. Ends are relative to the
    control. `p` holds at any look, `p_holm` is the same after Holm's correction over what the experiment is judged by.
    What is only shown has neither."""

    kind: str
    word: str
    sentence: str
    metric: str
    arm: str = ""
    low: float | None = None
    high: float | None = None
    estimate: float | None = None
    p: float | None = None
    p_holm: float | None = None

    @property
    def is_claimed(self) -> bool:
        """Whether the range says something by itself; else what lies beside zero may be chance."""
        return self.kind not in ("open", "shown")

    @property
    def meaning(self) -> Meaning:
        return {
            "works": Meaning.GOOD, "hurts": Meaning.STOPPED, "broken": Meaning.STOPPED, "same": Meaning.IDLE,
            "shown": Meaning.IDLE, "few": Meaning.IDLE,
        }.get(self.kind, Meaning.MOVING)  # fmt: skip


def readings(experiment: Experiment, look: ExperimentLook) -> list[Reading]:
    """One for each metric and arm, in the order of the look. A change is claimed only of the primary metric and the
    guardrails, which were written down before the start, and only when it also stands after Holm's correction over
    these: whatever page or program reads some of it, the same experiment says the same. Other metrics are shown with
    their ranges; they prove nothing, and take nothing away from what was asked (docs/adr/0127)."""
    if (broken := mismatch(experiment, look)) is not None:
        return [broken]
    asked = [
        (result, row)
        for result in look.results
        for row in result["comparisons"]
        if metrics.known(result["metric"]) is not None
    ]
    judged = [row for result, row in asked if result["metric"] in experiment.metrics]
    chances = [_chance(experiment, row) for row in judged]
    corrected = iter(zip(chances, ml.holm([1.0 if p is None else p for p in chances]), strict=True))
    found = []
    for result, row in asked:
        said = _read(experiment, look, result, row)
        if result["metric"] not in experiment.metrics:
            found.append(_shown(said))
            continue
        p, p_holm = next(corrected)
        if p is not None:
            said = _kept(experiment, replace(said, p=p, p_holm=p_holm), len(judged))
        found.append(said)
    return found


def verdict(experiment: Experiment, look: ExperimentLook | None) -> Reading:
    """What the primary metric says: the best arm that works, else the worst that hurts, else the first."""
    waiting = Reading("waiting", _("waits for people"), _("Nothing counted yet."), experiment.primary_metric)
    if look is None:
        return waiting
    found = [one for one in readings(experiment, look) if one.metric in (experiment.primary_metric, "")]
    rank = {"broken": 0, "works": 1, "hurts": 2, "open": 3, "same": 4, "waiting": 5, "few": 6}
    return min(found, key=lambda one: (rank[one.kind], -(one.estimate or 0)), default=waiting)


def mismatch(experiment: Experiment, look: ExperimentLook) -> Reading | None:
    """A split that cannot be chance: nothing of such an experiment may be used."""
    if look.sample_ratio_p >= ml.MISMATCH_BELOW:
        return None
    weights = {arm.key: arm.weight for arm in experiment.arms.all()}
    people = _listed([figure(look.exposed.get(key, 0)) for key in weights])
    if len(set(weights.values())) == 1:
        text = _("Do not use this result: %(people)s people where equal groups were planned") % {"people": people}
    else:
        shares = _listed([f"{weight}%" for weight in weights.values()])
        text = _("Do not use this result: %(people)s people where shares of %(shares)s were planned") % {
            "people": people, "shares": shares,
        }  # fmt: skip
    return Reading("broken", _("do not use"), text, "")


def _read(experiment: Experiment, look: ExperimentLook, result: dict[str, Any], row: dict[str, Any]) -> Reading:
    metric = metrics.known(result["metric"])
    assert metric is not None
    key, arm, ends = result["metric"], row["arm"], row["always_valid_relative_interval"]
    if ends is None and (people := min(row["n"], row["n_control"])) < ml.MINIMUM_PER_ARM and _is_over(experiment, look):
        text = _("Not decided: it takes %(needed)s people in each group and had %(has)s") % {
            "needed": figure(ml.MINIMUM_PER_ARM), "has": figure(people),
        }  # fmt: skip
        return Reading("few", _("too few people"), text, key, arm)
    if ends is None:
        return Reading("waiting", _("waits for people"), _missing(experiment, look, result, row), key, arm)
    low, high = ends
    near = experiment.smallest_effect

    def told(kind: str, word: str, sentence: str) -> Reading:
        return Reading(kind, word, sentence, key, arm, low, high, row["relative"])

    if low > 0 or high < 0:
        rises = low > 0
        span = _("%(low)s to %(high)s") % {
            "low": share_text(min(abs(low), abs(high))),
            "high": share_text(max(abs(low), abs(high))),
        }
        change = str(metric.more if rises else metric.fewer) % {"range": span}
        if rises == metric.is_good:
            return told("works", _("works"), _("Works: likely %(change)s") % {"change": change})
        return told("hurts", _("hurts"), _("Hurts: likely %(change)s") % {"change": change})
    if max(abs(low), abs(high)) <= near:
        widest = share_text(max(abs(low), abs(high)))
        return told("same", _("no difference"), _("No difference that matters: within ±%(width)s") % {"width": widest})
    sentence = _("Too early to tell: anywhere from %(low)s to %(high)s.") % {
        "low": signed_share(low),
        "high": signed_share(high),
    }
    if not experiment.is_running:
        sentence = _("Not decided: anywhere from %(low)s to %(high)s.") % {
            "low": signed_share(low),
            "high": signed_share(high),
        }
    elif (days := days_left(experiment, look, row)) is not None:
        more = _time_left(days)
        sentence = pgettext("two sentences", "%(first)s %(second)s") % {"first": sentence, "second": more}
    return told("open", _("too early"), sentence)


def _chance(experiment: Experiment, row: dict[str, Any]) -> float | None:
    """The p value that holds at any look; None without a range."""
    if row["always_valid_interval"] is None or not row["error"]:
        return None
    z = row["difference"] / row["error"]
    return ml.always_valid_p(z, row["n"] + row["n_control"], tuned_for=experiment.planned_people, alpha=row["alpha"])


def _kept(experiment: Experiment, said: Reading, questions: int) -> Reading:
    """The reading, or that it is too early for it: one of many questions may look clear by chance."""
    if said.kind not in ("works", "hurts") or said.p_holm is None or said.p_holm <= ALPHA:
        return said
    assert said.low is not None
    assert said.high is not None
    if experiment.is_running:
        text = _(
            "Too early to tell: alone it would be %(low)s to %(high)s, but one of %(count)d questions asked at once "
            "may look so by chance."
        )
    else:
        text = _(
            "Not decided: alone it would be %(low)s to %(high)s, but one of %(count)d questions asked at once may look "
            "so by chance."
        )
    ends = {"low": signed_share(said.low), "high": signed_share(said.high), "count": questions}
    return replace(said, kind="open", word=_("too early"), sentence=text % ends)


def _shown(said: Reading) -> Reading:
    """The range alone, of a metric that the experiment is not judged by."""
    if said.low is None or said.high is None:
        return said
    text = _("Only shown, proves nothing: %(low)s to %(high)s") % {
        "low": signed_share(said.low), "high": signed_share(said.high),
    }  # fmt: skip
    return replace(said, kind="shown", word=_("only shown"), sentence=text)


def days_left(experiment: Experiment, look: ExperimentLook, row: dict[str, Any]) -> int | None:
    """Days until the range is as narrow as the smallest change that matters, at the pace since the start."""
    if not experiment.started_at or not row["mean_control"]:
        return None
    days = max((look.looked_at - experiment.started_at) / timedelta(days=1), 0.5)
    people = row["n"] + row["n_control"]
    share = people / look.people if look.people else 0
    return ml.days_needed(
        error=row["error"] / abs(row["mean_control"]), n=people, target=experiment.smallest_effect,
        tuned_for=experiment.planned_people, per_day=look.people / days * share, alpha=row["alpha"],
    )  # fmt: skip


def _time_left(days: int) -> str:
    if days > LONGEST_DAYS:
        return _("At this pace it takes more than a year.")
    return ngettext("About %(days)s more day", "About %(days)s more days", days) % {"days": figure(days)}


def _is_over(experiment: Experiment, look: ExperimentLook) -> bool:
    """Whether the days of everybody who took part have been counted: nobody joins any more."""
    stopped = experiment.stopped_at
    return stopped is not None and look.looked_at >= stopped + timedelta(days=experiment.outcome_days)


def _missing(experiment: Experiment, look: ExperimentLook, result: dict[str, Any], row: dict[str, Any]) -> str:
    least = min(row["n"], row["n_control"])
    arms, compared = result["arms"], {one["arm"] for one in result["comparisons"]}
    of_control, own = next(arms[name] for name in arms if name not in compared), arms[row["arm"]]
    events = min(of_control["nonzero"], own["nonzero"])
    if least == 0:
        first = (experiment.started_at or timezone.now()) + timedelta(days=experiment.outcome_days)
        if look.looked_at < first:
            return _("Not yet: what people do is counted for %(days)d days first") % {"days": experiment.outcome_days}
    if least < ml.MINIMUM_PER_ARM:
        return _("Not yet: needs %(needed)s people in each group, has %(has)s") % {
            "needed": figure(ml.MINIMUM_PER_ARM), "has": figure(least),
        }  # fmt: skip
    if events < MINIMUM_EVENTS and (far := _far_apart(own, of_control)):
        return far
    if events < MINIMUM_EVENTS:
        return _("Not yet: needs %(needed)s people in each group with something to count, has %(has)s") % {
            "needed": figure(MINIMUM_EVENTS), "has": figure(events),
        }  # fmt: skip
    return _("Not yet: the control group has too little to compare with")


def _far_apart(own: dict[str, Any], of_control: dict[str, Any]) -> str:
    """Where one group has too few for a range and the other four times as many as that range would need: no chance
    does that, so it is not only waited for. Empty else."""
    fewer, other = sorted((own, of_control), key=lambda one: one["nonzero"] / one["n"])
    if other["nonzero"] / other["n"] * fewer["n"] < 4 * MINIMUM_EVENTS:
        return ""
    text = _(
        "Look into it: %(has)s of %(people)s people here, %(has_control)s of %(people_control)s in the control group"
    )
    return text % {
        "has": figure(own["nonzero"]), "people": figure(own["n"]), "has_control": figure(of_control["nonzero"]),
        "people_control": figure(of_control["n"]),
    }  # fmt: skip


def share_text(value: float) -> str:
    """The size of an end of a range, 6%, 0.4%, 1,240%: a percent without a decimal that says nothing."""
    return percent(abs(value)).replace(".0%", "%")


def signed_share(value: float) -> str:
    text = share_text(value)
    return text if text == "0%" else f"{MINUS if value < 0 else '+'}{text}"


def _listed(parts: list[str]) -> str:
    """ "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    rest = pgettext("between the members of a list", ", ").join(parts[:-1])
    return _("%(first)s and %(last)s") % {"first": rest, "last": parts[-1]}
