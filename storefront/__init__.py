"""The demo storefront: a shop's own pages, which know Zhanggui only through its API and its snippet."""
