//! Words by which people compare a new kiosk's keys on both sides.

use sha2::{Digest as _, Sha256};

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// Six pronounceable words of five letters (96 bits, written as proquints) over
/// the kiosk's two public keys.
///
/// Both arguments are SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7). Kiosk and
/// office each compute the words from what they hold themselves; words that came
/// over the wire prove nothing.
pub fn fingerprint_words(tls_key: &[u8], manifest_key: &[u8]) -> Vec<String> {
    let mut hash = Sha256::new();
    hash.update(b"qoltanba kiosk keys v1\n");
    hash.update(Sha256::digest(tls_key));
    hash.update(Sha256::digest(manifest_key));
    let hash = hash.finalize();
    hash.chunks_exact(2)
        .take(6)
        .map(|two| word(u16::from_be_bytes([two[0], two[1]])))
        .collect()
}

/// Consonant, vowel, consonant, vowel, consonant: 4 + 2 + 4 + 2 + 4 bits.
fn word(bits: u16) -> String {
    let consonant = |shift: u16| char::from(CONSONANTS[usize::from(bits >> shift & 0xf)]);
    let vowel = |shift: u16| char::from(VOWELS[usize::from(bits >> shift & 0x3)]);
    [
        consonant(12),
        vowel(10),
        consonant(6),
        vowel(4),
        consonant(0),
    ]
    .iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_proquint_proposal() {
        // 127.0.0.1 is lusab-babad there.
        assert_eq!(word(0x7f00), "lusab");
        assert_eq!(word(0x0001), "babad");
    }

    #[test]
    fn either_key_changes_the_words() {
        let words = fingerprint_words(b"tls", b"manifest");
        assert_eq!(words.len(), 6);
        assert_ne!(words, fingerprint_words(b"tls2", b"manifest"));
        assert_ne!(words, fingerprint_words(b"tls", b"manifest2"));
        assert_ne!(words, fingerprint_words(b"manifest", b"tls"));
    }
}
