//! Certificates, lists and answers as pkilint reads them, against RFC 5280 and 6960.

mod support;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use exchange::{
    EmailAddress, HolderName, KeyAlgorithm,
    StorageType::{self, AKKaztokenStore, Pkcs12},
    UnixMillis,
};
use keystore::{PrivateKey, Subject, csr};
use office::authority::{Authority, Locations, Statements, Usage};
use support::{
    Office,
    collection::{Collection, der, serial},
    eventually,
    kiosk::iin,
};

/// An environment in the target directory, made once.
fn pkilint() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // TARGET/PROFILE/deps/PROGRAM
    let target = program
        .ancestors()
        .find(|directory| directory.ends_with("deps"))
        .and_then(|deps| deps.ancestors().nth(2))
        .expect("cargo runs tests from its target directory");
    let environment = target.join("pkilint_python");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pkilint_requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    std::fs::create_dir_all(&environment).unwrap();
    let lock = File::create(environment.join("lock")).unwrap();
    lock.lock().unwrap();
    let installed = environment.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return environment;
    }
    let run = |command: &mut Command, sentence: &str| {
        let Output { status, stderr, .. } = command.output().expect(sentence);
        assert!(
            status.success(),
            "{sentence}:\n{}",
            String::from_utf8_lossy(&stderr)
        );
    };
    run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
        "pkilint needs Debian's packages python3 and python3-venv",
    );
    run(
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&requirements),
        "the packages of pkilint_requirements.txt cannot be installed",
    );
    std::fs::write(installed, wanted).unwrap();
    environment
}

/// Runs what comes line by line, all in one process: each start costs seconds.
const DRIVER: &str = r#"
import contextlib, importlib, io, json, sys
for line in sys.stdin:
    program, *words = json.loads(line)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        importlib.import_module("pkilint.bin." + program).main(words)
    print(json.dumps(said.getvalue()))
"#;

struct Lint {
    folder: tempfile::TempDir,
    /// What is looked at, and the words for it.
    queue: Vec<(String, Vec<String>)>,
}

impl Lint {
    fn file(&self, name: &str, der: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, der).unwrap();
        path
    }

    fn look(&mut self, program: &str, more: &[&str], name: &str, files: &[&Path]) {
        let files = files.iter().map(|f| f.to_str().unwrap());
        let words = [program, "lint"]
            .into_iter()
            .chain(more.iter().copied())
            .chain(["-s", "NOTICE", "-f", "CSV", "--document-format", "DER"])
            .chain(files)
            .map(str::to_owned);
        self.queue
            .push((format!("{program} {name}"), words.collect()));
    }

    /// Every finding of severity NOTICE and above. Nothing is excepted.
    fn findings(&mut self) -> Vec<String> {
        let mut driver = Command::new(pkilint().join("bin/python"))
            .args(["-c", DRIVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = driver.stdin.take().unwrap();
        for (_, words) in &self.queue {
            writeln!(stdin, "{}", serde_json::to_string(words).unwrap()).unwrap();
        }
        drop(stdin);
        let done = driver.wait_with_output().unwrap();
        assert!(done.status.success());
        let said = String::from_utf8(done.stdout).unwrap();
        assert_eq!(said.lines().count(), self.queue.len());
        let mut findings = Vec::new();
        for ((what, _), said) in self.queue.drain(..).zip(said.lines()) {
            let text: String = serde_json::from_str(said).unwrap();
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            let head = lines.next().unwrap_or_default();
            assert!(head.starts_with("node_path,"), "{what}: {text}");
            findings.extend(lines.map(|line| format!("{what}: {line}")));
        }
        findings
    }
}

fn request(key: &PrivateKey, subject: Subject<'_>, storage: StorageType) -> Vec<u8> {
    let draft = csr::Draft::new(subject, storage, None, key.public()).unwrap();
    let signature = key.sign(draft.to_be_signed()).unwrap();
    draft.signed(&signature).unwrap()
}

#[test]
fn nothing_is_found() {
    let office = Office::start_with(|settings| {
        let listen = toml::toml! { listen = "127.0.0.1:0" };
        settings.insert("status".into(), listen.into());
        let locations = toml::Table::try_from(Locations::below("http://pki.example.kz")).unwrap();
        let issue = settings["issue"].as_table_mut().unwrap();
        issue.insert("locations".into(), locations.into());
    });
    let s = Collection::with(office, true);
    let collected = s.collected();
    let mut lint = Lint {
        folder: tempfile::tempdir().unwrap(),
        queue: Vec::new(),
    };

    let chain = String::from_utf8(s.office.read("public/authority_chain.pem")).unwrap();
    let end = chain.find("-----END CERTIFICATE-----\n").unwrap() + 26;
    let issuing = lint.file("issuing.cer", &der(&chain[..end]));
    let root = lint.file("root.cer", &der(&chain[end..]));
    let mut certificates = vec![
        ("issuing", issuing.clone(), root.clone()),
        ("root", root.clone(), root),
        (
            "collected",
            lint.file("collected.cer", &der(&collected)),
            issuing.clone(),
        ),
    ];
    // Every kind that there is, by the same authority.
    let configuration =
        office::config::Configuration::load(&office::layout::Layout::new(s.office.dir()));
    let statements = configuration.unwrap().issue.statements();
    let authority = Authority::open(&s.office.dir().join("issue"), statements).unwrap();
    let (holder, email) = (
        HolderName::new("СЕРІКҚЫЗЫ", "АЙГҮЛ", "ӘЛІМҚЫЗЫ").unwrap(),
        EmailAddress::parse("aigul@example.kz").unwrap(),
    );
    let iin = iin(support::kiosk::IIN);
    let subject = Subject {
        holder: &holder,
        iin: &iin,
        email: &email,
    };
    for (name, algorithm, storage, usage) in [
        (
            "rsa-file-signing",
            KeyAlgorithm::Rsa2048,
            Pkcs12,
            Usage::Signing,
        ),
        (
            "p256-token-signing",
            KeyAlgorithm::EcdsaP256,
            AKKaztokenStore,
            Usage::Signing,
        ),
        (
            "p256-file-authentication",
            KeyAlgorithm::EcdsaP256,
            Pkcs12,
            Usage::Authentication,
        ),
        (
            "rsa-token-authentication",
            KeyAlgorithm::Rsa2048,
            AKKaztokenStore,
            Usage::Authentication,
        ),
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let request = request(&key, subject, storage);
        let issued = authority
            .issue(
                &request,
                subject,
                usage,
                storage,
                UnixMillis::from_system_clock(),
            )
            .unwrap();
        let file = lint.file(&format!("{name}.cer"), &issued.certificate_der);
        certificates.push((name, file, issuing.clone()));
    }
    // Without addresses, as an office begins.
    let bare = Authority::open(&s.office.dir().join("issue"), Statements::default()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = request(&key, subject, Pkcs12);
    let now = UnixMillis::from_system_clock();
    let issued = bare
        .issue(&request, subject, Usage::Signing, Pkcs12, now)
        .unwrap();
    let file = lint.file("bare.cer", &issued.certificate_der);
    certificates.push(("bare", file, issuing.clone()));
    let responder = s.office.read("status/responder.pem");
    let text = String::from_utf8(responder).unwrap();
    let at = text.find("-----BEGIN CERTIFICATE").unwrap();
    let responder = lint.file("responder.cer", &der(&text[at..]));
    certificates.push(("responder", responder, issuing));
    for (name, file, issuer) in &certificates {
        lint.look("lint_pkix_cert", &[], name, &[file]);
        if *name != "root" {
            lint.look(
                "lint_pkix_signer_signee_cert_chain",
                &[],
                name,
                &[issuer, file],
            );
        }
    }

    let list = |lint: &mut Lint, name: &str| {
        let file = lint.file(name, &s.office.read("public/revoked.crl"));
        lint.look("lint_crl", &["-t", "CRL", "-p", "PKIX"], name, &[&file]);
    };
    list(&mut lint, "empty.crl");
    answers(&s, &mut lint, &collected, "good");
    let number = serial(&collected);
    s.office
        .command(&["revoke", &number, "--reason", "key_compromise"]);
    let before = s.office.read("public/revoked.crl");
    eventually("a list with it", || {
        (s.office.read("public/revoked.crl") != before).then_some(())
    });
    list(&mut lint, "revoked.crl");
    answers(&s, &mut lint, &collected, "revoked");
    let findings = lint.findings();
    assert!(findings.is_empty(), "{}", findings.join("\n"));

    // It can find something: a chain that is none.
    let (root, collected) = (&certificates[1].1, &certificates[2].1);
    let program = "lint_pkix_signer_signee_cert_chain";
    lint.look(program, &[], "no chain", &[root, collected]);
    assert!(!lint.findings().is_empty());
}

/// Asks as OpenSSL does and looks at what came.
fn answers(s: &Collection, lint: &mut Lint, certificate: &str, standing: &str) {
    std::fs::write(lint.folder.path().join("asked.pem"), certificate).unwrap();
    std::fs::write(
        lint.folder.path().join("chain.pem"),
        s.office.read("public/authority_chain.pem"),
    )
    .unwrap();
    for (nonce, name) in [("-nonce", "with nonce"), ("-no_nonce", "without nonce")] {
        let url = format!("{}/ocsp", s.office.status_url());
        let text = eventually(standing, || {
            let done = Command::new("openssl")
                .current_dir(lint.folder.path())
                .args([
                    "ocsp",
                    "-issuer",
                    "chain.pem",
                    "-cert",
                    "asked.pem",
                    "-CAfile",
                ])
                .args(["chain.pem", "-respout", "answer.der", "-url", &url, nonce])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&done.stdout).into_owned();
            text.contains(standing).then_some(text)
        });
        assert!(text.contains("asked.pem: "), "{text}");
        let name = format!("{standing}, {name}");
        let answer = std::fs::read(lint.folder.path().join("answer.der")).unwrap();
        let file = lint.file(&name, &answer);
        lint.look("lint_ocsp_response", &[], &name, &[&file]);
    }
}
