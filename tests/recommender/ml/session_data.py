"""Small session worlds with a known truth."""

import numpy as np
import pandas as pd

from recommender.ml.sessions import Sessions


def sessions_of(*lists, items=None, dated=True):
    """Sessions from lists of item numbers, oldest session first."""
    flat = np.array([item for row in lists for item in row], np.int32)
    starts = np.r_[0, np.cumsum([len(row) for row in lists])]
    count = items or int(flat.max()) + 1
    return Sessions(flat, starts.astype(np.int64), np.arange(count), dated)


def rings(*, sessions=400, items=40, length=5, stray=0.1, back=0.15, seed=0):
    """Visitors walk along a ring: after item i comes i + 1, now and then a stray item or the one before again.

    Popularity says nothing here (every item is met alike) and order everything.
    """
    rng = np.random.default_rng(seed)
    lists = []
    for _ in range(sessions):
        row = [int(rng.integers(items))]
        while len(row) < length:
            luck = rng.random()
            if luck < stray:
                row.append(int(rng.integers(items)))
            elif luck < stray + back and len(row) > 1:
                row.append(row[-2])
            else:
                row.append((row[-1] + 1) % items)
        lists.append(row)
    return lists


def as_frame(lists):
    return pd.DataFrame(
        [(f"s{number}", f"i{item:03d}") for number, row in enumerate(lists) for item in row],
        columns=["session", "item"],
    )
