"""People at the staff pages of photos."""

from tests.catalog.admin.conftest import boss, client, client_with, files_in_a_folder_of_their_own, shop

__all__ = ["boss", "client", "client_with", "files_in_a_folder_of_their_own", "shop"]
