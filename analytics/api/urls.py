"""Addresses of analytics below /api/v1/."""

from django.urls import path

from analytics.api import impact_views, score_views, views

urlpatterns = [
    path(
        "staff/customers/<str:customer_id>/scores", score_views.CustomerScoresView.as_view(),
        name="staff-customer-scores",
    ),
    path("staff/forecasts", score_views.ForecastListView.as_view(), name="staff-forecasts"),
    path("staff/impact", impact_views.ImpactView.as_view(), name="staff-impact"),
    path("staff/scores", score_views.ScoreListView.as_view(), name="staff-scores"),
    path("staff/segments", views.SegmentListView.as_view(), name="staff-segments"),
    path("staff/segments/count", views.SegmentCountView.as_view(), name="staff-segments-count"),
    path("staff/segments/<str:segment_id>", views.SegmentView.as_view(), name="staff-segment"),
    path("staff/segments/<str:segment_id>/members", views.SegmentMembersView.as_view(), name="staff-segment-members"),
]  # fmt: skip
