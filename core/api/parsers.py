"""Bodies: JSON with limits on size and depth, so that no request can exhaust memory or the stack."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

DEEPEST = 16


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = gettext_lazy("The body is too large.")


class BoundedJsonParser(BaseParser):
    """JSON of at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes and 16 levels.

    NUL characters, lone surrogates, broken UTF-8, NaN and infinities are 400: PostgreSQL stores none of them.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = _read(stream, parser_context)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(
                _("The body is not JSON: line %(line)d, column %(column)d.")
                % {"line": error.lineno, "column": error.colno},
                code="not_json",
            ) from None
        _check(data, look_for_nul=b"\\u0000" in body)
        return data


class BeaconParser(BoundedJsonParser):
    """The same JSON under `text/plain`: what `navigator.sendBeacon` can send to another web address unasked."""

    media_type = "text/plain"


def _read(stream: IO[Any], context: Mapping[str, Any] | None) -> bytes:
    """The whole body, never more than one byte above the limit."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    request = (context or {}).get("request")
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0) if request is not None else 0
    except ValueError:
        announced = 0
    too_large = BodyTooLarge(_("A body may have at most %(limit)d bytes.") % {"limit": limit})
    if announced > limit:
        raise too_large
    try:
        body: bytes = stream.read(limit + 1)
    except RequestDataTooBig:
        raise too_large from None
    if len(body) > limit:
        raise too_large
    return body


def _check(data: Any, *, look_for_nul: bool) -> None:
    """Depth of lists and objects, and NUL in texts and keys."""
    level = [data]
    for _depth in range(DEEPEST + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
                if look_for_nul:
                    deeper.extend(item)
            elif isinstance(item, list):
                deeper.extend(item)
            elif look_for_nul and isinstance(item, str) and "\x00" in item:
                raise ParseError(_("Texts may not contain the NUL character."), code="nul_character")
        if not deeper:
            return
        level = deeper
    raise ParseError(_("The body is nested more than %(limit)d levels deep.") % {"limit": DEEPEST}, code="too_deep")
