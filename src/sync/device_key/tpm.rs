//! The TPM 2.0 of this device, for whoever signs.
//!
//! A thread of its own talks to it, one thing after another: a TPM does one thing at a time, and one
//! that hangs must hang nobody else. Who asks waits [`PATIENCE`]; while it hangs nobody waits at all.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use p256::ecdsa::Signature;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::DeviceKeyError;
use super::tpm_commands::{Session, WrappedKey};

/// What the kernel names the TPM with its own resource manager: keys of other programs stay out of
/// the way of ours.
const DEVICE: &str = "/dev/tpmrm0";
/// Making and loading a key takes a slow TPM seconds, a signature less than one.
const PATIENCE: Duration = Duration::from_secs(15);

/// Cheap to clone; a TPM has one connection in the whole process.
#[derive(Clone)]
pub struct Tpm(Option<Arc<Connection>>);

/// Where a TPM is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Device(PathBuf),
    /// By a TCTI (TCG TSS 2.0) other than a device's, e.g. `swtpm:host=127.0.0.1,port=2321`.
    #[cfg(feature = "simulated")]
    Simulated(String),
}

impl Place {
    /// As the loader of TCTIs reads it.
    pub fn tcti(&self) -> String {
        match self {
            Self::Device(path) => format!("device:{}", path.display()),
            #[cfg(feature = "simulated")]
            Self::Simulated(tcti) => tcti.clone(),
        }
    }

    pub fn is_there(&self) -> bool {
        match self {
            Self::Device(path) => path.exists(),
            #[cfg(feature = "simulated")]
            Self::Simulated(_) => true,
        }
    }
}

type Work = Box<dyn FnOnce(&mut Session) + Send>;

struct Connection {
    place: Place,
    queue: Mutex<Queue>,
    /// Number of the last piece of work that came to an end.
    ended: Arc<AtomicU64>,
    /// Number of the last one that somebody stopped waiting for.
    overdue: AtomicU64,
}

#[derive(Default)]
struct Queue {
    thread: Option<mpsc::Sender<(u64, Work)>>,
    /// Of the last piece of work that was handed over.
    number: u64,
}

/// swtpm serves one connection, so whoever means the same TPM shares it.
static OPEN: Mutex<Vec<Weak<Connection>>> = Mutex::new(Vec::new());

impl Tpm {
    /// The one that the kernel found, where it found one.
    pub fn of_this_machine() -> Self {
        Self::device(Path::new(DEVICE))
    }

    /// e.g. `/dev/tpmrm0`
    pub fn device(path: &Path) -> Self {
        Self::at(Place::Device(path.to_owned()))
    }

    /// A TPM in software (feature `simulated`), by its TCTI.
    #[cfg(feature = "simulated")]
    pub fn simulated(tcti: &str) -> Self {
        Self::at(Place::Simulated(tcti.to_owned()))
    }

    /// Keys lie in files.
    pub fn none() -> Self {
        Self(None)
    }

    fn at(place: Place) -> Self {
        let mut open = lock(&OPEN);
        open.retain(|known| known.strong_count() > 0);
        let same = open.iter().filter_map(Weak::upgrade);
        if let Some(known) = same.into_iter().find(|known| known.place == place) {
            return Self(Some(known));
        }
        let connection = Arc::new(Connection {
            place,
            queue: Mutex::default(),
            ended: Arc::default(),
            overdue: AtomicU64::new(0),
        });
        open.push(Arc::downgrade(&connection));
        Self(Some(connection))
    }

    /// Whether keys are to be made in it.
    pub fn is_there(&self) -> bool {
        self.0.as_ref().is_some_and(|c| c.place.is_there())
    }

    /// # Errors
    /// The TPM's.
    pub(super) fn make(&self) -> Result<WrappedKey, DeviceKeyError> {
        self.ask(Session::make)
    }

    /// # Errors
    /// The TPM's; above all [`DeviceKeyError::OfAnotherTpm`].
    pub(super) fn sign(
        &self,
        key: &WrappedKey,
        digest: [u8; 32],
    ) -> Result<Signature, DeviceKeyError> {
        let key = key.clone();
        self.ask(move |session| session.sign(&key, digest))
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, DeviceKeyError> + Send + 'static,
    ) -> Result<T, DeviceKeyError> {
        let Some(connection) = &self.0 else {
            return Err(DeviceKeyError::NoTpm(
                "any place: none is configured".into(),
            ));
        };
        let hangs = || {
            let ended = connection.ended.load(Ordering::SeqCst);
            ended < connection.overdue.load(Ordering::SeqCst)
        };
        if hangs() {
            return Err(DeviceKeyError::Silent);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let number = connection.hand_over(Box::new(move |session| {
            // Who asked may have stopped waiting.
            let _ = reply.send(work(session));
        }))?;
        match apart(|| answer.recv_timeout(PATIENCE)) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                connection.overdue.fetch_max(number, Ordering::SeqCst);
                Err(DeviceKeyError::Silent)
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(DeviceKeyError::Refused("its thread came to an end".into()))
            }
        }
    }
}

impl Connection {
    /// The number that the piece of work has got.
    fn hand_over(&self, mut work: Work) -> Result<u64, DeviceKeyError> {
        let mut queue = lock(&self.queue);
        queue.number += 1;
        let number = queue.number;
        if let Some(thread) = &queue.thread {
            match thread.send((number, work)) {
                Ok(()) => return Ok(number),
                Err(mpsc::SendError((_, back))) => work = back,
            }
        }
        let (sender, receiver) = mpsc::channel::<(u64, Work)>();
        let (mut session, ended) = (Session::new(self.place.clone()), self.ended.clone());
        ended.store(number - 1, Ordering::SeqCst);
        std::thread::Builder::new()
            .name("tpm".into())
            .spawn(move || {
                while let Ok((number, work)) = receiver.recv() {
                    work(&mut session);
                    ended.store(number, Ordering::SeqCst);
                }
            })
            .map_err(|e| DeviceKeyError::Refused(e.to_string()))?;
        // Its receiver lives in the thread that has just begun.
        let _ = sender.send((number, work));
        queue.thread = Some(sender);
        Ok(number)
    }
}

/// Waits without keeping the runtime's other tasks from this thread.
fn apart<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
