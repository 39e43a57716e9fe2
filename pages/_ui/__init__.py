"""Hold what every page shares: controls, cache, frame, words, figures, the player."""
