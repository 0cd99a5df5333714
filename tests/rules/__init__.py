"""Rules: what a message is about."""
