"""Catalogues without GNU gettext: Babel reads the sources, polib reads and writes the catalogues.

Both are development tools; the running product needs only the compiled ``.mo`` files.
"""
