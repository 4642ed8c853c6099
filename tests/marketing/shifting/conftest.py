"""Campaigns whose later batches follow the earlier ones."""

from tests.marketing.campaigns.conftest import agreed, campaign, marketing_shop  # noqa: F401 (fixtures)
