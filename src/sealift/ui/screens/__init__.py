"""The screens: one route, and what opens over it."""
