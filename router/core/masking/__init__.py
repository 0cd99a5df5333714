"""What nobody should ever have sent: found, hidden, and told of."""
