"""What the product is compared with: the least code that does each job, and the code of the usual samples."""
