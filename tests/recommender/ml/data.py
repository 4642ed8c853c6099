"""Small worlds with a known truth."""

import numpy as np
import pandas as pd

from recommender.ml.interactions import Interactions

REFERENCE = np.array(
    [
        [5, 4, 0, 0, 3, 0],
        [4, 0, 0, 0, 4, 0],
        [1, 0, 4, 3, 0, 0],
        [5, 3, 0, 0, 3, 0],
        [4, 0, 0, 0, 4, 1],
        [3, 1, 0, 0, 4, 0],
        [5, 0, 0, 2, 0, 0],
        [0, 4, 5, 0, 0, 0],
        [0, 0, 0, 5, 4, 0],
        [0, 0, 0, 4, 5, 0],
    ]
)
"""Ten customers × six items, 0 = unknown."""


def from_matrix(values):
    customers, items = np.nonzero(values)
    frame = pd.DataFrame({"customer": customers, "item": items, "value": values[customers, items].astype(float)})
    return Interactions.from_frame(frame, customer_ids=np.arange(values.shape[0]), item_ids=np.arange(values.shape[1]))


def two_taste_groups(*, customers=60, items=20, events=12, stray=0.05, seed=0):
    """Even customers choose even items, odd ones odd items, now and then a stray one. Ids are 1000 + item number.

    Every event has its own second; events of a customer are spread over the whole time.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        for _ in range(events):
            group = (customer + int(rng.random() < stray)) % 2
            rows.append((customer, 1000 + 2 * rng.integers(items // 2) + group))
    frame = pd.DataFrame(rows, columns=["customer", "item"])
    frame = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    frame["timestamp"] = 1_700_000_000.0 + 3600.0 * np.arange(len(frame))
    frame["value"] = 1.0
    return frame
