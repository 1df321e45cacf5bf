"""The emulator's pages, over HTTP and in a browser."""
