"""Invoices: lines, totals, discounts, credit, payment."""
