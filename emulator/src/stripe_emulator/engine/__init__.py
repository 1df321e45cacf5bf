"""Billing behaviour with no HTTP: every public function works inside the one Transaction it is given."""
