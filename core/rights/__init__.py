"""People's rights over their data: a copy of it, or its end.

`core.extensions.personal_data` says which tables hold data about whom, and what stays after an erasure. A person is a
row of a table in `core.extensions.data_subjects`. Both rights are asked for with `ask` and carried out by a job.
"""

from core.rights.erasing import apply_journal
from core.rights.services import approve, ask, carry_out, refuse, tidy

__all__ = ["apply_journal", "approve", "ask", "carry_out", "refuse", "tidy"]
