//! The identity documents of `tests/virtual_card` in the virtual reader of a real
//! pcscd, which has name spaces of its own.
//!
//! For tests only: whatever is missing ends the test with a sentence. What a document
//! can have and a card can do wrong is explained in `tests/virtual_card/document.py`
//! and `config.py`; it is asked for by the names used there.

mod apart;
mod card_service;
mod cards;
mod channel;
mod direct_reader;
mod document;
mod python;
mod reader;

pub use apart::{apart, apart_without_documents, program_apart, program_apart_without_documents};
pub use card_service::CardService;
pub use cards::{Cards, Traffic};
pub use channel::{PcscChannel, connect};
pub use direct_reader::{DirectChannel, DirectReader};
pub use document::Document;
pub use python::{package_root, python};
pub use reader::{PORT, VirtualReader};
