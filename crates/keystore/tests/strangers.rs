//! Programs that know nothing of this project open what it writes.

mod test_authority;

use std::{path::Path, process::Command};

use exchange::{KeyAlgorithm, StorageType};
use faults::Fault;
use keystore::{KeyStorage, OpenFile, Pkcs12Storage, StorageError, csr, pkcs12};
use test_authority::{Citizen, TestAuthority};

fn password() -> exchange::Secret {
    exchange::Secret::from("Qoltanba-2026")
}

/// Output of a program that has to succeed, both streams.
fn run(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "{program} {arguments:?}\n{text}");
    text
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Hex of colon- or space-separated bytes, lower case.
fn plain_hex(text: &str) -> String {
    text.replace([':', ' '], "").to_lowercase()
}

/// Firefox's library with a database of its own.
struct NssDatabase(tempfile::TempDir);

impl NssDatabase {
    fn new() -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        run("certutil", &["-N", "-d", &new.folder(), "--empty-password"]);
        new
    }

    fn folder(&self) -> String {
        format!("sql:{}", self.0.path().display())
    }

    fn run(&self, arguments: &[&str]) -> String {
        run("pk12util", &[arguments, &["-d", &self.folder()]].concat())
    }
}

fn opens_everywhere(algorithm: KeyAlgorithm) {
    let drive = tempfile::tempdir().unwrap();
    let mut storage = Pkcs12Storage::open::<&str>(drive.path(), &[]).unwrap();
    let key = storage.generate(algorithm, &password()).unwrap();
    let id = key.id();
    let pass = format!("pass:{}", password().expose());

    for installed in [false, true] {
        let name = if installed {
            let chain = TestAuthority::new().issue(&key);
            let stored = storage.install(&id, &password(), &chain).unwrap();
            assert_eq!(stored.chain, Some(chain));
            pkcs12::installed_name(&id, algorithm)
        } else {
            pkcs12::pending_name(&id)
        };
        let file = path(drive.path(), &name);
        assert!(Path::new(&file).exists(), "{name}");
        assert_eq!(std::fs::read_dir(drive.path()).unwrap().count(), 1);

        let shown = run(
            "openssl",
            &["pkcs12", "-in", &file, "-info", "-nodes", "-passin", &pass],
        );
        assert!(shown.contains("MAC: sha256, Iteration 600000"), "{shown}");
        let encrypted = shown.lines().filter(|l| {
            l.contains("PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256")
        });
        assert_eq!(encrypted.count(), 2, "certificates and key\n{shown}");
        // On the key and on its certificate.
        let ids = plain_hex(&shown)
            .matches(&format!("localkeyid{id}"))
            .count();
        assert_eq!(ids, 2, "{shown}");
        assert!(shown.contains(&format!("friendlyName: {id}")), "{shown}");
        let certificates = shown.matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!(certificates, if installed { 2 } else { 1 });

        // The key in the file is the key in the certificate.
        let key_file = path(drive.path(), "key.pem");
        let certificate_file = path(drive.path(), "certificate.pem");
        run(
            "openssl",
            &[
                "pkcs12", "-in", &file, "-nodes", "-nocerts", "-passin", &pass, "-out", &key_file,
            ],
        );
        run(
            "openssl",
            &[
                "pkcs12",
                "-in",
                &file,
                "-clcerts",
                "-nokeys",
                "-passin",
                &pass,
                "-out",
                &certificate_file,
            ],
        );
        let of_key = run("openssl", &["pkey", "-in", &key_file, "-pubout"]);
        let of_certificate = run(
            "openssl",
            &["x509", "-in", &certificate_file, "-noout", "-pubkey"],
        );
        assert_eq!(of_key, of_certificate);
        std::fs::remove_file(key_file).unwrap();
        std::fs::remove_file(certificate_file).unwrap();

        let listed = run(
            "keytool",
            &[
                "-list",
                "-v",
                "-storetype",
                "PKCS12",
                "-keystore",
                &file,
                "-storepass",
                password().expose(),
            ],
        );
        assert!(listed.contains(&format!("Alias name: {id}")), "{listed}");
        assert!(listed.contains("Entry type: PrivateKeyEntry"), "{listed}");
        let length = if installed { 2 } else { 1 };
        assert!(
            listed.contains(&format!("Certificate chain length: {length}")),
            "{listed}"
        );

        let nss = NssDatabase::new();
        let listed = nss.run(&["-l", &file, "-W", password().expose()]);
        assert!(listed.contains("Key(shrouded)"), "{listed}");
        let named = listed.matches(&format!("Friendly Name: {id}")).count();
        // The library calls a certificate by its subject, whatever its key is called.
        assert_eq!(named, 1, "the key\n{listed}");

        let shown = run(
            "certtool",
            &[
                "--inder",
                "--p12-info",
                "--infile",
                &file,
                "--password",
                password().expose(),
            ],
        );
        let certificates = shown.matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!(certificates, length, "{shown}");
        assert!(shown.contains("PRIVATE KEY-----"), "{shown}");
        assert!(shown.contains(&id.to_string()), "{shown}");

        let seen = pkcs12::inspect(Path::new(&file), &password()).unwrap();
        assert_eq!(seen.key_id, id.to_string());
        assert_eq!(seen.friendly_name, Some(id.to_string()));
        assert_eq!(seen.local_key_id, Some(id.to_string()));
        assert_eq!(seen.pending, !installed);
        assert_eq!(seen.subjects.len(), length);
    }
}

#[test]
fn rsa_file_opens_everywhere() {
    opens_everywhere(KeyAlgorithm::Rsa2048);
}

#[test]
fn p256_file_opens_everywhere() {
    opens_everywhere(KeyAlgorithm::EcdsaP256);
}

/// The other way round: files of OpenSSL, modern and as old programs write them.
#[test]
fn a_file_made_by_openssl_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let [key, certificate, file] = ["k.pem", "c.pem", "f.p12"].map(|n| path(folder.path(), n));
    run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-subj",
            "/CN=Test",
        ],
    );
    for extra in [&[][..], &["-legacy"]] {
        let mut arguments = vec![
            "pkcs12",
            "-export",
            "-inkey",
            &key,
            "-in",
            &certificate,
            "-passout",
            "pass:Abc123",
            "-out",
            &file,
        ];
        arguments.extend(extra);
        run("openssl", &arguments);
        let seen = pkcs12::inspect(Path::new(&file), &"Abc123".into()).unwrap();
        assert_eq!(seen.algorithm, KeyAlgorithm::Rsa2048);
        assert!(pkcs12::inspect(Path::new(&file), &"Abc124".into()).is_err());
    }
}

/// NSS writes as the authority's own sample files are written: BER with indefinite
/// lengths and strings in pieces; here also with their old algorithms.
#[test]
fn a_file_in_ber_is_read() {
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
        let drive = tempfile::tempdir().unwrap();
        let mut storage = Pkcs12Storage::open::<&str>(drive.path(), &[]).unwrap();
        let key = storage.generate(algorithm, &password()).unwrap();
        let id = key.id().to_string();
        let ours = path(drive.path(), &pkcs12::pending_name(&key.id()));
        let nss = NssDatabase::new();
        nss.run(&["-i", &ours, "-W", password().expose()]);
        let old: &[&str] = &[
            "-c",
            "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC",
            "-C",
            "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC",
            "-M",
            "SHA-1",
        ];
        let file = path(drive.path(), "nss.p12");
        let secret = password();
        for algorithms in [&[], old] {
            let named = format!("CN=PENDING {id}");
            let export = ["-o", &file, "-n", &named, "-W", secret.expose()];
            nss.run(&[&export[..], algorithms].concat());
            let bytes = std::fs::read(&file).unwrap();
            assert_eq!(bytes[..2], [0x30, 0x80], "an indefinite length");
            let seen = pkcs12::inspect(Path::new(&file), &password()).unwrap();
            assert_eq!(seen.key_id, id);

            let wrong = OpenFile::decode(&bytes, "Qoltanba-2027").err().unwrap();
            assert_eq!(wrong.fault(), Fault::KeyPasswordWrong);
            let mut changed = bytes.clone();
            changed[bytes.len() / 2] ^= 1;
            for broken in [&changed[..], &bytes[..bytes.len() - 1]] {
                let error = OpenFile::decode(broken, password().expose()).err().unwrap();
                assert_eq!(error.fault(), Fault::KeyFileDamaged);
            }
        }
    }
}

#[test]
fn a_file_made_by_java_is_read_and_its_own_kind_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, kind: &str, legacy: bool| {
        let file = path(folder.path(), name);
        let mut arguments = vec![
            "-genkeypair",
            "-storetype",
            kind,
            "-keyalg",
            "RSA",
            "-keysize",
            "2048",
            "-dname",
            "CN=Test",
            "-alias",
            "mine",
            "-storepass",
            "Abc123",
            "-keypass",
            "Abc123",
            "-keystore",
            &file,
        ];
        if legacy {
            arguments.push("-J-Dkeystore.pkcs12.legacy=true");
        }
        run("keytool", &arguments);
        std::fs::read(file).unwrap()
    };
    for (name, legacy) in [("new.p12", false), ("old.p12", true)] {
        let bytes = make(name, "PKCS12", legacy);
        let file = OpenFile::decode(&bytes, "Abc123").unwrap();
        file.try_signature().unwrap();
        assert_eq!(file.friendly_name.as_deref(), Some("mine"));
        let wrong = OpenFile::decode(&bytes, "Abc124").err().unwrap();
        assert_eq!(wrong.fault(), Fault::KeyPasswordWrong);
    }
    for (name, kind) in [("f.jks", "JKS"), ("f.jceks", "JCEKS")] {
        let error = OpenFile::decode(&make(name, kind, false), "Abc123").err();
        assert!(matches!(error, Some(StorageError::JavaKeyStore)), "{kind}");
    }
}

#[test]
fn openssl_verifies_the_request() {
    let citizen = Citizen::aigul();
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
        let drive = tempfile::tempdir().unwrap();
        let mut storage = Pkcs12Storage::open::<&str>(drive.path(), &[]).unwrap();
        let key = storage.generate(algorithm, &password()).unwrap();
        let request = keystore::request(
            &mut storage,
            &key,
            &password(),
            citizen.subject(),
            Some("ЭЦҚ/2026"),
        )
        .unwrap();
        let file = path(drive.path(), "request.pem");
        std::fs::write(&file, csr::to_pem(&request).unwrap()).unwrap();

        let shown = run(
            "openssl",
            &[
                "req",
                "-in",
                &file,
                "-verify",
                "-noout",
                "-text",
                "-nameopt",
                "utf8,sep_comma_plus,show_type",
            ],
        );
        assert!(shown.contains("verify OK"), "{shown}");
        let subject = "CN=UTF8STRING:СЕРІКҚЫЗЫ АЙГҮЛ,SN=UTF8STRING:СЕРІКҚЫЗЫ,GN=UTF8STRING:ӘЛІМҚЫЗЫ,\
                       serialNumber=PRINTABLESTRING:IIN880412401006,C=PRINTABLESTRING:KZ";
        assert!(shown.contains(subject), "{shown}");
        assert!(shown.contains("email:aigul@example.kz"), "{shown}");
        assert!(shown.contains("1.2.398.3.3.5:"), "{shown}");

        let read = csr::Request::verify(&request).unwrap();
        assert_eq!(*read.key(), key);
        assert_eq!(read.email().unwrap(), "aigul@example.kz");
        let store_type = read.store_type().unwrap().unwrap();
        assert_eq!(store_type.store_type.to_string(), "1.2.398.3.3.5.1.1");
        assert_eq!(store_type.folder.as_deref(), Some("ЭЦҚ/2026"));

        // One changed byte anywhere in the signed part is noticed.
        for at in (10..request.len() - 300).step_by(37) {
            let mut changed = request.clone();
            changed[at] ^= 1;
            assert!(csr::Request::verify(&changed).is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_request_for_a_token_names_no_storage() {
    let citizen = Citizen::aigul();
    let pin = exchange::Secret::from("13572468");
    let mut token = keystore::SimulatedToken::new(StorageType::AKKaztokenStore, &pin, 1);
    let key = token.generate(KeyAlgorithm::Rsa2048, &pin).unwrap();
    let request = keystore::request(&mut token, &key, &pin, citizen.subject(), None).unwrap();
    let read = csr::Request::verify(&request).unwrap();
    assert_eq!(read.store_type().unwrap(), None);
    assert_eq!(read.email().unwrap(), "aigul@example.kz");
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [key, file] = ["k.pem", "r.pem"].map(|n| path(folder.path(), n));
    for kind in [
        &["-newkey", "rsa:1024"][..],
        &["-newkey", "rsa:3072"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        &["-newkey", "ed25519"],
    ] {
        let mut arguments = vec![
            "req", "-new", "-nodes", "-keyout", &key, "-out", &file, "-subj", "/CN=Test",
        ];
        arguments.extend(kind);
        run("openssl", &arguments);
        let request = std::fs::read(&file).unwrap();
        assert!(
            matches!(
                csr::Request::verify(&request),
                Err(csr::RequestError::Key(_))
            ),
            "{kind:?}"
        );
    }
}
