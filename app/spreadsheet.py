"""Tables that leave the site as CSV, row by row: https://www.rfc-editor.org/rfc/rfc4180"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context

# A spreadsheet runs a cell that begins with one of these: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The rows as a file to download, made while it is sent; text that a spreadsheet would run is quoted with `'`."""
    body = stream_with_context(_lines(header, rows))
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers, content_type="text/csv; charset=utf-8")


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(header)
    for row in rows:
        table.writerow([cell(value) for value in row])
        if text.tell() > 32_000:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def cell(value: object) -> object:
    """The value as a spreadsheet may have it: text that it would run is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
