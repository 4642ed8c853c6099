"""The staff site takes the place of Django's own."""

from django.contrib.admin.apps import AdminConfig


class StaffSiteConfig(AdminConfig):
    default_site = "config.admin_site.StaffSite"
