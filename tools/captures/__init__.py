"""What tools/make-capture is made of: see pcaps/README.md for the language of its recipes."""
