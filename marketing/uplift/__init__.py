"""Whom a campaign moved: learned from campaigns that left some out by chance, used only where it is proved."""
