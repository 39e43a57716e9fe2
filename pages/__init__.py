"""Hold the pages of the app, one folder per section."""
