"""`make demo`: the embedded servers, the real daemon, and a story that one can watch."""
