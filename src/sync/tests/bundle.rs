//! The fetch of a bundle against an office that cuts, lies and has no end.

use std::sync::{Arc, Mutex};

use exchange::{BundleError, Digest, SubmissionId, UpdateOffer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{DAY, client, submission};
use crate::sync::{BundleFolder, FetchError, OfficeClient, SyncError};

const LENGTH: usize = 300_000;

/// How the next request is answered.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Whole,
    /// So many bytes of the range, then the connection closes.
    Cut(usize),
    /// So many bytes of the range, then nothing.
    Hang(usize),
    /// The bytes of another bundle.
    Other,
    Portal,
    /// From the beginning, whatever was asked for.
    FromTheBeginning,
    Gone,
}

fn bytes() -> Vec<u8> {
    (0..LENGTH)
        .map(|n| (n.wrapping_mul(31) >> 3) as u8)
        .collect()
}

fn offer() -> UpdateOffer {
    UpdateOffer {
        kiosk: "kiosk-1".parse().unwrap(),
        number: 7,
        version: "2026.11.28".parse().unwrap(),
        sha256: Digest::of(&bytes()),
        length: LENGTH as u64,
        window: "00:00-00:00".parse().unwrap(),
        signed_at: DAY,
        expires_at: DAY,
    }
}

struct Office {
    client: OfficeClient,
    /// First bytes that were asked for.
    asked: Arc<Mutex<Vec<usize>>>,
    dir: tempfile::TempDir,
}

impl Office {
    async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let client = client(listener.local_addr().unwrap(), dir.path());
        let (answers, asked) = (answers.to_vec(), Arc::<Mutex<Vec<usize>>>::default());
        let noted = asked.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                let noted = noted.clone();
                tokio::spawn(async move { reply(stream, answer, &noted).await });
            }
        });
        Self { client, asked, dir }
    }

    fn folder(&self) -> BundleFolder {
        BundleFolder::open(self.dir.path().join("update"), 1 << 20).unwrap()
    }

    async fn fetch(&self) -> Result<(), FetchError> {
        let (_nobody, mut waits) = watch::channel(None::<SubmissionId>);
        self.folder()
            .fetch(&self.client, &offer(), &mut waits)
            .await
    }

    fn asked(&self) -> Vec<usize> {
        self.asked.lock().unwrap().clone()
    }
}

async fn reply(stream: TcpStream, answer: Answer, asked: &Mutex<Vec<usize>>) {
    let mut lines = BufReader::new(stream).lines();
    let mut from = 0;
    while let Some(line) = lines.next_line().await.unwrap().filter(|l| !l.is_empty()) {
        if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    asked.lock().unwrap().push(from);
    let mut stream = lines.into_inner().into_inner();
    let mut all = bytes();
    if let Answer::Other = answer {
        all[LENGTH - 1] ^= 1;
    }
    let begin = match answer {
        Answer::FromTheBeginning => 0,
        _ => from,
    };
    let head = match answer {
        Answer::Portal => "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0".into(),
        Answer::Gone => "HTTP/1.1 404 Not Found\r\ncontent-length: 0".into(),
        _ => format!(
            "HTTP/1.1 206 Partial Content\r\ncontent-type: application/octet-stream\r\n\
             content-range: bytes {begin}-{}/{LENGTH}\r\ncontent-length: {}",
            LENGTH - 1,
            LENGTH - begin
        ),
    };
    let body = match answer {
        Answer::Portal | Answer::Gone => &[][..],
        Answer::Cut(n) | Answer::Hang(n) => &all[begin..begin + n],
        _ => &all[begin..],
    };
    let head = format!("{head}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    if let Answer::Hang(_) = answer {
        std::future::pending::<()>().await;
    }
}

fn halves(office: &Office) -> usize {
    let entries = std::fs::read_dir(office.dir.path().join("update")).unwrap();
    entries
        .filter(|e| e.as_ref().unwrap().path().extension().unwrap() == "part")
        .count()
}

#[tokio::test]
async fn a_cut_costs_nothing_of_what_has_come() {
    let office = Office::start(&[Answer::Cut(100_000), Answer::Cut(50_000), Answer::Whole]).await;
    for _ in 0..2 {
        let cut = office.fetch().await.unwrap_err();
        assert!(
            matches!(cut, FetchError::Sync(SyncError::Unreachable(_))),
            "{cut}"
        );
        assert!(!office.folder().has(&offer()));
    }
    office.fetch().await.unwrap();
    assert_eq!(office.asked(), [0, 100_000, 150_000]);
    assert!(office.folder().has(&offer()));
    assert_eq!(halves(&office), 0);
}

#[tokio::test]
async fn what_lies_here_whole_but_for_its_name_is_not_fetched_again() {
    let office = Office::start(&[]).await;
    drop(office.folder());
    let half = office
        .dir
        .path()
        .join(format!("update/{}.part", offer().sha256));
    std::fs::write(half, bytes()).unwrap();
    office.fetch().await.unwrap();
    assert!(office.folder().has(&offer()));
}

#[tokio::test]
async fn another_bundle_is_thrown_away_and_the_right_one_comes_from_its_beginning() {
    let office = Office::start(&[Answer::Other, Answer::Whole]).await;
    let other = office.fetch().await.unwrap_err();
    assert!(
        matches!(other, FetchError::NotOffered(BundleError::Other)),
        "{other}"
    );
    assert_eq!(halves(&office), 0);
    office.fetch().await.unwrap();
    assert_eq!(office.asked(), [0, 0]);
}

#[tokio::test]
async fn what_is_no_range_of_this_bundle_is_not_written() {
    let cut = Answer::Cut(10);
    let answers = [
        cut,
        Answer::FromTheBeginning,
        Answer::Portal,
        Answer::Gone,
        Answer::Whole,
    ];
    let office = Office::start(&answers).await;
    for _ in 0..4 {
        office.fetch().await.unwrap_err();
    }
    office.fetch().await.unwrap();
    assert_eq!(office.asked(), [0, 10, 10, 10, 10]);
}

#[tokio::test]
async fn a_citizen_who_waits_has_the_line_at_once() {
    let office = Office::start(&[Answer::Hang(100_000), Answer::Whole]).await;
    let (sender, mut waits) = watch::channel(None);
    let (folder, offer) = (office.folder(), offer());
    let half = office
        .dir
        .path()
        .join(format!("update/{}.part", offer.sha256));
    let comes = async {
        while std::fs::metadata(&half).map_or(0, |m| m.len()) < 100_000 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        sender.send(Some(submission(1))).unwrap();
    };
    let (fetched, ()) = tokio::join!(folder.fetch(&office.client, &offer, &mut waits), comes);
    assert!(matches!(fetched, Err(FetchError::GaveWay)));
    // Nor does one begin while somebody waits.
    let still = folder.fetch(&office.client, &offer, &mut waits).await;
    assert!(matches!(still, Err(FetchError::GaveWay)));
    assert_eq!(office.asked(), [0], "the line was not even opened");
}

#[tokio::test]
async fn what_submissions_need_is_not_taken() {
    let office = Office::start(&[]).await;
    let folder = BundleFolder::open(office.dir.path().join("update"), u64::MAX / 2).unwrap();
    let (_nobody, mut waits) = watch::channel(None::<SubmissionId>);
    let refused = folder.fetch(&office.client, &offer(), &mut waits).await;
    assert!(matches!(refused, Err(FetchError::NoRoom)));
}

#[tokio::test]
async fn only_what_belongs_to_the_offer_stays() {
    let office = Office::start(&[Answer::Whole]).await;
    office.fetch().await.unwrap();
    let folder = office.folder();
    let stranger = office.dir.path().join("update/00.part");
    std::fs::write(&stranger, "half").unwrap();
    let record = office.dir.path().join("update/record.json");
    std::fs::write(&record, "{}").unwrap();
    folder.keep_only(Some(&offer())).unwrap();
    assert!(folder.has(&offer()) && !stranger.exists() && record.exists());
    let newer = UpdateOffer {
        sha256: Digest([1; 32]),
        ..offer()
    };
    folder.keep_only(Some(&newer)).unwrap();
    assert!(!folder.has(&offer()) && record.exists());
}
