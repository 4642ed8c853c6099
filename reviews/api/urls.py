"""Addresses of reviews below /api/v1/."""

from django.urls import path

from reviews.api import article_views, me_views, views

urlpatterns = [
    path("articles", article_views.ArticlesView.as_view(), name="articles"),
    path("articles/<str:article_key>", article_views.ArticleView.as_view(), name="article"),
    path("articles/<str:article_key>/helped", article_views.ArticleHelpView.as_view(), name="article-helped"),
    path("products/<str:product_id>/reviews", views.ProductReviewsView.as_view(), name="reviews"),
    path("products/<str:product_id>/review-summary", views.ReviewSummaryView.as_view(), name="review-summary"),
    path("reviews/<str:review_id>/helpful", views.HelpfulView.as_view(), name="review-helpful"),
    path("reviews/<str:review_id>/report", views.ComplaintView.as_view(), name="review-report"),
    path("me/reviews", me_views.MyReviewsView.as_view(), name="my-reviews"),
    path("me/reviews/<str:review_id>", me_views.MyReviewView.as_view(), name="my-review"),
    path("me/reviews/<str:review_id>/photos", me_views.MyPhotosView.as_view(), name="my-review-photos"),
]
