//! What of a session is settled by configuration.

use std::time::Duration;

use exchange::{IinPolicy, KeyAlgorithm};

/// Limits, lengths and times of one session. The defaults are the anchors of the
/// field; a deployment may set others.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionConfig {
    pub iin_policy: IinPolicy,
    /// How many times faster the video's prompts follow one another; 1 for people.
    pub pace: f32,
    /// Seconds each prompt of the video lasts, before `pace`.
    pub prompt_seconds: f32,
    /// How many prompts a video has; at least 3 are used.
    pub prompts: usize,
    /// Failed videos before the block.
    pub liveness_tries: u8,
    pub liveness_block: Duration,
    /// Six digits: the account is entered from afar, where four would be guessed
    /// in days, and people know six from bank cards' codes by SMS.
    pub account_pin_digits: usize,
    /// Wrong entries of the account PIN before it must be chosen anew.
    pub cabinet_tries: u8,
    /// Failed reads of a chip, wrong keys among them, before the kiosk goes on
    /// without it.
    pub chip_tries: u8,
    /// How long the document is awaited in the reader before going on without its
    /// chip is offered.
    pub chip_patience: Duration,
    pub algorithm: KeyAlgorithm,
    /// Without a touch for so long, the warning appears.
    pub idle: Duration,
    /// Length of the warning's countdown; then everything is wiped.
    pub idle_warning: Duration,
    /// How long the receipt stays without a touch.
    pub receipt_stays: Duration,
    /// How long waiting for the certificate takes here, where it was measured.
    pub wait_seconds: Option<u32>,
    /// Longest time a citizen waits here for the certificate.
    pub wait_limit: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            iin_policy: IinPolicy::Strict,
            pace: 1.0,
            prompt_seconds: 3.0,
            prompts: 4,
            liveness_tries: 3,
            liveness_block: Duration::from_secs(15 * 60),
            account_pin_digits: 6,
            cabinet_tries: 3,
            chip_tries: 4,
            chip_patience: Duration::from_secs(20),
            algorithm: KeyAlgorithm::default(),
            idle: Duration::from_secs(90),
            idle_warning: Duration::from_secs(30),
            receipt_stays: Duration::from_secs(120),
            wait_seconds: None,
            wait_limit: Duration::from_secs(15 * 60),
        }
    }
}

impl SessionConfig {
    /// Seconds each prompt lasts at this pace; never shorter than a twentieth.
    pub fn seconds_each(&self) -> f32 {
        let pace = if self.pace.is_finite() {
            self.pace.max(0.1)
        } else {
            1.0
        };
        (self.prompt_seconds / pace).clamp(0.05, 60.0)
    }
}
