"""What a message is about, and how soon a person must see it."""
