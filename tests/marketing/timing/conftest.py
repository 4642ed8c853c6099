"""Customers with habits, who agreed to offers by e-mail."""

from tests.marketing.campaigns.conftest import agreed, campaign, marketing_shop  # noqa: F401 (fixtures)
