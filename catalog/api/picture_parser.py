"""Bodies that are a picture."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from catalog.importing.pictures import MAX_BYTES
from core.api.parsers import BodyTooLarge


class PictureParser(BaseParser):
    """The bytes of a picture, at most 10 MB: never more of a body is read. What they are is looked at later."""

    media_type = "image/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The bytes. Raises BodyTooLarge."""
        data: bytes = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BodyTooLarge(_("A photo may have at most 10 MB."), code="photo_too_large")
        return data
