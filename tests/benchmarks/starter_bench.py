"""What the shipped intents make of utterances written before them: `python -m tests.benchmarks.starter_bench`.

Learns as a shop does: all examples of both languages, the background beside them for what no intent covers. The test
utterances (`tests/reviews/utterances`) are for this alone; nothing is ever tuned on them. The exit status is 1 when a
figure is below its floor.
"""

import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from core.evaluation import as_text, write_json
from core.ml.numbers import rounded
from reviews.ml import intent_training, measures
from reviews.ml.intents import ANSWER, ASK, HAND_OVER, act
from reviews.ml.text import normalise
from tests.benchmarks.places import BENCH, ROOT

LANGUAGES = ("en", "zh")
STRANGE = "out_of_scope"
FLOORS = {"accuracy_in_scope": 0.75, "auroc_out_of_scope": 0.8}
Frame = pd.DataFrame


def main() -> int:
    starter, utterances = ROOT / "reviews" / "starter", ROOT / "tests" / "reviews" / "utterances"
    examples = pd.concat([pd.read_csv(starter / f"examples_{language}.csv") for language in LANGUAGES])
    background = pd.concat([pd.read_csv(starter / f"background_{language}.csv") for language in LANGUAGES])
    cpu = time.process_time()
    model = intent_training.learn(
        [normalise(text) for text in examples["text"]], examples["intent"].tolist(),
        [normalise(text) for text in background["text"]],
    ).model  # fmt: skip
    cpu = time.process_time() - cpu
    found: dict[str, dict[str, Any]] = {}
    for language in LANGUAGES:
        test = pd.read_csv(utterances / f"test_{language}.csv")
        confidence = model.confidences([normalise(text) for text in test["text"]])[0]
        right = np.array([model.intents.index(name) if name != STRANGE else -1 for name in test["intent"]])
        hits, known, best = confidence.argmax(axis=1) == right, right >= 0, confidence.max(axis=1)
        own = [model.thresholds_for(text) for text in map(normalise, test["text"])]
        sure = best >= np.array([one.ask for one in own])
        low, high = measures.share_interval(hits[known])
        acts = np.array([act(row, one) for row, one in zip(confidence, own, strict=True)])
        found[language] = {
            "utterances": len(test), "covered": int(known.sum()),
            "accuracy_in_scope": float(hits[known].mean()), "accuracy_low": low, "accuracy_high": high,
            "auroc_out_of_scope": measures.auroc(best, known),
            "joint": float(np.where(known, hits & sure, ~sure).mean()),
            **{f"share_{name}": float((acts == name).mean()) for name in (ANSWER, ASK, HAND_OVER)},
            "right_of_answered": float(hits[acts == ANSWER].mean()) if (acts == ANSWER).any() else None,
            "strange_answered": float((acts[~known] == ANSWER).mean()),
        }  # fmt: skip
    print(as_text({"languages": rounded(found)}))
    print(f"learned from {len(examples)} examples in {cpu:.1f} CPU s; thresholds {model.thresholds}, {model.by_script}")
    BENCH.mkdir(parents=True, exist_ok=True)
    write_json(BENCH / "starter-intents.json", rounded({"languages": found, "train_cpu_seconds": cpu}))
    below = [
        f"{language}: {name} {row[name]:.3f}, expected {floor}"
        for language, row in found.items()
        for name, floor in FLOORS.items()
        if row[name] < floor
    ]
    for line in below:
        print(f"OUT OF RANGE {line}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
