"""People at the pages of analytics."""

from tests.core.admin.conftest import boss, client, client_of, shop  # noqa: F401 (fixtures)
