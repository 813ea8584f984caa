//! The wire to the chip: its speed, and what goes wrong on it.

use std::thread::sleep;
use std::time::Duration;

use chip::{CardChannel, ChannelError};
use chip::{Response, StatusWord};

use super::{Gone, SpecimenChip};

impl CardChannel for SpecimenChip {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answered = self.answered;
        let due = |after: Option<u32>| after.is_some_and(|after| answered >= after);
        let faults = &mut self.config.faults;
        if due(faults.remove_after) {
            faults.remove_after = None;
            self.gone = Some(Gone::Removed);
        }
        if due(faults.silent_after) {
            faults.silent_after = None;
            self.gone = Some(Gone::Silent);
        }
        match self.gone {
            Some(Gone::Removed) => return Err(ChannelError::Removed),
            Some(Gone::Silent) => {
                sleep(faults.silence);
                return Err(ChannelError::Failed);
            }
            None => {}
        }
        let status = faults.status_after.filter(|(after, _)| answered >= *after);
        let response = match status {
            Some((_, status)) => {
                faults.status_after = None;
                Response::new(&[], StatusWord(status))
            }
            None => {
                let mut response = self.answer(command);
                self.spoil(&mut response);
                response
            }
        };
        self.answered = answered.saturating_add(1);
        let answer = response.encode().to_vec();
        self.wait(command.len() + answer.len());
        Ok(answer)
    }
}

impl SpecimenChip {
    fn spoil(&mut self, response: &mut Response) {
        let answered = self.answered;
        let due = |after: Option<u32>| after.is_some_and(|after| answered >= after);
        let faults = &mut self.config.faults;
        // The authentication code is the last object, 8E 08.
        let checksum = response.data.len().checked_sub(10);
        let protected = self.session.messaging.is_some()
            && checksum.and_then(|at| response.data.get(at..at + 2)) == Some(&[0x8E, 8]);
        if due(faults.wrong_mac_after) && protected {
            faults.wrong_mac_after = None;
            if let Some(last) = response.data.last_mut() {
                *last ^= 1;
            }
        }
        if due(faults.truncate_after) && !response.data.is_empty() {
            faults.truncate_after = None;
            let half = response.data.len() / 2;
            response.data.truncate(half);
        }
    }

    fn wait(&self, bytes: usize) {
        let mut time = self.config.latency;
        if let Some(rate) = self.config.bytes_per_second.filter(|rate| *rate > 0) {
            time += Duration::from_secs_f64(bytes as f64 / f64::from(rate));
        }
        if !time.is_zero() {
            sleep(time);
        }
    }
}
