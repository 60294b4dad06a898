"""Trains and validates GhostNet as MindCV does, on PyTorch: one device or many."""
