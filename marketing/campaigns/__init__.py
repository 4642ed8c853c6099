"""Campaigns from the draft to what they brought: audiences, who may be written to, the life cycle, planning, effect."""
