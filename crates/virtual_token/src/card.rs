//! A card at the end of two pipes: the quickest way, and every APDU can be cut.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use apdu::{CardChannel, ChannelError};

use crate::program;

const POWER_ON: u8 = 1;

/// Where a pulled card breaks the exchange off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The command does not reach the card any more.
    BeforeCommand,
    /// The card did what it was told, but its answer is lost.
    BeforeAnswer,
}

/// A card, in a hand or in a reader. What lies on it stays.
#[derive(Clone)]
pub struct PivCard(Arc<Mutex<Process>>);

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
    /// Counts how often it was put in: a channel of an earlier time is dead.
    insertion: u32,
    /// APDUs that reached the card since it was put in.
    apdus: usize,
    cut: Option<(usize, Cut)>,
}

impl PivCard {
    /// As it comes from its maker: PIN 123456, PUK 12345678, the default management key.
    ///
    /// # Panics
    /// See [`program`], as all below.
    pub fn fresh() -> PivCard {
        let mut child = Command::new(program())
            .arg("pipe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("virtual_piv");
        let requests = child.stdin.take().expect("piped");
        let answers = child.stdout.take().expect("piped");
        PivCard(Arc::new(Mutex::new(Process {
            child,
            requests,
            answers,
            insertion: 0,
            apdus: 0,
            cut: None,
        })))
    }

    /// Puts it in, pulling it first where it was. Forgets a [`cut`](Self::cut).
    pub fn insert(&self) -> PivChannel {
        let mut process = self.process();
        process.send(&[POWER_ON]).expect("virtual_piv has ended");
        process.insertion += 1;
        process.apdus = 0;
        process.cut = None;
        PivChannel {
            card: self.clone(),
            insertion: process.insertion,
        }
    }

    /// It will be pulled at the APDU behind `apdus` more.
    pub fn cut(&self, apdus: usize, cut: Cut) {
        let mut process = self.process();
        process.cut = Some((process.apdus + apdus, cut));
    }

    /// APDUs since it was put in.
    pub fn apdus(&self) -> usize {
        self.process().apdus
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.0.lock().expect("no test panicked in the middle")
    }
}

impl Process {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let cut = self.cut.filter(|(at, _)| self.apdus >= *at);
        if cut.is_some_and(|(at, cut)| cut == Cut::BeforeCommand || self.apdus > at) {
            return Err(ChannelError::Removed);
        }
        self.apdus += 1;
        let answer = self.send(command).and_then(|()| self.receive());
        match (cut, answer) {
            (Some(_), _) | (_, Err(_)) => Err(ChannelError::Removed),
            (None, Ok(answer)) => Ok(answer),
        }
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
        self.requests.write_all(&length.to_be_bytes())?;
        self.requests.write_all(message)
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.answers.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.answers.read_exact(&mut message)?;
        Ok(message)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A card in a reader, until it is pulled.
pub struct PivChannel {
    card: PivCard,
    insertion: u32,
}

impl CardChannel for PivChannel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let mut process = self.card.process();
        if process.insertion != self.insertion {
            return Err(ChannelError::Removed);
        }
        process.transmit(command)
    }
}
