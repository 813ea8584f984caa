//! The places for keys that this project uses (SP 800-73-4, part 1, table 4).

/// A key reference: 9C, the digital signature key, 82 to 95, the retired keys, or 9A, which
/// opens doors and is never written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotId(u8);

impl SlotId {
    /// The digital signature key: the PIN is asked for before each signature.
    pub const SIGNATURE: SlotId = SlotId(0x9C);

    /// The key of PIV authentication: the PIN once for all its signatures.
    pub const AUTHENTICATION: SlotId = SlotId(0x9A);

    const FIRST_RETIRED: u8 = 0x82;
    const LAST_RETIRED: u8 = 0x95;

    /// Those for citizens' keys, the signature key first.
    pub fn all() -> impl Iterator<Item = SlotId> {
        let retired = Self::FIRST_RETIRED..=Self::LAST_RETIRED;
        std::iter::once(Self::SIGNATURE).chain(retired.map(SlotId))
    }

    /// Those whose keys prove who holds the card.
    pub fn of_holder() -> [SlotId; 2] {
        [Self::AUTHENTICATION, Self::SIGNATURE]
    }

    pub fn named(name: &str) -> Option<SlotId> {
        Self::all().find(|slot| slot.to_string() == name)
    }

    pub fn reference(self) -> u8 {
        self.0
    }

    /// Its certificate's tag (part 1, table 3).
    pub fn certificate_tag(self) -> [u8; 3] {
        match self {
            Self::AUTHENTICATION => [0x5F, 0xC1, 0x05],
            Self::SIGNATURE => [0x5F, 0xC1, 0x0A],
            Self(retired) => [0x5F, 0xC1, 0x0D + (retired - Self::FIRST_RETIRED)],
        }
    }
}

/// Two hexadecimal digits, as in the standard.
impl std::fmt::Display for SlotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tags_are_those_of_the_standard() {
        assert_eq!(SlotId::all().count(), 21);
        let tag = |name| SlotId::named(name).unwrap().certificate_tag();
        assert_eq!(tag("9C"), [0x5F, 0xC1, 0x0A]);
        assert_eq!(tag("82"), [0x5F, 0xC1, 0x0D]);
        assert_eq!(tag("95"), [0x5F, 0xC1, 0x20]);
        assert_eq!(SlotId::named("9A"), None, "no place for a citizen's key");
        let [authentication, _] = SlotId::of_holder();
        assert_eq!(authentication.certificate_tag(), [0x5F, 0xC1, 0x05]);
    }
}
