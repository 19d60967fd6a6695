"""Lives of deals in any order of steps, by the right people and the wrong ones: a file for each step of the business.

What is refused has changed nothing, what is sent again neither; nobody gets through with another's step; the appetite of each branch and
the budget of each year are recounted from deals and claims in plain Python beside the checks of `deals.invariants`.
"""
