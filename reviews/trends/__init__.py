"""What rises and falls in what customers write: topics, a week against the weeks before, alerts, who is unhappy."""
