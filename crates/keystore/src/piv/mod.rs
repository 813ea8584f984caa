//! The PIV application of a token or card (NIST SP 800-73-4), spoken to directly: no
//! module of a maker between.
//!
//! # What lies on the card is the journal
//! Nothing is kept beside the card. Each place for a key has one certificate object
//! (part 1, table 3), and what is in it says how far the last write came:
//!
//! | certificate object | key | the place is |
//! |---|---|---|
//! | none | none | empty |
//! | none | some | somebody's: not touched |
//! | our mark "void" | none or any | empty: the key belongs to nobody |
//! | our placeholder for the key | that key | pending |
//! | a certificate | its key | installed |
//! | anything else | any | somebody's: not touched |
//!
//! ```text
//!                    PUT void         GENERATE          PUT placeholder      PUT certificate
//! generate:  empty ----------> void ----------> void ------------------> pending
//! install:                                                                pending ----------> installed
//! discard, clear:    anything ----------> void -- GENERATE over the old key --> void
//! ```
//!
//! An object is replaced by the last command of its chain, so a card pulled in between
//! has the state before or the one behind. A key that was made but never got its
//! placeholder lies under "void" and is overwritten by the next [`generate`]; therefore
//! nothing is ever left that would need to be cleared away later. What was written is
//! read back and compared byte for byte, and a signature is tried, before anything
//! is called done. Should a card lose the object that was being replaced, [`install`]
//! finds the key by its signature.
//!
//! Whether a place without an object holds a key, GET METADATA tells where the card knows
//! it (Yubico's extension), else a trial signature does.
//!
//! # PIN, PUK, management key
//! [`change_pin`] ends all three defaults, in an order that a cut cannot hurt: the new
//! management key and PUK are first written where only the PIN can read them, then set;
//! the PIN comes last. `personalisation` and `protected` say more.
//!
//! [`generate`]: crate::KeyStorage::generate
//! [`install`]: crate::KeyStorage::install
//! [`change_pin`]: crate::Token::change_pin

mod application;
mod certificate_object;
mod general_authenticate;
mod management_key;
mod metadata;
mod object;
mod personalisation;
mod pin;
mod protected;
mod session;
mod signature;
mod slot;
mod storage;
mod tlv;
mod token;

pub use token::PivToken;
