"""`manage.py evaluate assistant`: what is answered, how much of it is right, whether risks reach a person.

Rules and intents as the product uses them; articles found by their words alone, order look-ups and products need a shop
and are left out, so a shop answers somewhat more.
"""

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from crm.assistant.rules import rule_of
from reviews.ml import intent_training, measures
from reviews.ml.intents import ANSWER, HAND_OVER, IntentModel, act
from reviews.ml.ngram import TooFewTexts
from reviews.ml.text import normalise

COLUMNS = [Column("text"), Column("intent", "key")]
OUT_OF_SCOPE = "out_of_scope"
PERSONS = "refund_dispute,injury,legal_threat,data_deletion,human_agent"
ANSWERED, ASKED, HANDED = "answered", "asked", "handed_over"


class AssistantEvaluator:
    """Beside the intents alone, without rules."""

    help = "Answer utterances as the assistant does: answered, right of these, and risks that reach a person."
    columns = [column.name for column in COLUMNS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--train", required=True, metavar="F", help="text, intent.")
        parser.add_argument("--test", required=True, metavar="F", help="text, intent.")
        parser.add_argument("--out-of-scope", default=OUT_OF_SCOPE, metavar="LABEL", help="What nothing covers.")
        parser.add_argument(
            "--persons", default=PERSONS, metavar="KEYS", help="Intents that always go to a person, with commas."
        )

    def run(self, run: Run) -> dict[str, Any]:
        """Rows of --train that are out of scope teach when to decline."""
        strange = str(run.options["out_of_scope"])
        persons = frozenset(str(run.options["persons"]).split(","))
        train, test = (run.read(run.options[name], COLUMNS) for name in ("train", "test"))
        labels = train["intent"].astype(str)
        known = train[labels != strange]
        cpu = time.process_time()
        try:
            model = intent_training.learn(
                [normalise(text) for text in known["text"]], known["intent"].astype(str).tolist(),
                [normalise(text) for text in train["text"][labels == strange]],
            ).model  # fmt: skip
        except TooFewTexts as error:
            raise UsageError(f"--train: {error}") from None
        cpu = time.process_time() - cpu
        texts, right = test["text"].tolist(), test["intent"].astype(str).tolist()
        return rounded({
            **figures(model, texts, right, persons=persons, strange=strange),
            "without_rules": figures(model, texts, right, persons=persons, strange=strange, has_rules=False),
            "train_cpu_seconds": cpu, "settings": {"persons": sorted(persons), "out_of_scope": strange},
        })  # fmt: skip


def figures(
    model: IntentModel, texts: Sequence[str], right: Sequence[str], *, persons: frozenset[str], strange: str,
    has_rules: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """`answered`: share of the texts that a machine may answer (covered, and not for a person) that it answers at once;
    `right`: of all that is answered, those whose intent is the right one; `risks_handed_over`: of texts that are for a
    person, those that reach one; `strange_answered`: of texts that nothing covers, those that are answered anyway."""
    told = [decided(model, text, persons, has_rules=has_rules) for text in texts]
    labels = np.array(right, object)
    is_answered = np.array([what == ANSWERED for what, _intent in told])
    hits = np.array([intent for _what, intent in told], object) == labels
    for_person = np.isin(labels, list(persons))
    covered = (labels != strange) & ~for_person
    handed = np.array([what == HANDED for what, _intent in told])
    found: dict[str, Any] = {
        "texts": len(texts), "answerable": int(covered.sum()), "for_persons": int(for_person.sum()),
        "answered": _share(is_answered[covered]), "answered_of_all": _share(is_answered),
        "right": _share(hits[is_answered]), "risks_handed_over": _share(handed[for_person]),
        "risks_answered": int(is_answered[for_person].sum()),
        "answerable_handed_over": _share(handed[covered]),
        "strange_answered": _share(is_answered[labels == strange]),
    }  # fmt: skip
    if is_answered.any():
        found["right_low"], found["right_high"] = measures.share_interval(hits[is_answered])
    return found


def decided(model: IntentModel, text: str, persons: frozenset[str], *, has_rules: bool = True) -> tuple[str, str]:
    """What happens, and the intent it was taken for."""
    if has_rules and rule_of(text) is not None:
        return HANDED, ""
    normal = normalise(text)
    confidence, _nearest = model.confidences([normal])
    row, thresholds = confidence[0], model.thresholds_for(normal)
    likely = {model.intents[at] for at in np.flatnonzero(row >= thresholds.ask).tolist()}
    best = model.intents[int(row.argmax())]
    what = act(row, thresholds)
    if likely & persons or what == HAND_OVER:
        return HANDED, best
    return (ANSWERED if what == ANSWER else ASKED), best


def _share(values: Any) -> float | None:
    return float(np.mean(values)) if len(values) else None
