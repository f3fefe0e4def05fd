"""Guided key procedures: what they are made of (pure), and the hand that carries them out."""
