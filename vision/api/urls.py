"""Addresses of vision below /api/v1/."""

from django.urls import path

from vision.api import views

urlpatterns = [
    path("search/image", views.PhotoSearchView.as_view(), name="search-image"),
    path(
        "products/<str:product_id>/similar-looking", views.SimilarLookingView.as_view(), name="product-similar-looking"
    ),
]
