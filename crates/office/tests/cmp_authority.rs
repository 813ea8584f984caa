//! A certificate from another authority: the mock one of `openssl cmp`, between office
//! and kiosk as they run in the field.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use exchange::{
    Digest, PhoneStanding,
    api::{
        self, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen, CollectOpened,
        CollectProve,
    },
};
use keystore::certificate;
use office::db::{
    certificates::{self, CertificateState},
    revocations::{self, RevocationState},
};
use support::{
    Office,
    collection::serial,
    eventually,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};
use tempfile::TempDir;

/// The authority in a folder, and its server.
struct Elsewhere {
    folder: TempDir,
    servers: Vec<Child>,
    port: u16,
    line: Arc<Line>,
}

/// What stands between office and authority: counts the messages, and passes each on.
#[derive(Default)]
struct Line {
    messages: AtomicUsize,
    /// Port of the server; none: nobody answers.
    server: AtomicU16,
    /// Messages that have these bytes in them go to that port instead.
    apart: Mutex<Vec<(Vec<u8>, u16)>>,
}

impl Line {
    fn listen(self: &Arc<Self>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::clone(self);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                line.messages.fetch_add(1, Ordering::SeqCst);
                let line = Arc::clone(&line);
                std::thread::spawn(move || line.carry(client));
            }
        });
        port
    }

    fn carry(&self, mut client: TcpStream) {
        let request = request(&mut client);
        let server = TcpStream::connect(("localhost", self.port_for(&request)));
        let Ok(mut server) = server else {
            return;
        };
        let mut answer = Vec::new();
        if server.write_all(&request).is_ok() && server.read_to_end(&mut answer).is_ok() {
            let _ = client.write_all(&answer);
        }
    }

    fn port_for(&self, request: &[u8]) -> u16 {
        let apart = self.apart.lock().unwrap();
        let found = apart
            .iter()
            .find(|(mark, _)| request.windows(mark.len()).any(|w| w == mark.as_slice()));
        found.map_or(self.server.load(Ordering::SeqCst), |(_, port)| *port)
    }
}

/// One request by HTTP, head and body.
fn request(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |l| l.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return bytes;
            }
        }
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => return bytes,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments}\n{said}");
}

impl Elsewhere {
    /// It gives out the one certificate for this request.
    fn for_request(csr: &[u8], more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let write = |name: &str, content: &[u8]| std::fs::write(at.join(name), content).unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let root = "-addext basicConstraints=critical,CA:TRUE";
        for (name, subject) in [("cmp-ca", "/CN=CMP"), ("root", "/CN=Root")] {
            openssl(
                at,
                &format!(
                    "req -x509 {key} -keyout {name}.key -out {name}.pem -subj {subject} {root}"
                ),
            );
        }
        write("ca.ext", b"basicConstraints=critical,CA:TRUE\n");
        write(
            "leaf.ext",
            b"keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n",
        );
        for (name, subject, issuer, extensions) in [
            ("issuing", "/CN=Issuing", "root", "ca.ext"),
            ("ra", "/CN=RA", "cmp-ca", "leaf.ext"),
            ("office", "/CN=Office", "cmp-ca", "leaf.ext"),
        ] {
            openssl(
                at,
                &format!("req -new {key} -keyout {name}.key -out {name}.csr -subj {subject}"),
            );
            openssl(at, &signed(name, issuer, extensions));
        }
        let line = Arc::<Line>::default();
        let mut made = Self {
            folder,
            servers: Vec::new(),
            port: line.listen(),
            line,
        };
        made.certify("citizen", csr);
        made.answer_as("citizen", more);
        made
    }

    /// A certificate for this request.
    fn certify(&self, name: &str, csr: &[u8]) {
        let pem = keystore::csr::to_pem(csr).unwrap();
        std::fs::write(self.folder.path().join(format!("{name}.csr")), pem).unwrap();
        openssl(self.folder.path(), &signed(name, "issuing", "leaf.ext"));
    }

    /// From now on a new server answers, about this certificate.
    fn answer_as(&mut self, certificate: &str, more: &str) {
        let port = self.serve(certificate, more);
        self.line.server.store(port, Ordering::SeqCst);
    }

    fn serve(&mut self, certificate: &str, more: &str) -> u16 {
        let own = "cmp -port 0 -srv_cert ra.pem -srv_key ra.key -srv_trusted cmp-ca.pem";
        let mut child = Command::new("openssl")
            .args(format!("{own} -rsp_cert {certificate}.pem {more}").split_whitespace())
            .args(["-config", ""])
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let server = loop {
            let line = lines.next().expect("the server listens").unwrap();
            if let Some(rest) = line.strip_prefix("ACCEPT ") {
                let address = rest.split(' ').next().unwrap();
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        // It must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.servers.push(child);
        server
    }

    fn messages(&self) -> usize {
        self.line.messages.load(Ordering::SeqCst)
    }

    /// An office that has its certificates from here.
    fn office(&self, confirm_minutes: i64) -> Office {
        self.patient_office(confirm_minutes, 20)
    }

    fn patient_office(&self, confirm_minutes: i64, wait_seconds: i64) -> Office {
        let file = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let mut office = Office::start_with(|settings| {
            let mut authority = toml::Table::new();
            let mut set = |name: &str, value: toml::Value| {
                authority.insert(name.into(), value);
            };
            set("kind", "cmp".into());
            set(
                "address",
                format!("http://localhost:{}/pkix/", self.port).into(),
            );
            set("plain_http", true.into());
            set("wait_seconds", wait_seconds.into());
            set("trust", file("cmp-ca.pem").into());
            set("recipient", file("ra.pem").into());
            set("certificate", file("office.pem").into());
            set("key", file("office.key").into());
            settings.insert("authority".into(), authority.into());
            let collect = settings["collect"].as_table_mut().unwrap();
            collect.insert("confirm_minutes".into(), confirm_minutes.into());
        });
        // Its own chain gives way to the other authority's.
        office.stop();
        let chain = ["issuing.pem", "root.pem"].map(|n| std::fs::read(file(n)).unwrap());
        let own = office.dir().join("public/authority_chain.pem");
        std::fs::write(own, chain.concat()).unwrap();
        office.serve();
        office
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn signed(name: &str, issuer: &str, extensions: &str) -> String {
    format!(
        "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key \
         -CAcreateserial -days 9 -extfile {extensions} -out {name}.pem"
    )
}

fn application() -> Application {
    let number = phone(PHONE);
    Application::new(submission_id(), PhoneStanding::Unproven { number })
}

/// Approved, and the nonce that the citizen's key has to sign.
fn nonce(office: &Office, kiosk: &Kiosk, application: &Application) -> String {
    let answer = kiosk.submit(office, &kiosk.seal(application));
    assert_eq!(answer.status, 200);
    office.approve(&application.id.to_string());
    open(office, kiosk, application);
    kiosk.prove_phone(office, CodePurpose::Collect, application.id);
    open(office, kiosk, application).nonce.unwrap()
}

fn open(office: &Office, kiosk: &Kiosk, application: &Application) -> CollectOpened {
    let receipt_code = application.form.receipt_code.clone();
    let by = CollectBy::Code { receipt_code };
    kiosk
        .post(office, api::COLLECT_OPEN, &CollectOpen { by })
        .json()
}

fn prove(
    office: &Office,
    kiosk: &Kiosk,
    application: &Application,
    nonce: &str,
) -> Option<CollectIssued> {
    let prove = CollectProve {
        submission: application.id,
        nonce: nonce.to_owned(),
        signature: application.sign_nonce(nonce),
    };
    let answer = kiosk.post(office, api::COLLECT_PROVE, &prove);
    (answer.status == 200).then(|| answer.json())
}

fn confirm(office: &Office, kiosk: &Kiosk, application: &Application, issued: &CollectIssued) {
    let confirm = CollectConfirm {
        submission: application.id,
        certificate_sha256: Digest::of(&support::collection::der(&issued.certificate_pem)),
    };
    let answer = kiosk.post(office, api::COLLECT_CONFIRM, &confirm);
    assert_eq!(answer.status, 204);
    eventually("the authority was told", || {
        (open_transactions(office) == 0).then_some(())
    });
}

/// State of the application's newest certificate, and of the newest wish to end it.
fn standing(office: &Office, application: &Application) -> (CertificateState, RevocationState) {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let read = database.read(|c| {
        let all = certificates::of_submission(c, application.id)?;
        let newest = all.last().unwrap();
        let wanted = revocations::newest(c, newest.id)?.unwrap();
        Ok((newest.state, wanted.state))
    });
    read.unwrap()
}

fn open_transactions(office: &Office) -> u64 {
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT count(*) FROM cmp_transaction";
    database
        .read(|c| c.query_row(sql, [], |r| r.get(0)))
        .unwrap()
}

#[test]
fn the_authority_hears_of_it_only_after_the_kiosk_confirmed() {
    let application = application();
    let elsewhere = Elsewhere::for_request(&application.csr(), "-poll_count 1 -check_after 1");
    let mut office = elsewhere.office(10);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let nonce = nonce(&office, &kiosk, &application);
    let issued = eventually("the authority has decided", || {
        prove(&office, &kiosk, &application, &nonce)
    });
    let chain = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(chain.key().id(), application.key.public().id());
    assert_eq!(elsewhere.messages(), 2, "asked, and asked again");
    assert_eq!(open_transactions(&office), 1);

    // A restart loses nothing.
    office.stop();
    office.serve();
    confirm(&office, &kiosk, &application, &issued);
    assert_eq!(elsewhere.messages(), 3);

    // And ends it when it is asked to.
    let serial = serial(&issued.certificate_pem);
    office.command(&["revoke", &serial, "--reason", "key_compromise"]);
    let done = (CertificateState::Revoked, RevocationState::Done);
    eventually("it was revoked there and here", || {
        (standing(&office, &application) == done).then_some(())
    });
    assert_eq!(elsewhere.messages(), 4, "asked once");
    assert!(office.alarms().is_empty());
}

#[test]
fn what_lives_on_at_the_authority_is_not_called_revoked() {
    let application = application();
    let mut elsewhere = Elsewhere::for_request(&application.csr(), "");
    let office = elsewhere.office(10);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let nonce = nonce(&office, &kiosk, &application);
    let issued = eventually("the authority has decided", || {
        prove(&office, &kiosk, &application, &nonce)
    });
    confirm(&office, &kiosk, &application, &issued);
    let serial = serial(&issued.certificate_pem);
    let revoke = || office.command(&["revoke", &serial, "--reason", "key_compromise"]);

    elsewhere.answer_as("citizen", "-pkistatus 2 -failure 23");
    revoke();
    eventually("an operator hears that it is refused", || {
        let alarms = office.alarms();
        alarms
            .contains(&"revocation_refused".to_owned())
            .then_some(())
    });
    let refused = (CertificateState::Confirmed, RevocationState::Refused);
    assert_eq!(standing(&office, &application), refused);

    // Nobody answers: it is asked again later.
    elsewhere.line.server.store(1, Ordering::SeqCst);
    let before = elsewhere.messages();
    revoke();
    eventually("it was tried", || {
        (elsewhere.messages() > before).then_some(())
    });
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT max(try_at) FROM revocation";
    eventually("it is put off", || {
        let at: i64 = database
            .read(|c| c.query_row(sql, [], |r| r.get(0)))
            .unwrap();
        (at > 0).then_some(())
    });
    let ordered = (CertificateState::Confirmed, RevocationState::Ordered);
    assert_eq!(standing(&office, &application), ordered);

    // The time has come.
    elsewhere.answer_as("citizen", "");
    let sql = "UPDATE revocation SET try_at = 0";
    database.write(|t| t.execute(sql, [])).unwrap();
    let done = (CertificateState::Revoked, RevocationState::Done);
    eventually("it was revoked", || {
        (standing(&office, &application) == done).then_some(())
    });
}

/// One waits for an authority that makes up its mind; others do not wait for that.
#[test]
fn an_authority_that_puts_one_off_serves_another_meanwhile() {
    let slow = application();
    let quick = application();
    let mut elsewhere = Elsewhere::for_request(&slow.csr(), "-poll_count 12 -check_after 1");
    elsewhere.certify("quick", &quick.csr());
    let port = elsewhere.serve("quick", "");
    let key = quick.key.public().to_der();
    elsewhere.line.apart.lock().unwrap().push((key, port));
    let mut office = elsewhere.patient_office(10, 300);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let [slow_nonce, quick_nonce] = [&slow, &quick].map(|a| nonce(&office, &kiosk, a));

    assert!(prove(&office, &kiosk, &slow, &slow_nonce).is_none());
    eventually("the authority puts it off", || {
        (open_transactions(&office) == 1).then_some(())
    });
    let issued = eventually("the other one is served", || {
        prove(&office, &kiosk, &quick, &quick_nonce)
    });
    let chain = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(chain.key().id(), quick.key.public().id());
    // The slow one still waits, as one that nothing was reserved for.
    assert_eq!(open_transactions(&office), 2);
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let sql = "SELECT count(*) FROM key_proof WHERE state = 'waiting'";
    let waiting: u32 = database
        .read(|c| c.query_row(sql, [], |r| r.get(0)))
        .unwrap();
    assert_eq!(waiting, 1);
    let live = database.read(|c| certificates::live(c, slow.id)).unwrap();
    assert!(live.is_none());

    // It is asked on from where it stood, also after a restart.
    office.stop();
    office.serve();
    let issued = loop {
        if let Some(issued) = prove(&office, &kiosk, &slow, &slow_nonce) {
            break issued;
        }
        assert!(office.alarms().is_empty());
    };
    let chain = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(chain.key().id(), slow.key.public().id());
    assert_eq!(
        elsewhere.messages(),
        14,
        "one request each, and twelve questions"
    );
}

/// The citizen is told to come back, and finds the decision of the first request.
#[test]
fn who_comes_back_finds_the_decision_of_the_first_request() {
    let application = application();
    let elsewhere = Elsewhere::for_request(&application.csr(), "-poll_count 4 -check_after 1");
    let office = elsewhere.patient_office(10, 2);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let nonce = nonce(&office, &kiosk, &application);
    eventually("it takes longer than a citizen waits", || {
        assert!(prove(&office, &kiosk, &application, &nonce).is_none());
        let alarms = office.alarms();
        alarms.contains(&"issue_failed".to_owned()).then_some(())
    });
    let issued = eventually("the authority has decided", || {
        let nonce = open(&office, &kiosk, &application).nonce?;
        let end = std::time::Instant::now() + std::time::Duration::from_secs(4);
        std::iter::repeat_with(|| prove(&office, &kiosk, &application, &nonce))
            .take_while(|_| std::time::Instant::now() < end)
            .find_map(|issued| issued)
    });
    let chain = certificate::Chain::from_pem(&issued.certificate_pem, &issued.chain_pem).unwrap();
    assert_eq!(chain.key().id(), application.key.public().id());
    assert_eq!(elsewhere.messages(), 5, "never asked anew");
}

#[test]
fn the_authority_hears_of_a_certificate_that_did_not_arrive() {
    let application = application();
    let elsewhere = Elsewhere::for_request(&application.csr(), "");
    // No time at all to confirm.
    let office = elsewhere.office(0);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let nonce = nonce(&office, &kiosk, &application);
    prove(&office, &kiosk, &application, &nonce);
    eventually("it was revoked", || {
        let alarms = office.alarms();
        alarms.contains(&"not_confirmed".to_owned()).then_some(())
    });
    eventually("the authority was told", || {
        (open_transactions(&office) == 0 && elsewhere.messages() == 2).then_some(())
    });
}

#[test]
fn an_authority_that_gives_another_certificate_is_not_passed_on() {
    let application = application();
    let stranger = self::application();
    let elsewhere = Elsewhere::for_request(&stranger.csr(), "");
    let office = elsewhere.office(10);
    let kiosk = Kiosk::provision(&office, "kiosk-1");
    let nonce = nonce(&office, &kiosk, &application);
    prove(&office, &kiosk, &application, &nonce);
    eventually("it was refused", || {
        let alarms = office.alarms();
        alarms.contains(&"issue_failed".to_owned()).then_some(())
    });
    assert!(prove(&office, &kiosk, &application, &nonce).is_none());
    assert_eq!(open_transactions(&office), 0);
}
