"""Addresses of analytics below /api/v1/."""

from django.urls import path

from analytics.api import impact_views, views

urlpatterns = [
    path("staff/impact", impact_views.ImpactView.as_view(), name="staff-impact"),
    path("staff/segments", views.SegmentListView.as_view(), name="staff-segments"),
    path("staff/segments/count", views.SegmentCountView.as_view(), name="staff-segments-count"),
    path("staff/segments/<str:segment_id>", views.SegmentView.as_view(), name="staff-segment"),
    path("staff/segments/<str:segment_id>/members", views.SegmentMembersView.as_view(), name="staff-segment-members"),
]
