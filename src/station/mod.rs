//! What the kiosk as a whole is doing, whoever stands before it.
