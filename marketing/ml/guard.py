"""Whether a ranking by uplift may be used: only where it is proved, on customers that it was not learned from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analytics.ml import logistic
from marketing.ml import learners, qini
from marketing.ml.encoding import Columns, Encoder, length, taken
from marketing.ml.qini import Interval

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
Decision = Literal["use", "no_reliable_ranking"]
Reason = Literal["", "too_few", "arms_not_random", "not_above_chance", "not_above_response"]
SERVED = "mean"
"""The mean of the three learners: nothing is picked on the rows that then judge it."""
REPEATS = 2
"""Times that the rows are cut into folds anew; a row's score is the mean."""
TELLTALE = 4.0
"""Standard errors by which features may tell the arms apart before the arms do not count as drawn by chance."""


@dataclass(frozen=True)
class Verdict:
    """`use` when the lower end of the 90 % interval of the served Qini is above 0 and so is that of its difference to
    the response model's on the same customers; else the reason, and sending to all or to some by chance is the right
    thing. Intervals are None where nothing could be learned."""

    decision: Decision
    reason: Reason
    qini: Interval | None = None
    response: Interval | None = None
    above_response: Interval | None = None
    arms_auc: float | None = None

    @property
    def may_be_used(self) -> bool:
        return self.decision == "use"


def cross_fitted(
    columns: Columns, outcome: Flags, treated: Flags, *, seed: int = 0, folds: int = learners.FOLDS
) -> dict[str, Array]:
    """Scores of each learner, their mean and the response model for every row, by models that did not see it [n].

    The encoding is learned in each fold, too. Raises TooFew when a fold leaves too few to learn from.
    """
    names = (*learners.LEARNERS, SERVED, "response")
    found = {name: np.zeros(len(outcome)) for name in names}
    for repeat in range(REPEATS):
        places = learners.folds_of(outcome, treated, seed + repeat, folds)
        for fold in range(folds):
            inside = places == fold
            past = taken(columns, ~inside)
            encoder = Encoder.learn(past)
            model = learners.fit(encoder.matrix(past), outcome[~inside], treated[~inside], encoder.names, seed=seed)
            rows = encoder.matrix(taken(columns, inside))
            for name in names:
                found[name][inside] += model.score(name, rows) / REPEATS
    return found


def judge(columns: Columns, outcome: Flags, treated: Flags, *, seed: int = 0) -> tuple[Verdict, dict[str, Array]]:
    """The verdict on all rows by cross-fitting, and the scores that it rests on (empty where nothing was learned)."""
    if length(columns) != len(outcome):
        raise ValueError("Features and outcomes must be of the same customers.")
    try:
        learners.check_enough(outcome, treated)
        scores = cross_fitted(columns, outcome, treated, seed=seed)
    except learners.TooFew:
        return Verdict("no_reliable_ranking", "too_few"), {}
    arms, is_telltale = arms_told_apart(columns, treated, seed=seed)
    return decide(scores, outcome, treated, seed=seed, arms_auc=arms, is_telltale=is_telltale), scores


def decide(
    scores: dict[str, Array],
    outcome: Flags,
    treated: Flags,
    *,
    seed: int = 0,
    arms_auc: float | None = None,
    is_telltale: bool = False,
) -> Verdict:
    """The verdict on scores of customers whom the models did not see; `mean` and `response` are looked at."""
    chosen = {name: scores[name] for name in (SERVED, "response")}
    draws = qini.resampled(chosen, outcome, treated, seed=seed)
    values = {name: qini.qini(score, outcome, treated) for name, score in chosen.items()}
    served, response = (qini.interval(values[name], draws[name]) for name in (SERVED, "response"))
    gap = qini.interval(values[SERVED] - values["response"], draws[SERVED] - draws["response"])
    reason: Reason = ""
    if is_telltale:
        reason = "arms_not_random"
    elif served.low <= 0:
        reason = "not_above_chance"
    elif gap.low <= 0:
        reason = "not_above_response"
    return Verdict("no_reliable_ranking" if reason else "use", reason, served, response, gap, arms_auc)


def arms_told_apart(columns: Columns, treated: Flags, *, seed: int = 0) -> tuple[float, bool]:
    """Cross-fitted AUC of foretelling the arm from the features, and whether that is beyond chance.

    Under the null the AUC has variance `(n1 + n0 + 1) / (12·n1·n0)` (Mann & Whitney 1947).
    """
    places = learners.folds_of(np.zeros_like(treated), treated, seed)
    odds = np.empty(len(treated))
    for fold in range(learners.FOLDS):
        inside = places == fold
        past = taken(columns, ~inside)
        encoder = Encoder.learn(past, with_products=False)
        model = logistic.fit(encoder.matrix(past), treated[~inside], encoder.names)
        odds[inside] = model.log_odds(encoder.matrix(taken(columns, inside)))
    found = logistic.auc(odds, treated)
    if found is None:
        return 0.5, False
    ones = int(treated.sum())
    zeros = len(treated) - ones
    error = float(np.sqrt((ones + zeros + 1) / (12 * ones * zeros)))
    return found, bool((found - 0.5) / error > TELLTALE)
