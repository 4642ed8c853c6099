"""`python -m core.supervisor`: one process that prepares the shop, starts its parts and keeps them running.

It imports nothing of Django: it lives as long as the shop and should cost little.
"""
