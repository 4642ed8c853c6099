"""Messages to those who agreed: consent, campaigns, sending once, and what it brought."""
