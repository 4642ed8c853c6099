"""How the shop learns from its photos: what it learned from, how well versions read, and what may be done about it."""
