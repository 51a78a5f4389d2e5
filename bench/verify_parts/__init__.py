"""A month of a thousand nodes as a bundle, and the least that anybody could do to check it."""
