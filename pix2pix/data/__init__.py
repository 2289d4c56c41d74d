"""Folders of pictures: what is in them, and batches for training."""
