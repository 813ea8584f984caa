//! status_panel
