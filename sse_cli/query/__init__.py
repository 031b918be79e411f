"""Expressions over the data of messages, and the selection of messages by them."""
