"""The churn model that may be learned privately: recency, purchases and money, within ranges known beforehand."""

import numpy as np
from numpy.typing import NDArray

from analytics.ml import churn
from analytics.ml.churn import Sheet
from marketing.ml.private import Range

COLUMNS = churn.RFM
RANGES: dict[str, Range] = {"recency": (0.0, 365.0), "purchases_log": (0.0, 3.0), "money_log": (3.0, 9.0)}
"""Up to a year, up to 20 days of purchases, 20 to 8,000 of the shop's currency: what a shop sells for is public, who
bought is not. The features are those of `logistic_rfm`; each further one would cost noise."""


def columns_of(page: Sheet) -> NDArray[np.float64]:
    """The columns of a sheet [customers × COLUMNS]."""
    return np.asarray(page.rows[:, [churn.WIDE.index(name) for name in COLUMNS]])
