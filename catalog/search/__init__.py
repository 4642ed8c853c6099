"""Finding products by words: tokens, upkeep of the index, questions, ranking, facets, suggestions.

`tokens`, `parsing`, `documents`, `ranking`, `spelling` and `memory` are pure: they know no table. `index` keeps the
tables up to date, `answers` asks them.
"""
