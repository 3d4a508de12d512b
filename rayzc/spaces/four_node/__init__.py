"""What the search spaces with cells of four nodes share."""
