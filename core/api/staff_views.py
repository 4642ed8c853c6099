"""Addresses for staff: what the staff site shows, for programs of the people who work there. They only read.

Callers come with the login of the staff site or with a token of their own, and may see here what they may see there.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import staff_rows
from core.api.pagination import NumberPagination
from core.api.permissions import HasStaffPermission
from core.api.questions import LanguageQuerySerializer, checked
from core.api.schema import LANGUAGE
from core.api.staff_serializers import (
    ExperimentFilterSerializer,
    ExperimentQuerySerializer,
    ExperimentRowSerializer,
    ExperimentSerializer,
    JobFilterSerializer,
    JobQuerySerializer,
    JobRowSerializer,
    JobSerializer,
    ModelFilterSerializer,
    ModelQuerySerializer,
    ModelRowSerializer,
    ModelSerializer,
)
from core.api.views import ApiListView, ApiView
from core.models import Experiment, Job, ModelVersion

EXPERIMENTS = [HasStaffPermission("core.view_experiment") | HasStaffPermission("core.change_experiment")]
JOBS = [HasStaffPermission("core.view_job")]
MODELS = [HasStaffPermission("core.view_modelversion")]


class StaffListView(ApiListView):
    """Newest first, in pages."""

    pagination_class = NumberPagination
    filter_backends = []
    question: Any

    def chosen(self, request: Request, rows: QuerySet[Any]) -> list[Any]:
        """A page of the rows that the filters of the question leave."""
        query = checked(self.question, request.query_params)
        wanted = {name: value for name, value in query.items() if name not in ("limit", "cursor", "lang")}
        return list(self.paginate_queryset(rows.filter(**wanted)) or ())


class ExperimentListView(StaffListView):
    permission_classes = EXPERIMENTS
    queryset = Experiment.objects.none()
    serializer_class = ExperimentRowSerializer
    question = ExperimentQuerySerializer

    @extend_schema(
        operation_id="staff_experiments_list",
        summary="List experiments, newest first",
        description="Each with the verdict of its newest look, as in the staff site.",
        parameters=[LANGUAGE, ExperimentFilterSerializer],
        responses={200: ExperimentRowSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        page = self.chosen(request, Experiment.objects.prefetch_related("arms"))
        looks = staff_rows.newest_looks(page)
        return self.get_paginated_response([staff_rows.experiment_row(one, looks.get(one.pk)) for one in page])


class ExperimentView(ApiView):
    permission_classes = EXPERIMENTS

    @extend_schema(
        operation_id="staff_experiments_get",
        summary="Read an experiment with its results",
        description=(
            "By its key. Ranges hold at every look. Of an experiment whose split is broken no result is told: "
            "`verdict.kind` is `broken` then."
        ),
        parameters=[LANGUAGE],
        responses={200: ExperimentSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, key: str) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        rows = Experiment.objects.select_related("decided_arm").prefetch_related("arms")
        experiment = rows.filter(key=key).first()
        if experiment is None:
            raise Http404
        return Response(staff_rows.experiment_detail(experiment, experiment.looks.first()))


class JobListView(StaffListView):
    permission_classes = JOBS
    queryset = Job.objects.none()
    serializer_class = JobRowSerializer
    question = JobQuerySerializer

    @extend_schema(
        operation_id="staff_jobs_list",
        summary="List jobs, newest first",
        parameters=[LANGUAGE, JobFilterSerializer],
        responses={200: JobRowSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        page = self.chosen(request, Job.objects.select_related("created_by").defer("result", "error"))
        return self.get_paginated_response([staff_rows.job_row(job) for job in page])


class JobView(ApiView):
    permission_classes = JOBS

    @extend_schema(
        operation_id="staff_jobs_get",
        summary="Read a job",
        parameters=[LANGUAGE],
        responses={200: JobSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, number: int) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        job = Job.objects.select_related("created_by").filter(pk=min(number, 2**63 - 1)).first()
        if job is None:
            raise Http404
        return Response(staff_rows.job_detail(job))


class ModelListView(StaffListView):
    permission_classes = MODELS
    queryset = ModelVersion.objects.none()
    serializer_class = ModelRowSerializer
    question = ModelQuerySerializer

    @extend_schema(
        operation_id="staff_models_list",
        summary="List versions of models, newest first",
        parameters=[LANGUAGE, ModelFilterSerializer],
        responses={200: ModelRowSerializer(many=True)},
        tags=["staff"],
    )
    def get(self, request: Request) -> Response:
        page = self.chosen(request, ModelVersion.objects.defer("report", "gate"))
        return self.get_paginated_response([staff_rows.model_row(version) for version in page])


class ModelView(ApiView):
    permission_classes = MODELS

    @extend_schema(
        operation_id="staff_models_get",
        summary="Read a version of a model",
        parameters=[LANGUAGE],
        responses={200: ModelSerializer},
        tags=["staff"],
    )
    def get(self, request: Request, kind: str, number: int) -> Response:
        checked(LanguageQuerySerializer, request.query_params)
        rows = ModelVersion.objects.select_related("activated_by")
        version = rows.filter(kind=kind, number=min(number, 2**31 - 1)).first()
        if version is None:
            raise Http404
        return Response(staff_rows.model_detail(version))
