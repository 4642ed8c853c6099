"""Effects of campaigns with a planted truth."""
