"""Events on their way: signed, sent, tried again."""
