"""What a mail brings beside its text: sheets, archives, and what is never opened."""
