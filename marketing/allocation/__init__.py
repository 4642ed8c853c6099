"""Who gets which offer within a budget: learned where chance left some out of offers, decided by a person."""
