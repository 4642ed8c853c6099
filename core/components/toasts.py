"""Short words at the bottom of the page after something worked. Never for errors."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest


def toast(request: HttpRequest, text: Any, /, *, undo: str = "", **fields: Any) -> None:
    """Say it on the next page, 3 to 6 words. `undo` is an address that takes it back when `fields` are posted there:
    then the toast has "Undo" and stays 12 s instead of 6."""
    tags = json.dumps({"url": undo, "fields": {key: str(value) for key, value in fields.items()}}) if undo else ""
    messages.success(request, text, extra_tags=tags)
