//! A certificate from another authority: the mock one of `openssl cmp`, between office
//! and kiosk as they run in the field.

mod support;

use std::io::{BufRead, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use exchange::{
    Digest, PhoneStanding,
    api::{
        self, CodePurpose, CollectBy, CollectConfirm, CollectIssued, CollectOpen, CollectOpened,
        CollectProve,
    },
};
use keystore::certificate;
use support::{
    Office, eventually,
    kiosk::{Application, Kiosk, PHONE, phone, submission_id},
};
use tempfile::TempDir;

/// The authority in a folder, and its server.
struct Elsewhere {
    folder: TempDir,
    server: Option<Child>,
    port: u16,
    messages: Arc<AtomicUsize>,
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
        write(
            "citizen.csr",
            keystore::csr::to_pem(csr).unwrap().as_bytes(),
        );
        for (name, subject, issuer, extensions) in [
            ("issuing", "/CN=Issuing", "root", "ca.ext"),
            ("ra", "/CN=RA", "cmp-ca", "leaf.ext"),
            ("office", "/CN=Office", "cmp-ca", "leaf.ext"),
            ("citizen", "", "issuing", "leaf.ext"),
        ] {
            if !subject.is_empty() {
                openssl(
                    at,
                    &format!("req -new {key} -keyout {name}.key -out {name}.csr -subj {subject}"),
                );
            }
            openssl(
                at,
                &format!(
                    "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key \
                     -CAcreateserial -days 9 -extfile {extensions} -out {name}.pem"
                ),
            );
        }
        let mut made = Self {
            folder,
            server: None,
            port: 0,
            messages: Arc::default(),
        };
        made.listen(more);
        made
    }

    fn listen(&mut self, more: &str) {
        let own = "cmp -port 0 -srv_cert ra.pem -srv_key ra.key -srv_trusted cmp-ca.pem";
        let mut child = Command::new("openssl")
            .args(format!("{own} -rsp_cert citizen.pem {more}").split_whitespace())
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
        self.server = Some(child);
        self.port = counting(server, Arc::clone(&self.messages));
    }

    fn messages(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }

    /// An office that has its certificates from here.
    fn office(&self, confirm_minutes: i64) -> Office {
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
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Passes connections on to `server`, one a message, and counts them.
fn counting(server: u16, messages: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            messages.fetch_add(1, Ordering::SeqCst);
            let Ok(server) = TcpStream::connect(("localhost", server)) else {
                continue;
            };
            let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
            for (mut from, mut to) in [there, (server, client)] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    port
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
    let sha256 = Digest::of(
        &der::pem::decode_vec(issued.certificate_pem.as_bytes())
            .unwrap()
            .1,
    );
    let confirm = CollectConfirm {
        submission: application.id,
        certificate_sha256: sha256,
    };
    let answer = kiosk.post(&office, api::COLLECT_CONFIRM, &confirm);
    assert_eq!(answer.status, 204);
    eventually("the authority was told", || {
        (open_transactions(&office) == 0).then_some(())
    });
    assert_eq!(elsewhere.messages(), 3);

    // What lives on there is not called revoked here.
    let serial = chain.certificate().tbs_certificate().serial_number();
    let serial = hex::encode(serial.as_bytes());
    office.command(&["revoke", &serial, "--reason", "key_compromise"]);
    eventually(
        "an operator hears that it cannot be ended from here",
        || {
            let alarms = office.alarms();
            alarms
                .contains(&"revocation_refused".to_owned())
                .then_some(())
        },
    );
    let database = office::db::Database::open(&office.dir().join("office.db")).unwrap();
    let live = database.read(|c| office::db::certificates::live(c, application.id));
    assert!(live.unwrap().is_some());
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
