"""The keys and the demo accounts that the installation gave this shop (`manage.py ensure_storefront`)."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class ShopKeys:
    """`publishable` stands in the pages, `server` never leaves this process. `accounts` are ids to try the shop as."""

    publishable: str
    server: str
    accounts: tuple[str, ...] = ()


_known: tuple[float, ShopKeys] | None = None


def shop_keys() -> ShopKeys | None:
    """From the settings, else from the file of this installation; None when there are none."""
    if settings.STOREFRONT_KEY and settings.STOREFRONT_SERVER_KEY:
        return ShopKeys(settings.STOREFRONT_KEY, settings.STOREFRONT_SERVER_KEY)
    return _from_file(Path(settings.VAR_DIR) / "storefront.json")


def _from_file(file: Path) -> ShopKeys | None:
    """Read again when it changed: a restored installation gets new keys."""
    global _known
    try:
        changed = file.stat().st_mtime
        if _known is None or _known[0] != changed:
            found = json.loads(file.read_text("utf-8"))
            _known = (changed, ShopKeys(found["publishable"], found["server"], tuple(found.get("accounts", ()))))
    except (OSError, ValueError, KeyError):
        return None
    return _known[1]


def forget_keys() -> None:
    """For tests."""
    global _known
    _known = None
