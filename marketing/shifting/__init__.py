"""Later batches of a campaign follow what the versions of earlier ones brought."""
