"""When we ask: whom, in which letters, when again, and what their mail changes."""
