"""What needs more than one word: letters to decide by, what is done once it is confirmed, what goes out once enough approved."""
