"""Comparisons that hold up: experiments of several arms, and what may be concluded from them."""
