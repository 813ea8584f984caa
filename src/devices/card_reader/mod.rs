//! card_reader
