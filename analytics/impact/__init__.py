"""What each capability brought against its control: the page, its file, the card of the home page.

Everything is read from looks that were stored (core.experiments.looking); nothing is counted in a request.
"""
