"""Fetch, learn, judge, publish."""

from datetime import UTC, datetime

from django.utils import timezone

from core import model_registry as registry
from core.exceptions import DomainError
from core.jobs import current_job_id, progress
from core.models import ModelVersion
from recommender import datasets
from recommender.choices import RECOMMENDER
