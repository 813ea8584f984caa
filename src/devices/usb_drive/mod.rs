//! usb_drive
