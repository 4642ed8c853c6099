"""Settings, addresses and the staff site: the floor that knows every other."""
