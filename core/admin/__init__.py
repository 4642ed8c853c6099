"""Staff pages of the ground floor."""

from core.admin import access, jobs, models, rights, shop, staff  # noqa: F401
