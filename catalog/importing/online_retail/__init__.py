"""The invoice lines of the Online Retail data sets (UCI), with the rules that docs/import.md states."""

from catalog.importing.online_retail.section import CURRENCY, Transactions

__all__ = ["CURRENCY", "Transactions"]
