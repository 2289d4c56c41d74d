"""Folders of pictures, and batches of them for training."""
