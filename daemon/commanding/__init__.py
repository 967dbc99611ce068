"""What a member of our team ordered by email: read, checked, obeyed all or nothing, and answered line by line."""
