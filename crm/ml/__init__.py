"""Mathematics of customer care: no Django, no tables."""
