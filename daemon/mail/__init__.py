"""How email is written: bytes to fields and fields to bytes. Knows the RFCs, nothing of our business."""
