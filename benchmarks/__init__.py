"""How fast the product is, as ratios beside baselines that run on the same machine in the same minutes."""
