//! token_writer
