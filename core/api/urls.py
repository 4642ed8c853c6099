"""Addresses for staff below /api/v1/."""

from django.urls import path

from core.api import staff_views as views

urlpatterns = [
    path("staff/experiments", views.ExperimentListView.as_view(), name="staff-experiments"),
    path("staff/experiments/<str:key>", views.ExperimentView.as_view(), name="staff-experiment"),
    path("staff/jobs", views.JobListView.as_view(), name="staff-jobs"),
    path("staff/jobs/<int:number>", views.JobView.as_view(), name="staff-job"),
    path("staff/models", views.ModelListView.as_view(), name="staff-models"),
    path("staff/models/<str:kind>/<int:number>", views.ModelView.as_view(), name="staff-model"),
]
