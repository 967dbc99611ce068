"""Views over several tables, for people to read. They read only."""
