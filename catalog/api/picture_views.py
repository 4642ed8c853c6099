"""Pictures of a product: sent, named by their address, put in order, described, taken off."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors
from catalog.exceptions import NotFound
from catalog.importing.pictures import MAX_BYTES
from catalog.models import ArrivingPicture, Product, ProductImage
from catalog.models.products import LONGEST_ADDRESS
from catalog.services import pictures
from core.api import ids
from core.api.parsers import BodyTooLarge, BoundedJsonParser
from core.api.permissions import HasScope
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope

LAST_PLACE = 1_000_000


class PictureSerializer(serializers.Serializer):
    """A picture of a product."""

    id = serializers.CharField()
    url = serializers.CharField()
    alt = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    position = serializers.IntegerField()
    source = serializers.CharField(  # type: ignore[assignment]  # the name of a field, not that of the base class
        help_text="The address or file of an import that it came from, if there is one."
    )


class ArrivingPictureSerializer(serializers.Serializer):
    """A picture that is not there yet. It leaves this list when it is; its `id` stays the same only while it waits."""

    id = serializers.CharField()
    url = serializers.CharField(help_text="The address that it is fetched from; empty for one that was sent.")
    alt = serializers.CharField()
    state = serializers.ChoiceField(choices=ArrivingPicture.State.choices)
    reason = serializers.CharField(help_text="Why the last try did not work, for people.")
    attempts = serializers.IntegerField()


class PicturesSerializer(serializers.Serializer):
    images = PictureSerializer(many=True)
    arriving = ArrivingPictureSerializer(many=True)


class _Words(serializers.Serializer):
    alt = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="What it shows, for people who cannot see it."
    )
    position = serializers.IntegerField(
        min_value=0, max_value=LAST_PLACE, required=False, help_text="Its place among the others, 0 first."
    )


class PictureByAddressSerializer(_Words):
    url = serializers.CharField(max_length=LONGEST_ADDRESS, help_text="Where the picture lies: http:// or https://.")


@extend_schema_field(OpenApiTypes.BINARY)
class _Bytes(serializers.FileField):
    """The bytes of a picture."""


class SentPictureSerializer(_Words):
    image = _Bytes(max_length=None, allow_empty_file=True, help_text="JPEG, PNG or WebP of at most 10 MB.")


class PictureWordsSerializer(_Words):
    """Only what is given changes."""


def picture_row(image: ProductImage) -> dict[str, Any]:
    return {
        "id": image.public_id, "url": selectors.image_url(image.file.name), "alt": image.alt, "width": image.width,
        "height": image.height, "position": image.position, "source": image.source_name,
    }  # fmt: skip


def arriving_row(row: ArrivingPicture) -> dict[str, Any]:
    return {
        "id": row.public_id, "url": row.address, "alt": row.alt, "state": row.state, "reason": row.why,
        "attempts": row.attempts,
    }  # fmt: skip


def _product(product_id: str) -> Product:
    return ids.get(Product.objects.existing(), product_id)


class ProductImagesView(ApiView):
    permission_classes = [HasScope(Scope.CATALOGUE_WRITE)]
    parser_classes = [BoundedJsonParser, MultiPartParser]
    stores_answers = False  # the same picture or address again is the one that is there

    @extend_schema(
        operation_id="products_images",
        summary="List the pictures of a product, and those that still arrive",
        responses={200: PicturesSerializer},
        tags=["catalogue"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        product = _product(product_id)
        return Response(
            {
                "images": [picture_row(image) for image in product.images.order_by("position", "id")],
                "arriving": [arriving_row(row) for row in product.arriving_pictures.order_by("id")],
            }
        )

    @extend_schema(
        operation_id="products_images_add",
        summary="Add a picture to a product, sent or by its address",
        description=(
            "JPEG, PNG or WebP of at most 10 MB, 25 megapixels and 8,000 pixels a side. It is drawn anew without what "
            "else the file holds. 201: it is there. 200: it was there already. 202: it lies at an address or has more "
            "than 8 megapixels, so a job takes it in; `GET` says how far that is."
        ),
        request={"application/json": PictureByAddressSerializer, "multipart/form-data": SentPictureSerializer},
        responses={
            200: PictureSerializer,
            201: PictureSerializer,
            202: ArrivingPictureSerializer,
            **problems(404, 409, 413, 422),
        },
        examples=[
            OpenApiExample(
                "By its address",
                request_only=True,
                media_type="application/json",
                value={"url": "https://media.example/kettle.jpg", "alt": "A kettle on a stove", "position": 0},
            )
        ],
        tags=["catalogue"],
    )
    def post(self, request: Request, product_id: str) -> Response:
        product = _product(product_id)
        before = set(product.images.values_list("pk", flat=True))
        if request.content_type.startswith("multipart/"):
            given = checked(SentPictureSerializer, request.data)
            sent: UploadedFile = given["image"]
            if (sent.size or 0) > MAX_BYTES:
                raise BodyTooLarge(_("A photo may have at most 10 MB."))
            added = pictures.add(
                product, sent.read(), name=sent.name or "", alt=given.get("alt", ""), position=given.get("position")
            )
        else:
            given = checked(PictureByAddressSerializer, request.data)
            added = pictures.add_address(
                product, given["url"], alt=given.get("alt", ""), position=given.get("position")
            )
        if isinstance(added, ArrivingPicture):
            return Response(arriving_row(added), status.HTTP_202_ACCEPTED)
        added.refresh_from_db()
        code = status.HTTP_200_OK if added.pk in before else status.HTTP_201_CREATED
        return Response(picture_row(added), code)


class ProductImageView(ApiView):
    permission_classes = [HasScope(Scope.CATALOGUE_WRITE)]

    @extend_schema(
        operation_id="products_images_change",
        summary="Describe a picture or move it to another place",
        request=PictureWordsSerializer,
        responses={200: PictureSerializer, **problems(404, 422)},
        examples=[OpenApiExample("To the first place", request_only=True, value={"position": 0})],
        tags=["catalogue"],
    )
    def patch(self, request: Request, product_id: str, image_id: str) -> Response:
        given = checked(PictureWordsSerializer, request.data)
        image = _image(product_id, image_id)
        if "alt" in given:
            pictures.describe(image, given["alt"])
        if "position" in given:
            pictures.move(image, given["position"])
        image.refresh_from_db()
        return Response(picture_row(image))

    @extend_schema(
        operation_id="products_images_remove",
        summary="Take a picture off its product",
        description="One that still arrives is no longer waited for. Staff can bring a picture back for 30 days.",
        responses={204: None, **problems(404)},
        tags=["catalogue"],
    )
    def delete(self, request: Request, product_id: str, image_id: str) -> Response:
        product = _product(product_id)
        arriving = product.arriving_pictures.filter(public_id=image_id).first() if _is_id(image_id) else None
        if arriving is not None:
            pictures.forget_arriving([arriving.pk])
        else:
            pictures.remove([_image(product_id, image_id).pk])
        return Response(status=status.HTTP_204_NO_CONTENT)


def _is_id(text: str) -> bool:
    return ids.PUBLIC_ID.fullmatch(text) is not None


def _image(product_id: str, image_id: str) -> ProductImage:
    found = _product(product_id).images.filter(public_id=image_id).first() if _is_id(image_id) else None
    if found is None:
        raise NotFound(_("Nothing here has this ID."))
    return found
