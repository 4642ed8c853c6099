"""Segments: rules over an allow-list of fields, RFM segments, clusters.

`rules` is the form of a rule and its checks, `fields` what a rule may ask, `compiling` makes it a query, `words` a
sentence; `counting` counts, `services` writes, `clusters` and `membership` say who is where.
"""
