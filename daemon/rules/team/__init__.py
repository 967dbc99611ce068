"""What our own team decides, orders for a time, and changes in its lists."""
