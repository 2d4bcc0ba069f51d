"""What is asked: studies, and how their variants are made. No Ray, no Optuna."""
