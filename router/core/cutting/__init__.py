"""What somebody wrote now, cut out of what stands around it."""
