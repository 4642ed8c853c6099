"""What customers bought on which days: the one form that value, churn and segments start from."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SECONDS_A_DAY = 86_400
EPOCH = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class Purchases:
    """Purchase days of customers, sorted by customer and day, one row for each pair.

    Several purchases of a day count once, with their sum. Rows below 0 are returns: they are no purchase day and stand
    apart, so that money can be had net. A purchase of 0 (a sample, a voucher) is a purchase.

    customers   int64 [rows], numbers into `customer_ids`
    days        int64 [rows], days since 1970-01-01
    amounts     float64 [rows], sum of the day's purchases, never below 0
    """

    customers: NDArray[np.int64]
    days: NDArray[np.int64]
    amounts: NDArray[np.float64]
    customer_ids: NDArray[np.object_]
    returners: NDArray[np.int64]
    return_days: NDArray[np.int64]
    return_amounts: NDArray[np.float64]

    @classmethod
    def from_arrays(
        cls,
        customers: NDArray[np.integer],
        days: NDArray[np.integer],
        amounts: NDArray[np.floating],
        customer_ids: NDArray[np.object_],
    ) -> Self:
        """Any rows in any order. Customers keep their numbers, also those without a purchase."""
        money = np.asarray(amounts, np.float64)
        bought = money >= 0
        who, when = np.asarray(customers, np.int64)[bought], np.asarray(days, np.int64)[bought]
        what = money[bought]
        first = int(when.min()) if len(when) else 0
        span = int(when.max()) - first + 1 if len(when) else 1
        keys, where = np.unique(who * span + (when - first), return_inverse=True)
        sums = np.bincount(where, weights=what, minlength=len(keys)) if len(keys) else np.empty(0)
        back = ~bought
        return cls(
            customers=keys // span,
            days=keys % span + first,
            amounts=sums.astype(np.float64),
            customer_ids=customer_ids,
            returners=np.asarray(customers, np.int64)[back],
            return_days=np.asarray(days, np.int64)[back],
            return_amounts=money[back],
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Self:
        """Columns customer (any hashable), date (seconds since 1970), amount. Customers are numbered in the order of
        their ids as text, so the numbers do not depend on the order of rows."""
        ids, codes = np.unique(frame["customer"].astype(str).to_numpy(dtype=object), return_inverse=True)
        days = np.floor(frame["date"].to_numpy(np.float64) / SECONDS_A_DAY).astype(np.int64)
        return cls.from_arrays(codes, days, frame["amount"].to_numpy(np.float64), ids)

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def customer_count(self) -> int:
        return len(self.customer_ids)

    def between(self, first: int | None, last: int | None) -> Self:
        """Rows with first <= day <= last; customers keep their numbers."""
        kept, back = (
            (days >= (first if first is not None else days.min(initial=0)))
            & (days <= (last if last is not None else days.max(initial=0)))
            for days in (self.days, self.return_days)
        )
        return type(self)(
            self.customers[kept], self.days[kept], self.amounts[kept], self.customer_ids,
            self.returners[back], self.return_days[back], self.return_amounts[back],
        )  # fmt: skip

    def summary(self, as_of: int) -> "Summary":
        """What is known of each customer at the end of the day `as_of`; later rows are not looked at."""
        past = self.between(None, as_of)
        present, starts, counts = np.unique(past.customers, return_index=True, return_counts=True)
        ends = starts + counts - 1
        totals = np.add.reduceat(past.amounts, starts) if len(starts) else np.empty(0)
        returned = np.bincount(past.returners, weights=past.return_amounts, minlength=self.customer_count)[present]
        return Summary(
            customers=present,
            customer_ids=self.customer_ids[present],
            frequency=counts.astype(np.int64),
            first=past.days[starts],
            last=past.days[ends],
            bought=totals.astype(np.float64),
            returned=-returned.astype(np.float64) if len(present) else np.empty(0),
            first_amount=past.amounts[starts],
            last_amount=past.amounts[ends],
            as_of=as_of,
        )


@dataclass(frozen=True)
class Summary:
    """One row for each customer with a purchase; days since 1970-01-01, money as given.

    `frequency` counts purchase days, `bought` sums them, `returned` (>= 0) is what came back.
    """

    customers: NDArray[np.int64]
    customer_ids: NDArray[np.object_]
    frequency: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    bought: NDArray[np.float64]
    returned: NDArray[np.float64]
    first_amount: NDArray[np.float64]
    last_amount: NDArray[np.float64]
    as_of: int

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def recency(self) -> NDArray[np.int64]:
        """Days from the last purchase to the as-of date."""
        return self.as_of - self.last

    @property
    def tenure(self) -> NDArray[np.int64]:
        """Days from the first purchase to the as-of date."""
        return self.as_of - self.first

    @property
    def money(self) -> NDArray[np.float64]:
        """Bought less returned; below 0 when more came back than was bought within the rows given."""
        return self.bought - self.returned


def day_number(text: str) -> int:
    """`2010-08-31` as days since 1970-01-01. Raises ValueError."""
    return int((np.datetime64(text, "D") - EPOCH).astype(np.int64))


def day_name(day: int) -> str:
    """Days since 1970-01-01 as `2010-08-31`."""
    return str(EPOCH + np.timedelta64(int(day), "D"))
