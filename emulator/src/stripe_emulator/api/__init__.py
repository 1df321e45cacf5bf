"""The API: from an HTTP request to a JSON answer."""
