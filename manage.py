#!/usr/bin/env python
"""Every command of the shop: `python manage.py help`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python. Run `make run` once, then use .venv/bin/python manage.py …")
    from core import acting

    if len(sys.argv) > 1 and acting.GOOD_ACTOR.fullmatch(f"command:{sys.argv[1]}"):
        acting.become(f"command:{sys.argv[1]}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
