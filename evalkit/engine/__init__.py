"""How the asking is done: order, priming, retry, response cache. Knows nothing of right and wrong."""
