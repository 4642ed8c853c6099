"""What was sold, added up and kept right: how it is counted, compared every night, and watched."""
