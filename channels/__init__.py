"""The doors of the desk, one file a channel."""
