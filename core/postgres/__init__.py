"""Django's PostgreSQL engine, with a server of this installation behind it when none is configured."""
