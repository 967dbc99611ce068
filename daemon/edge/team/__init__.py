"""What our own team ordered, noted and may still decide by reply."""
