"""The table of a page as a file: safe cells, sent while it is written, noted in the ledger."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from core.exports.cells import safe_cell
from core.exports.tables import csv_lines, private_headers
from core.ledger import record
from core.models import LedgerEntry


def csv_answer(
    file_name: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]], *, about: str, listed: str, count: int
) -> StreamingHttpResponse:
    """`rows` as CSV below the names of their columns.

    The ledger notes `count` rows of the list `listed` about `about` (model label in lower case). Rows are read before
    the answer begins, in the request's language and time zone.
    """
    lines = [[safe_cell(cell) for cell in row] for row in rows]
    record(LedgerEntry.Kind.EXPORT, about, list=listed, rows=count, format="csv", act="sent")
    response = StreamingHttpResponse(csv_lines(_with_heads(heads, lines)), content_type="text/csv; charset=utf-8")
    for name, value in private_headers(file_name).items():
        response.headers[name] = value
    return response


def _with_heads(heads: Sequence[Any], lines: Iterable[list[str]]) -> Iterator[list[str]]:
    yield [safe_cell(str(head)) for head in heads]
    yield from lines
