"""Staff pages of the ground floor."""
