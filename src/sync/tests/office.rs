//! A tus office over plain HTTP/1.1, with faults on order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use exchange::api::{ApiError, Decision, DurableReceipt, OfficeTime, SubmissionResult};
use exchange::{Digest, Manifest, PartName, Signed, SubmissionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{DAY, office_key};

/// One misbehaviour, carried out once, in the order given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A PATCH: keep this many bytes of it, then close the connection.
    CutAfter(usize),
    /// A PATCH: read it all, forget all but this much of the object, close the connection.
    CrashBackTo(usize),
    /// A PATCH: answer 409 without reading, and close.
    Conflict,
    /// A PATCH: claim success with the offset it began with.
    TakeNothing,
    /// Forget every upload.
    ForgetUploads,
    /// A POST: make the upload, then close before answering.
    LoseCreation,
    /// Any request: a page of a captive portal.
    Portal,
    /// Any request: this status, with this `Retry-After`.
    Status(u16, Option<u32>),
    /// Any request: the office revoked this kiosk.
    Revoked,
    /// A manifest: say that the video is missing, and forget it.
    VideoMissing,
    /// A manifest: a receipt signed by somebody else.
    ForgedReceipt,
    /// A PATCH: the bytes arrived damaged (460), upload removed.
    WrongChecksum,
}

#[derive(Default)]
pub struct State {
    pub faults: Vec<Fault>,
    uploads: HashMap<String, Upload>,
    made: usize,
    /// Method and path of every request.
    pub requests: Vec<String>,
    pub manifests: Vec<SubmissionId>,
    /// Whether connections are refused.
    pub down: bool,
    /// How long each PATCH takes.
    pub slow: Duration,
}

struct Upload {
    submission: String,
    part: PartName,
    length: usize,
    bytes: Vec<u8>,
}

#[derive(Clone)]
pub struct Office {
    pub state: Arc<Mutex<State>>,
    pub address: std::net::SocketAddr,
}

impl Office {
    pub async fn start(faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let office = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(State {
                faults: faults.to_vec(),
                ..State::default()
            })),
        };
        let serving = office.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if !serving.state.lock().unwrap().down {
                    let office = serving.clone();
                    tokio::spawn(office.connection(stream));
                }
            }
        });
        office
    }

    /// What the office holds of a part.
    pub fn held(&self, part: PartName) -> Option<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let mut uploads = state.uploads.values();
        uploads.find(|u| u.part == part).map(|u| u.bytes.clone())
    }

    pub fn count(&self, method: &str) -> usize {
        let state = self.state.lock().unwrap();
        state
            .requests
            .iter()
            .filter(|r| r.starts_with(method))
            .count()
    }

    fn take(&self, wanted: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let next = state.faults.first().copied().filter(|f| wanted(*f))?;
        state.faults.remove(0);
        Some(next)
    }

    async fn connection(self, mut stream: TcpStream) {
        while let Some(request) = Request::read(&mut stream).await {
            let answer = self.answer(&request, &mut stream).await;
            match answer {
                Some(answer) if stream.write_all(&answer).await.is_ok() => {}
                // Closed in the middle of things.
                _ => return,
            }
        }
    }

    /// `None`: close the connection without a word.
    async fn answer(&self, request: &Request, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let line = format!("{} {}", request.method, request.path);
        self.state.lock().unwrap().requests.push(line);
        if self.state.lock().unwrap().down {
            return None;
        }
        let anything = |f| matches!(f, Fault::Portal | Fault::Status(..) | Fault::Revoked);
        match self.take(anything) {
            Some(Fault::Portal) => {
                let page = "<html>Welcome to the free network</html>";
                return Some(answer(200, &[("content-type", "text/html".into())], page));
            }
            Some(Fault::Status(code, wait)) => {
                request.body(stream).await?;
                let wait = wait.map(|w| ("retry-after", w.to_string()));
                return Some(answer(code, &wait.into_iter().collect::<Vec<_>>(), ""));
            }
            Some(_) => {
                request.body(stream).await?;
                return Some(error(403, &ApiError::UnknownKiosk));
            }
            None => {}
        }
        if self.take(|f| f == Fault::ForgetUploads).is_some() {
            self.state.lock().unwrap().uploads.clear();
        }
        match request.method.as_str() {
            "POST" => self.create(request, stream).await,
            "HEAD" => Some(self.offset(request)),
            "PATCH" => self.append(request, stream).await,
            "PUT" => self.manifest(request, stream).await,
            _ => Some(self.get(request)),
        }
    }

    async fn create(&self, request: &Request, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let metadata: HashMap<String, String> = request.headers["upload-metadata"]
            .split(',')
            .map(|pair| pair.trim().split_once(' ').unwrap())
            .map(|(k, v)| {
                (
                    k.into(),
                    String::from_utf8(BASE64.decode(v).unwrap()).unwrap(),
                )
            })
            .collect();
        let bytes = request.body(stream).await?;
        let part = PartName::parse(&metadata["part"]).unwrap();
        let sha256: Digest = metadata["sha256"].parse().unwrap();
        let mut state = self.state.lock().unwrap();
        let same = |u: &Upload| u.submission == metadata["submission"] && u.part == part;
        let existing = state
            .uploads
            .iter()
            .find(|(_, u)| same(u))
            .map(|(path, _)| path.clone());
        let path = existing.unwrap_or_else(|| {
            state.made += 1;
            format!("/v1/uploads/{}", state.made)
        });
        let length = request.headers["upload-length"].parse().unwrap();
        let upload = state.uploads.entry(path.clone()).or_insert(Upload {
            submission: metadata["submission"].clone(),
            part,
            length,
            bytes: Vec::new(),
        });
        if upload.bytes.is_empty() {
            upload.bytes = bytes;
        }
        if upload.bytes.len() == length {
            assert_eq!(Digest::of(&upload.bytes), sha256, "{part}");
        }
        let offset = upload.bytes.len().to_string();
        drop(state);
        if self.take(|f| f == Fault::LoseCreation).is_some() {
            return None;
        }
        Some(tus(201, &[("location", path), ("upload-offset", offset)]))
    }

    fn offset(&self, request: &Request) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        match state.uploads.get(&request.path) {
            Some(upload) => tus(
                200,
                &[
                    ("upload-offset", upload.bytes.len().to_string()),
                    ("upload-length", upload.length.to_string()),
                ],
            ),
            None => tus(404, &[]),
        }
    }

    async fn append(&self, request: &Request, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let at: usize = request.headers["upload-offset"].parse().unwrap();
        let slow = self.state.lock().unwrap().slow;
        let fault = self.take(|f| {
            matches!(
                f,
                Fault::CutAfter(_)
                    | Fault::CrashBackTo(_)
                    | Fault::Conflict
                    | Fault::TakeNothing
                    | Fault::WrongChecksum
            )
        });
        if fault == Some(Fault::Conflict) {
            let _ = stream.write_all(&tus(409, &[])).await;
            return None;
        }
        let cut = match fault {
            Some(Fault::CutAfter(bytes)) => bytes,
            _ => usize::MAX,
        };
        let bytes = request.up_to(stream, cut).await?;
        tokio::time::sleep(slow).await;
        let mut state = self.state.lock().unwrap();
        let Some(upload) = state.uploads.get_mut(&request.path) else {
            return Some(tus(404, &[]));
        };
        if upload.bytes.len() != at {
            return Some(tus(409, &[]));
        }
        if fault == Some(Fault::TakeNothing) {
            return Some(tus(204, &[("upload-offset", at.to_string())]));
        }
        upload.bytes.extend_from_slice(&bytes);
        match fault {
            Some(Fault::CutAfter(_)) => return None,
            Some(Fault::CrashBackTo(kept)) => {
                upload.bytes.truncate(kept);
                return None;
            }
            Some(Fault::WrongChecksum) => {
                state.uploads.remove(&request.path);
                return Some(tus(460, &[]));
            }
            _ => {}
        }
        let offset = upload.bytes.len().to_string();
        Some(tus(204, &[("upload-offset", offset)]))
    }

    async fn manifest(&self, request: &Request, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let body = request.body(stream).await?;
        let signed: Signed<Manifest> = serde_json::from_slice(&body).unwrap();
        let manifest = signed.verify(office_key().verifying_key()).unwrap();
        let mut key = office_key();
        match self.take(|f| matches!(f, Fault::VideoMissing | Fault::ForgedReceipt)) {
            Some(Fault::VideoMissing) => {
                self.state
                    .lock()
                    .unwrap()
                    .uploads
                    .retain(|_, u| u.part != PartName::Video);
                let parts = vec![PartName::Video];
                return Some(error(409, &ApiError::MissingParts { parts }));
            }
            Some(_) => key = exchange::SigningKey::from_slice(&[5; 32]).unwrap(),
            None => {}
        }
        let mut state = self.state.lock().unwrap();
        for part in &manifest.parts {
            let held = state.uploads.values().any(|u| {
                u.submission == manifest.submission.to_string()
                    && u.part == part.name
                    && Digest::of(&u.bytes) == part.sha256
            });
            assert!(held, "{} is not whole at the office", part.name);
        }
        state.manifests.push(manifest.submission);
        let receipt = DurableReceipt {
            submission: manifest.submission,
            manifest: signed.digest(),
            received_at: DAY,
        };
        Some(json(200, &Signed::new(&receipt, &key)))
    }

    fn get(&self, request: &Request) -> Vec<u8> {
        if request.path == "/v1/time" {
            return json(200, &Signed::new(&OfficeTime { now: DAY }, &office_key()));
        }
        let id = request.path.split('/').nth(3).unwrap();
        let result = SubmissionResult {
            submission: id.parse().unwrap(),
            decision: Decision::Approved,
            decided_at: Some(DAY),
        };
        json(200, &Signed::new(&result, &office_key()))
    }
}

struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
}

impl Request {
    /// `None` when the client closed.
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8(head).unwrap();
        let mut lines = text.lines();
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines
            .filter_map(|l| l.split_once(": "))
            .map(|(k, v)| (k.to_lowercase(), v.to_owned()))
            .collect();
        Some(Self {
            method,
            path,
            headers,
        })
    }

    async fn body(&self, stream: &mut TcpStream) -> Option<Vec<u8>> {
        self.up_to(stream, usize::MAX).await
    }

    async fn up_to(&self, stream: &mut TcpStream, most: usize) -> Option<Vec<u8>> {
        let length = self
            .headers
            .get("content-length")
            .map_or(0, |l| l.parse().unwrap());
        let mut body = vec![0; most.min(length)];
        stream.read_exact(&mut body).await.ok()?;
        Some(body)
    }
}

fn answer(status: u16, headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if status != 204 {
        text += &format!("content-length: {}\r\n", body.len());
    }
    (text + "\r\n" + body).into_bytes()
}

fn tus(status: u16, headers: &[(&str, String)]) -> Vec<u8> {
    let mut all = vec![("tus-resumable", "1.0.0".to_owned())];
    all.extend_from_slice(headers);
    answer(status, &all, "")
}

fn json(status: u16, body: &impl serde::Serialize) -> Vec<u8> {
    let headers = [("content-type", "application/json".to_owned())];
    answer(status, &headers, &serde_json::to_string(body).unwrap())
}

fn error(status: u16, error: &ApiError) -> Vec<u8> {
    json(status, error)
}
