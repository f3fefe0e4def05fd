"""The lists over the route screen: jobs, resume tokens, holds, prune, divergence."""
