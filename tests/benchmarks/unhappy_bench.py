"""How often words that the shop's model of sentiment is sure are negative come from somebody unhappy, by how sure it
has to be: `python -m tests.benchmarks.unhappy_bench`.

The model learns as a shop's does, from reviews with stars: online_shopping_10_cats (Chinese) and
womens_clothing_reviews (English), of whose training parts a fifth is held back to be judged. Reviews stand in for
messages: `right` is the share of reviews called unhappy that have few stars, `found` the share of those with few stars
that are called so. What customers write to a shop are mostly questions, so beside it stand the test utterances of
intents: `ordinary` of intents that nobody is unhappy in, `complaint` of complaints; `…_alone` is what the model of
reviews calls unhappy by itself, without leaving out what the assistant is sure to have an answer to. Exit status 1
when SURE of `crm.services.desk_mood` is right in fewer than 90 of 100, or calls more than 15 of 100 ordinary ones so.
"""

import csv
import os
import sys
from collections.abc import Sequence
from typing import Any

import django
import numpy as np
import pandas as pd
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from core.evaluation import as_text, write_json  # noqa: E402
from core.ml.numbers import rounded  # noqa: E402
from crm.assistant_evaluators import ANSWERED, decided  # noqa: E402
from crm.services.desk_mood import SURE  # noqa: E402
from reviews.ml import engines  # noqa: E402
from reviews.ml.sentiment import NEGATIVE, judge  # noqa: E402
from reviews.ml.text import normalise  # noqa: E402
from tests.benchmarks.assistant_bench import KEYS  # noqa: E402
from tests.benchmarks.assistant_bench import learned as shipped_intents  # noqa: E402
from tests.benchmarks.places import BENCH, ROOT  # noqa: E402

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
REVIEWS = {"zh": "shopping-reviews", "en": "clothing-reviews"}
MOST_LEARNED = 20_000
COMPLAINTS = ("complaint", "refund_dispute", "legal_threat")
UNHAPPY = (*COMPLAINTS, "injury", "damaged_item", "wrong_or_missing_item", "warranty_repair", "payment_problem",
           "order_status", "price_match", "data_deletion", "human_agent", "refund_status")  # fmt: skip
"""Intents whose examples may well be unhappy; the others are questions."""
LEAST_RIGHT, MOST_ORDINARY = 0.9, 0.15


def sure_negative(engine: Any, texts: Sequence[str]) -> NDArray[np.float64]:
    """How sure the model is that each is negative; 0 where it says something else."""
    return np.array([one.confidence if one.outcome == NEGATIVE else 0.0 for one in judge(engine, list(texts))])


def main() -> int:
    learn, held = [], {}
    for language, folder in REVIEWS.items():
        rows = pd.read_csv(BENCH / folder / "train.csv").sample(frac=1.0, random_state=42)
        cut = len(rows) // 5
        held[language] = rows[:cut][:4_000]
        learn.append(rows[cut:][:MOST_LEARNED])
    lessons = pd.concat(learn)
    engine = engines.make(engines.DEFAULT, seed=42)
    engine.fit([normalise(text) for text in lessons["text"].astype(str)], lessons["label"].tolist())
    intents = shipped_intents()
    found: dict[str, Any] = {"sure": SURE}
    wrong = []
    for language, rows in held.items():
        sure = sure_negative(engine, rows["text"].astype(str))
        is_bad = (rows["label"] == NEGATIVE).to_numpy()
        with (ROOT / "tests" / "reviews" / "utterances" / f"test_{language}.csv").open(encoding="utf-8") as file:
            said = list(csv.DictReader(file))
        kinds = {
            "ordinary": [row["text"] for row in said if row["intent"] not in UNHAPPY],
            "complaint": [row["text"] for row in said if row["intent"] in COMPLAINTS],
        }
        told: dict[str, NDArray[np.float64]] = {}
        for name, texts in kinds.items():
            alone = sure_negative(engine, texts)
            is_left = np.array([decided(intents, text, KEYS)[0] != ANSWERED for text in texts])
            told |= {name: alone * is_left, f"{name}_alone": alone}
        found[language] = {
            "reviews": len(rows), "negative": float(is_bad.mean()),
            **{f"{name}_texts": len(texts) for name, texts in kinds.items()},
            "levels": {
                str(level): {
                    "right": float(is_bad[sure >= level].mean()), "found": float((sure[is_bad] >= level).mean()),
                    **{name: float((one >= level).mean()) for name, one in told.items()},
                }
                for level in LEVELS
            },
        }  # fmt: skip
        own = found[language]["levels"][str(SURE)]
        if own["right"] < LEAST_RIGHT or own["ordinary"] > MOST_ORDINARY:
            wrong.append(
                f"{language}: of what is called unhappy {own['right']:.1%} is, of questions {own['ordinary']:.1%}"
            )
    found = rounded(found)
    print(as_text(found))
    BENCH.mkdir(parents=True, exist_ok=True)
    write_json(BENCH / "unhappy.json", found)
    for line in wrong:
        print(f"OUT OF RANGE {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
