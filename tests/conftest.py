"""What every test may use."""

from django.conf import settings

pytest_plugins = ["tests.plugins.services", "tests.plugins.api"]

# No manifest of collected files, and no slow hashing.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
