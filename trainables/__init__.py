"""What is trained: methods, data sets, the training loop, evaluation. No Ray outside worker.py."""
