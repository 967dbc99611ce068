"""Mail is read in children that hold no secret: the pool of them, what runs in one, what crosses the pipe, and the closed doors."""
