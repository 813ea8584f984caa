//! The serving loop: one thread listens, one works, one watches the reader.
//!
//! The listener does nothing else, so that the end of the kiosk ends the worker
//! even while the others hang.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::Duration;

use chip::ReadRequest;
use worker::message::{Answer, Asked, PictureLimits, Refusal, Request, Role, Said};
use worker::token::{TokenEvent, TokenPlace};
use worker::{document, picture, wire};
use zeroize::Zeroizing;

use crate::tokens::Tokens;
use crate::{card_watch, cards, sandbox};

const LOAD_LIMIT: Duration = Duration::from_secs(2);

/// The writing end, shared by those who speak.
#[derive(Clone)]
pub struct Voice(Arc<Mutex<UnixStream>>);

impl Voice {
    /// Without a listener there is nobody left to work for.
    pub fn say(&self, said: &Said, bytes: &[u8]) {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wire::send(&mut socket, said, bytes).is_err() {
            std::process::exit(0);
        }
    }
}

/// `place`: the second word of the command line, a reader or a place for tokens.
pub fn serve(role: Role, place: Option<String>, mut socket: UnixStream) -> anyhow::Result<()> {
    sandbox::harden_process()?;
    if role != Role::Files {
        load_pcsc_lite();
        load_openssl()?;
    }
    let tokens = match role {
        Role::Tokens => {
            let place = place.as_deref().unwrap_or_default().parse::<TokenPlace>()?;
            Some((Tokens::open(&place)?, sandbox::Reach::of(&place)))
        }
        Role::Cards | Role::Files => None,
    };
    let (tokens, reach) = match tokens {
        Some((tokens, reach)) => (Some(tokens), reach),
        None if role == Role::Cards => (None, sandbox::Reach::CardService),
        None => (None, sandbox::Reach::Nothing),
    };
    let landlock = sandbox::restrict_files(reach)?;

    let voice = Voice(Arc::new(Mutex::new(socket.try_clone()?)));
    let (start_watch, watch_started) = mpsc::channel();
    let (work, works) = mpsc::channel();
    // A thread still on its way up needs system calls that are closed below.
    let standing = Arc::new(Barrier::new(3));
    std::thread::Builder::new().name("watch".into()).spawn({
        let (standing, voice, reader) = (standing.clone(), voice.clone(), place.clone());
        move || {
            standing.wait();
            if watch_started.recv().is_ok() {
                card_watch::watch(&voice, reader.as_deref());
            }
        }
    })?;
    let worker = Worker {
        role,
        reader: place,
        voice: voice.clone(),
        start_watch,
    };
    std::thread::Builder::new().name("work".into()).spawn({
        let standing = standing.clone();
        move || {
            standing.wait();
            match tokens {
                Some(tokens) => work_on_tokens(tokens, &worker.voice, &works),
                None => worker.run(&works),
            }
        }
    })?;
    standing.wait();
    // Every thread stands: none can be made from here on.
    sandbox::close(reach)?;

    voice.say(&Said::Ready(landlock), &[]);
    while let Some(received) = wire::receive::<Asked>(&mut socket)? {
        if work.send((received.message, received.file)).is_err() {
            // The working thread panicked: the kiosk starts another worker.
            std::process::exit(1);
        }
    }
    // Not a return: a thread that hangs must not keep the process alive.
    std::process::exit(0);
}

/// Loads what pcsc-lite loads on its first call, while that is still allowed. A
/// frozen pcscd must not hold up the start: that is the watch's to tell.
fn load_pcsc_lite() {
    let (loaded, wait) = mpsc::channel();
    std::thread::spawn(move || {
        drop(pcsc::Context::establish(pcsc::Scope::System));
        // The start went on without it.
        let _ = loaded.send(());
    });
    let _ = wait.recv_timeout(LOAD_LIMIT);
}

/// Has OpenSSL read its configuration, load its algorithms and seed its random
/// numbers while it may still open files.
fn load_openssl() -> anyhow::Result<()> {
    use openssl::{ec::EcGroup, hash::MessageDigest, nid::Nid};
    openssl::init();
    openssl::hash::hash(MessageDigest::sha256(), b"")?;
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    openssl::rand::rand_bytes(&mut [0; 8])?;
    Ok(())
}

struct Worker {
    role: Role,
    reader: Option<String>,
    voice: Voice,
    start_watch: Sender<()>,
}

impl Worker {
    fn run(&self, works: &Receiver<(Asked, Option<OwnedFd>)>) {
        // The process ends at once if this thread panics; the kiosk waits for an answer.
        let _exit = ExitOnPanic;
        for (Asked { id, request }, file) in works {
            let (answer, bytes) = match self.answer(id, request, file) {
                Ok((answer, bytes)) => (Ok(answer), bytes),
                Err(refusal) => (Err(refusal), Zeroizing::default()),
            };
            self.voice.say(&Said::Answer { id, answer }, &bytes);
        }
    }

    fn answer(
        &self,
        id: u64,
        request: Request,
        file: Option<OwnedFd>,
    ) -> Result<(Answer, Zeroizing<Vec<u8>>), Refusal> {
        let none = Zeroizing::default();
        match (self.role, request) {
            (_, Request::Ping) => Ok((Answer::Pong, none)),
            (Role::Cards, Request::WatchCards) => {
                self.start_watch.send(()).map_err(|_| Refusal::NotMine)?;
                Ok((Answer::Watching, none))
            }
            (Role::Cards, Request::ReadCard) => {
                let card = cards::read(self.reader.as_deref())?;
                Ok((Answer::Card(card), none))
            }
            (Role::Cards, Request::ReadDocument(request)) => self.read_document(id, &request),
            (Role::Files, Request::LoadPicture(limits)) => {
                load_picture(file.ok_or(Refusal::FileUnreadable)?, &limits)
            }
            _ => Err(Refusal::NotMine),
        }
    }

    fn read_document(
        &self,
        id: u64,
        request: &ReadRequest,
    ) -> Result<(Answer, Zeroizing<Vec<u8>>), Refusal> {
        let mut progress = |stage| self.voice.say(&Said::Progress { id, stage }, &[]);
        match cards::read_document(self.reader.as_deref(), request, &mut progress)? {
            Ok(read) => {
                let (head, files) = document::pack(read).ok_or(Refusal::CardUnreadable)?;
                Ok((Answer::Document(Box::new(Ok(head))), files))
            }
            Err(error) => {
                tracing::info!(%error, "document not read");
                Ok((Answer::Document(Box::new(Err(error))), Zeroizing::default()))
            }
        }
    }
}

/// How often the place for tokens is looked at while nothing is to be done.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looking and working take turns: a token bears only one at a time.
fn work_on_tokens(mut tokens: Tokens, voice: &Voice, works: &Receiver<(Asked, Option<OwnedFd>)>) {
    let _exit = ExitOnPanic;
    let mut watching = false;
    let mut told: Option<TokenEvent> = None;
    loop {
        match works.recv_timeout(LOOK_EVERY) {
            Ok((Asked { id, request }, _)) => {
                let answer = match request {
                    Request::Ping => Ok(Answer::Pong),
                    Request::WatchTokens => {
                        (watching, told) = (true, None);
                        Ok(Answer::Watching)
                    }
                    Request::Token(request) => tokens
                        .answer(request)
                        .map(|answer| Answer::Token(Box::new(answer)))
                        .map_err(Refusal::Token),
                    _ => Err(Refusal::NotMine),
                };
                voice.say(&Said::Answer { id, answer }, &[]);
            }
            Err(RecvTimeoutError::Timeout) if watching => {
                let seen = tokens.look();
                if told.replace(seen) != Some(seen) {
                    voice.say(&Said::Token(seen), &[]);
                }
                voice.say(&Said::Alive, &[]);
                if seen == TokenEvent::PlaceGone && !tokens.can_come_back() {
                    // What was opened before the sandbox closed cannot be opened again.
                    std::process::exit(0);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn load_picture(
    file: OwnedFd,
    limits: &PictureLimits,
) -> Result<(Answer, Zeroizing<Vec<u8>>), Refusal> {
    let bytes = picture::read(std::fs::File::from(file), limits)?;
    let picture = picture::normalise(&bytes, limits)?;
    let (width, height) = (picture.width, picture.height);
    Ok((Answer::Picture { width, height }, picture.jpeg))
}

struct ExitOnPanic;

impl Drop for ExitOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::exit(1);
        }
    }
}
