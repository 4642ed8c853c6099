"""Addresses of the demo storefront, below /shop/."""

from django.urls import path

from storefront.views import account, browse, buying, finding, helping, looking, reviewing

app_name = "shop"
urlpatterns = [
    path("", browse.home, name="home"),
    path("c/<str:category_id>/", finding.category, name="category"),
    path("p/<str:product_id>/", browse.product, name="product"),
    path("p/<str:product_id>/tell-me", browse.tell_me, name="tell-me"),
    path("p/<str:product_id>/reviews/", reviewing.reviews, name="reviews"),
    path("p/<str:product_id>/reviews/write", reviewing.write, name="write-review"),
    path("p/<str:product_id>/reviews/<str:review_id>", reviewing.judge, name="judge-review"),
    path("account/reviews/<str:review_id>/photos", reviewing.photos, name="review-photos"),
    path("account/reviews/<str:review_id>", reviewing.take_back, name="take-review-back"),
    path("search", finding.search, name="search"),
    path("search/photo", looking.by_photo, name="by-photo"),
    path("basket/", buying.basket, name="basket"),
    path("basket/add", buying.add, name="basket-add"),
    path("basket/change", buying.change, name="basket-change"),
    path("checkout/", buying.checkout, name="checkout"),
    path("orders/<str:number>/", buying.order, name="order"),
    path("account/", account.account, name="account"),
    path("account/sign-in", account.sign_in, name="sign-in"),
    path("account/sign-out", account.sign_out, name="sign-out"),
    path("account/personalisation", account.personalisation, name="personalisation"),
    path("account/offers", account.shown_offers, name="shown-offers"),
    path("account/messages", account.written_to, name="written-to"),
    path("account/offers/<str:offer_id>", account.follow_offer, name="follow-offer"),
    path("account/forget", account.forget_profile, name="forget-profile"),
    path("account/points", account.redeem, name="redeem"),
    path("account/copy", account.ask_copy, name="copy"),
    path("account/copy/file", account.copy_file, name="copy-file"),
    path("account/erase", account.erase, name="erase"),
    path("help/", helping.find, name="help"),
    path("help/<str:key>", helping.article, name="article"),
    path("help/<str:key>/helped", helping.helped, name="article-helped"),
    path("privacy/", account.privacy, name="privacy"),
    path("look", account.look, name="look"),
]
