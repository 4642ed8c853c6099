"""Addresses of analytics below /api/v1/."""

from django.urls import path

from analytics.api import views

urlpatterns = [
    path("staff/segments", views.SegmentListView.as_view(), name="staff-segments"),
    path("staff/segments/count", views.SegmentCountView.as_view(), name="staff-segments-count"),
    path("staff/segments/<str:segment_id>", views.SegmentView.as_view(), name="staff-segment"),
    path("staff/segments/<str:segment_id>/members", views.SegmentMembersView.as_view(), name="staff-segment-members"),
]
