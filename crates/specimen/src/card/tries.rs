//! How often a wrong access key may be tried.

use chip::StatusWord;

/// Counts wrong keys, where the chip counts them.
pub struct Tries {
    most: Option<u8>,
    left: u8,
}

impl Tries {
    pub fn new(most: Option<u8>) -> Tries {
        Tries {
            most: most.map(|most| most.min(15)),
            left: most.unwrap_or(0).min(15),
        }
    }

    /// # Errors
    /// 6983.
    pub fn check(&self) -> Result<(), StatusWord> {
        match self.most.is_some() && self.left == 0 {
            true => Err(StatusWord::AUTHENTICATION_BLOCKED),
            false => Ok(()),
        }
    }

    /// 9000, or 63Cx after a failed try.
    pub fn warning(&self) -> StatusWord {
        match self.most {
            Some(most) if self.left < most => self.counter(),
            _ => StatusWord::OK,
        }
    }

    /// The answer to a wrong key.
    pub fn failed(&mut self) -> StatusWord {
        self.left = self.left.saturating_sub(1);
        match self.most {
            Some(_) => self.counter(),
            None => StatusWord::VERIFICATION_FAILED,
        }
    }

    pub fn passed(&mut self) {
        self.left = self.most.unwrap_or(0);
    }

    fn counter(&self) -> StatusWord {
        StatusWord(0x63C0 | u16::from(self.left))
    }
}
