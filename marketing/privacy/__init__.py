"""Learning that says little about any one customer: what it costs here, and what was told so far."""
