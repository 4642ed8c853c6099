"""Files of transactions as evaluators read them: customer, date, amount."""

from analytics.ml.purchases import Purchases, day_number
from core.evaluation import Run, UsageError
from core.ml.tables import Column, TableError, line_of

COLUMNS = [
    Column("customer", "key"),
    Column("date", "time"),
    Column("amount", "number"),
    Column("currency", "text", required=False),
]
NAMES = [column.name for column in COLUMNS]
LARGEST_AMOUNT = 1e12


def read(run: Run, path: str) -> Purchases:
    """Purchase days and returns of a file. Raises TableError, also for amounts of several currencies or beyond 10¹²,
    and when no row is a purchase."""
    frame = run.read(path, COLUMNS)
    if "currency" in frame:
        other = (frame["currency"] != frame["currency"].iloc[0]).to_numpy()
        if other.any():
            at = int(other.argmax())
            one, two = frame["currency"].iloc[0], frame["currency"].iloc[at]
            reason = f"{two!r} cannot be added to {one!r}; convert the amounts first"
            raise TableError(path, line_of(path, at), "currency", reason)
    for column, limit, reason in (
        ("amount", LARGEST_AMOUNT, "the amount is larger than 1e12"),
        ("date", 253_402_300_800.0, "the date lies outside the years 0 to 9999"),
    ):
        beyond = (frame[column].abs() >= limit).to_numpy()
        if beyond.any():
            raise TableError(path, line_of(path, int(beyond.argmax())), column, reason)
    purchases = Purchases.from_frame(frame)
    if len(purchases) == 0:
        raise TableError(path, None, "amount", "no row is a purchase: all amounts are below 0")
    if returns := len(purchases.return_amounts):
        run.note(f"{path}: {returns} rows with an amount below 0 count as returns.")
    return purchases


def day(option: str, text: str) -> int:
    """The day that an option names. Raises UsageError."""
    try:
        return day_number(text)
    except ValueError:
        raise UsageError(f"{option}: {text!r} is not a date such as 2010-08-31.") from None


def note_later(run: Run, purchases: Purchases, last: int, what: str) -> None:
    """Says how many purchase days lie after the last day that is looked at."""
    later = int((purchases.days > last).sum())
    if later:
        run.note(f"{later} purchase days after {what} are not looked at.")
