"""Search by photo for storefronts."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.picture_parser import PictureParser
from catalog.api.search_views import filters_of
from catalog.importing.pictures import MAX_BYTES, PictureRefused, PictureTooLarge
from catalog.models import Product
from core.api import ids
from core.api.parsers import BodyTooLarge
from core.api.permissions import HasScope
from core.api.principals import KeyAuth, Principal
from core.api.questions import checked
from core.api.schema import problems
from core.api.throttling import KeyThrottle
from core.api.views import ApiView
from core.exceptions import BadInput
from core.models import Scope
from vision import lookalikes, seeing
from vision.api.serializers import (
    LookalikeFilterSerializer,
    LookalikeQuerySerializer,
    LookalikesSerializer,
    PhotoSerializer,
)
from vision.ml.pictures import Opened

FIELD = "image"


class _InMemory(MemoryFileUploadHandler):
    """Keeps a file of a form in memory, whatever its size: the body was measured before, and no photo of a customer
    lies on the disk even for a moment."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True


class PictureFormParser(MultiPartParser):
    """A form with the photo in the field `image`."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        request.upload_handlers = [_InMemory(request)]
        found = super().parse(stream, media_type, parser_context)
        file = found.files.get(FIELD)
        return {FIELD: file.read(MAX_BYTES + 1) if file is not None else None}


class PhotoThrottle(KeyThrottle):
    """Looking at a picture costs more than looking at words: `API_RATE_PHOTOS` a minute, but for servers."""

    def name_of(self, request: Request) -> str:
        return f"photos:{super().name_of(request)}"

    @staticmethod
    def limit_of(caller: Principal | None) -> int:
        is_server = isinstance(caller, KeyAuth) and caller.is_server
        return KeyThrottle.limit_of(caller) if is_server else int(settings.API_RATE_PHOTOS)


class PhotoSearchView(ApiView):
    """Products that look like a photo."""

    permission_classes = [HasScope(Scope.SEARCH)]
    parser_classes = [PictureFormParser, PictureParser]
    throttle_classes = [KeyThrottle, PhotoThrottle]
    stores_answers = False  # nothing is written

    @extend_schema(
        operation_id="search_by_photo",
        summary="Find products that look like a photo",
        description=(
            "The photo comes as the field `image` of a form or as the body itself: JPEG, PNG or WebP, at most 10 MB "
            "and 25 megapixels (8 for PNG and WebP). It is looked at and forgotten: nothing of it is stored. Products "
            "that cannot be bought now are left out."
        ),
        parameters=[LookalikeFilterSerializer],
        request={"multipart/form-data": PhotoSerializer, "image/*": OpenApiTypes.BINARY},
        responses={200: LookalikesSerializer, **problems(413, 422)},
        tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        query = checked(LookalikeQuerySerializer, request.query_params)
        filters = filters_of(query)
        picture = _picture(request.data)
        return Response(_as_json(lookalikes.by_photo(picture, filters, limit=query["limit"])))


class SimilarLookingView(ApiView):
    """Products that look like another one, for a product page."""

    permission_classes = [HasScope(Scope.SEARCH)]

    @extend_schema(
        operation_id="products_similar_looking",
        summary="Products that look like this one",
        description="By their photos alone, the most alike first. Products that cannot be bought now are left out.",
        parameters=[LookalikeFilterSerializer],
        responses={200: LookalikesSerializer, **problems(404)},
        tags=["catalogue"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        query = checked(LookalikeQuerySerializer, request.query_params)
        product = ids.get(Product.objects.live(), product_id)
        return Response(_as_json(lookalikes.like_product(product.pk, filters_of(query), limit=query["limit"])))


def _picture(sent: Any) -> Opened:
    """The photo of the request, decoded small. Raises problems of the API that say why it is not taken."""
    data = sent.get(FIELD) if isinstance(sent, Mapping) else sent
    if not data:
        raise ParseError(_("Send a photo in the field image."), code="no_photo")
    try:
        return seeing.look_at(data)
    except PictureTooLarge as error:
        raise BodyTooLarge(_("The photo %(reason)s.") % {"reason": error}, code="photo_too_large") from error
    except PictureRefused as error:
        raise BadInput(_("The photo %(reason)s.") % {"reason": error}, extra={"field": FIELD}) from error


def _as_json(answer: lookalikes.Answer) -> dict[str, Any]:
    return {"source": answer.source, "model_version": answer.version, "results": answer.rows}
