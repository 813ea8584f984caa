"""The card answers a small reader of its own, without a card service in between."""
