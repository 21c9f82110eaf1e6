"""The queue: what tells workers on other machines that there is something to do.

Nothing in it is needed to know what was paid, or what is left: that is the ledger's. Lost or told
twice, a word of the queue costs a worker one look at the ledger.
"""
