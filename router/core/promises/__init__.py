"""Service hours, policies, and the arithmetic of due times."""
