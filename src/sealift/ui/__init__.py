"""The screen: draws the newest picture of a route and holds only cursor, filter and folds."""
