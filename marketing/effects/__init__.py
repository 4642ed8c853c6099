"""What campaigns brought: by segment for each campaign, and all of a year together."""
