"""What support is asked for: money back, an end, some days more. Each act asks Stripe, mirrors its answer at once, and
leaves one row of the audit; where Stripe cannot be asked, nothing here changes."""
