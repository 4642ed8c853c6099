"""Care programmes and the next step for a customer."""
