"""At which hour each customer gets a message, and what that brought."""
