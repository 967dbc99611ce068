"""Bytes and HTML to text, and what of it is new, quoted or handed on."""
