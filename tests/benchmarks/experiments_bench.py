"""Whether watched experiments keep their word: false alarms without an effect, and how often a true one is found.

`python -m tests.benchmarks.experiments_bench`; exit status 1 when a bound is broken.
"""

import sys
import time

from tests.core.ml.experiments_simulation import Trial, claimed_among, looks_that_alarm

MOST_FALSE, LEAST_FOUND = 0.05, 0.95
QUESTIONS, USUAL = (1, 2, 4, 9), 2
"""The primary metric and one guardrail are what most experiments are judged by."""
TRIALS = {
    "share 10%, no effect": Trial(base=0.10, lift=0.0, seed=1),
    "share 1%, no effect": Trial(base=0.01, lift=0.0, seed=2),
    "share 50%, no effect": Trial(base=0.50, lift=0.0, seed=3),
    "amounts (log-normal, σ 1), 5% buy, no effect": Trial(base=0.05, lift=0.0, spread=1.0, seed=4),
    "share 10%, +2 points": Trial(base=0.10, lift=0.02, seed=5),
    "share 5%, +2 points": Trial(base=0.05, lift=0.02, seed=6),
}


def main() -> int:
    print("2,000 runs × 20 looks, 12,000 people in each arm; tuned for 10,000 in all")
    print(f"{'':<46} {'always valid':>12} {'95% at each look':>17} {'CPU s':>7}")
    broken = 0
    for name, trial in TRIALS.items():
        started = time.process_time()
        found = looks_that_alarm(trial)
        cost = time.process_time() - started
        is_kept = found.always_valid >= LEAST_FOUND if trial.lift else found.always_valid <= MOST_FALSE
        broken += not is_kept
        print(
            f"{name:<46} {found.always_valid:>12.4f} {found.one_look_at_a_time:>17.4f} {cost:>7.2f}"
            f"{'' if is_kept else '  OUT OF RANGE'}"
        )
    print("\nclaimed on the page, of so many questions (the primary metric and what is judged beside)")
    for name, trial in TRIALS.items():
        if trial.lift:
            claimed = {count: claimed_among(trial, count) for count in QUESTIONS}
            broken += claimed[USUAL] < LEAST_FOUND
            print(f"{name:<46} {', '.join(f'{share:.4f} of {count}' for count, share in claimed.items())}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
