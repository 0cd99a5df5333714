"""The router: ties the doors and the rules into a help desk."""
