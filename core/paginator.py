"""Pages of long lists without a full count."""

from functools import cached_property
from typing import Any

from unfold.paginator import InfinitePaginator

COUNT_LIMIT = 50_000


class StaffPaginator(InfinitePaginator):
    """Any page can be asked for; rows are counted up to a limit, so that a list of millions opens as fast as a short
    one."""

    @cached_property
    def bounded_count(self) -> tuple[int, bool]:
        """How many rows there are, and True when there are more than that."""
        rows: Any = self.object_list
        if isinstance(rows, list | tuple):
            return len(rows), False
        found = rows.order_by()[: COUNT_LIMIT + 1].count()
        return min(found, COUNT_LIMIT), found > COUNT_LIMIT
