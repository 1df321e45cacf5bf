"""The example product: what came in, what went out, what is left. `docs/removing.md` takes it out."""
