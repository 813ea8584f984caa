//! The only place that knows Slint: view to properties, touches to events.
