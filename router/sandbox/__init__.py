"""Small faithful servers of each platform, so that every channel can be tried without an account.

Nothing here knows the router: it speaks HTTP as the platforms do, to whoever is configured as the
desk. Every secret in here is visibly made up.
"""
