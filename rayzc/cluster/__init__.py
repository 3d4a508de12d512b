"""Everything that touches Ray: connecting, and island actors."""
