"""Parts of a page that may fail without taking the others along."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def apart() -> Iterator[None]:
    """A statement that fails within ends no more than this part. Where a transaction is open that takes a savepoint,
    which is set before the first statement: parts that ask nothing cost nothing."""
    if not connection.in_atomic_block:
        yield
        return
    with ExitStack() as stack:
        is_set = False

        def guarded(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            nonlocal is_set
            if not is_set:
                is_set = True
                stack.enter_context(transaction.atomic())
            return execute(sql, params, many, context)

        with connection.execute_wrapper(guarded):
            yield
