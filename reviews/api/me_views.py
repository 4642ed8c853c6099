"""A customer's own reviews."""

from typing import cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.people_views import current_customer
from catalog.api.picture_parser import PictureParser
from core.api.pagination import KeysetPagination
from core.api.permissions import IsCustomer
from core.api.principals import CustomerAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiListView, ApiView
from reviews import selectors, services
from reviews.api.rows import own_photo_row, own_row
from reviews.api.serializers import MyPhotoSerializer, MyReviewSerializer, MyReviewsQuerySerializer
from reviews.api.views import own_review
from reviews.models import Review


class NewestReviews(KeysetPagination):
    ordering = selectors.NEWEST


class MyReviewsView(ApiListView):
    permission_classes = [IsCustomer]
    queryset = Review.objects.none()
    filter_backends = []
    pagination_class = NewestReviews
    serializer_class = MyReviewSerializer

    @extend_schema(
        operation_id="me_reviews",
        summary="List the customer's own reviews, newest first",
        description="Those that wait and those that were rejected as well.",
        responses={200: MyReviewSerializer(many=True), **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        checked(MyReviewsQuerySerializer, request.query_params)
        customer = current_customer(cast(CustomerAuth, request.auth))
        page = self.paginate_queryset(selectors.reviews_by(customer.pk))
        return self.get_paginated_response([own_row(review) for review in page or ()])


class MyReviewView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_reviews_remove",
        summary="Take a review back",
        description="It is gone with its photos and votes; the customer may write another one.",
        responses={204: None},
        tags=["me"],
    )
    def delete(self, request: Request, review_id: str) -> Response:
        services.remove_review(own_review(request, review_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MyPhotosView(ApiView):
    permission_classes = [IsCustomer]
    parser_classes = [PictureParser]
    stores_answers = False  # the same photo again is the one that is there

    @extend_schema(
        operation_id="me_reviews_photo",
        summary="Add a photo to a review",
        description=(
            "The body is the picture itself: JPEG, PNG or WebP, at most 10 MB and 25 megapixels (8 for PNG and WebP). "
            "It is drawn anew without what else the file holds, such as the place where it was taken. At most six. "
            "Others see it once a member of staff has looked at it, also when the review is published already."
        ),
        request={"image/*": OpenApiTypes.BINARY},
        responses={201: MyPhotoSerializer, **problems(409, 422)},
        tags=["me"],
    )
    def post(self, request: Request, review_id: str) -> Response:
        review = own_review(request, review_id)
        photo = services.add_photo(review, cast(bytes, request.data))
        return Response(own_photo_row(photo), status.HTTP_201_CREATED)
