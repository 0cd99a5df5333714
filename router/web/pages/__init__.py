"""The pages, one module each, found by looking: each brings a blueprint."""
