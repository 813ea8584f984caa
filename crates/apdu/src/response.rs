//! Response APDUs and status words (ISO 7816-4, 5.1 and 5.6).

use zeroize::Zeroizing;

use crate::command::short_le;

/// An answer. `data` may be personal and is zeroized.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub data: Zeroizing<Vec<u8>>,
    pub status: StatusWord,
}

impl Response {
    pub fn new(data: &[u8], status: StatusWord) -> Response {
        Response {
            data: Zeroizing::new(data.to_vec()),
            status,
        }
    }

    /// None: shorter than a status word.
    pub fn parse(apdu: &[u8]) -> Option<Response> {
        let (data, &status) = apdu.split_last_chunk()?;
        Some(Response::new(data, StatusWord(u16::from_be_bytes(status))))
    }

    /// Data, SW1, SW2.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.data.len() + 2));
        out.extend_from_slice(&self.data);
        out.extend(self.status.0.to_be_bytes());
        out
    }
}

/// Without the data.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response({} bytes, SW {})", self.data.len(), self.status)
    }
}

/// SW1 SW2 (ISO 7816-4, 5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    pub const OK: StatusWord = StatusWord(0x9000);
    /// End of file reached before Le bytes were read.
    pub const END_OF_FILE: StatusWord = StatusWord(0x6282);
    /// Verification failed, without a counter.
    pub const VERIFICATION_FAILED: StatusWord = StatusWord(0x6300);
    pub const WRONG_LENGTH: StatusWord = StatusWord(0x6700);
    pub const SECURITY_STATUS_NOT_SATISFIED: StatusWord = StatusWord(0x6982);
    pub const AUTHENTICATION_BLOCKED: StatusWord = StatusWord(0x6983);
    pub const CONDITIONS_NOT_SATISFIED: StatusWord = StatusWord(0x6985);
    /// No current EF.
    pub const NO_CURRENT_FILE: StatusWord = StatusWord(0x6986);
    pub const SECURE_MESSAGING_MISSING: StatusWord = StatusWord(0x6987);
    pub const SECURE_MESSAGING_INCORRECT: StatusWord = StatusWord(0x6988);
    pub const WRONG_DATA: StatusWord = StatusWord(0x6A80);
    pub const FUNCTION_NOT_SUPPORTED: StatusWord = StatusWord(0x6A81);
    pub const FILE_NOT_FOUND: StatusWord = StatusWord(0x6A82);
    pub const RECORD_NOT_FOUND: StatusWord = StatusWord(0x6A83);
    pub const WRONG_PARAMETERS: StatusWord = StatusWord(0x6A86);
    pub const REFERENCE_NOT_FOUND: StatusWord = StatusWord(0x6A88);
    /// Offset outside the EF.
    pub const WRONG_OFFSET: StatusWord = StatusWord(0x6B00);
    pub const INSTRUCTION_NOT_SUPPORTED: StatusWord = StatusWord(0x6D00);
    pub const CLASS_NOT_SUPPORTED: StatusWord = StatusWord(0x6E00);

    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    pub fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    pub fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// 63Cx: so many tries are left.
    pub fn tries_left(self) -> Option<u8> {
        (self.0 & 0xFFF0 == 0x63C0).then_some(self.sw2() & 0x0F)
    }

    /// 61xx: so many bytes (256 for 00) can be had with GET RESPONSE.
    pub fn more_bytes(self) -> Option<u32> {
        (self.sw1() == 0x61).then(|| short_le(self.sw2()))
    }

    /// 6Cxx: the Le that would have been right.
    pub fn right_le(self) -> Option<u32> {
        (self.sw1() == 0x6C).then(|| short_le(self.sw2()))
    }
}

/// Four hexadecimal digits.
impl std::fmt::Display for StatusWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl std::fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusWord({self})")
    }
}
