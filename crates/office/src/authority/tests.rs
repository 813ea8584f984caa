use std::process::Command;

use exchange::{
    EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, KioskId, StorageType, UnixMillis,
};
use keystore::{PrivateKey, Subject, certificate::Serial, csr};

use super::{
    Authority, AuthorityError, CaNames, Hierarchy, Identification, Locations, Reason, Responder,
    Revocation, RevocationList, Statements, Usage, init, renew_issuing,
    tls::{TlsAuthority, kiosk_of},
};

/// Programs look at the certificates now, so they begin now.
fn now() -> UnixMillis {
    UnixMillis::from_system_clock()
}

struct Citizen {
    holder: HolderName,
    iin: Iin,
    email: EmailAddress,
}

impl Citizen {
    fn aigul() -> Self {
        Self {
            holder: HolderName::new("СЕРІКҚЫЗЫ", "АЙГҮЛ", "ӘЛІМҚЫЗЫ").unwrap(),
            iin: Iin::parse("880412401006", IinPolicy::Strict).unwrap(),
            email: EmailAddress::parse("aigul@example.kz").unwrap(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            holder: &self.holder,
            iin: &self.iin,
            email: &self.email,
        }
    }
}

/// A request as the kiosk makes it, DER.
fn request(citizen: &Citizen, storage: StorageType, key: &PrivateKey) -> Vec<u8> {
    let draft = csr::Draft::new(citizen.subject(), storage, Some("EDS"), key.public()).unwrap();
    let signature = key.sign(draft.to_be_signed()).unwrap();
    draft.signed(&signature).unwrap()
}

fn authority() -> (Authority, Hierarchy) {
    let made = Hierarchy::create(&CaNames::default(), now()).unwrap();
    let key = made.issuing.key_pem().unwrap();
    let chain = made.chain_pem().unwrap();
    let opened = Authority::from_pem(&key, &chain, Statements::default()).unwrap();
    (opened, made)
}

/// Both streams of OpenSSL, which has to succeed.
fn openssl(arguments: &[&str]) -> String {
    let done = Command::new("openssl").args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "openssl {arguments:?}\n{text}");
    text
}

/// A folder of files for OpenSSL.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn openssl_sees_the_profile() {
    let (authority, made) = authority();
    let citizen = Citizen::aigul();
    let files = Files::new();
    let root = files.put("root.pem", &made.root.certificate_pem().unwrap());
    let issuing = files.put("issuing.pem", &made.issuing.certificate_pem().unwrap());
    for (algorithm, storage, years) in [
        (KeyAlgorithm::Rsa2048, StorageType::Pkcs12, 1),
        (KeyAlgorithm::EcdsaP256, StorageType::AKKaztokenStore, 3),
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let der = request(&citizen, storage, &key);
        let issued = authority
            .issue(&der, citizen.subject(), Usage::Signing, storage, now())
            .unwrap();
        assert_eq!(issued.key_id, key.public().id());
        let days = (issued.not_after.0 - issued.not_before.0) / 86_400_000;
        assert!((years * 365..=years * 365 + 1).contains(&days), "{days}");

        let certificate = files.put("certificate.pem", &issued.certificate_pem);
        let verified = openssl(&[
            "verify",
            "-x509_strict",
            "-purpose",
            "smimesign",
            "-CAfile",
            &root,
            "-untrusted",
            &issuing,
            &certificate,
        ]);
        assert!(verified.contains("OK"), "{verified}");

        let shown = openssl(&[
            "x509",
            "-in",
            &certificate,
            "-noout",
            "-text",
            "-nameopt",
            "utf8,sep_comma_plus,show_type",
        ]);
        let subject = "Subject: CN=UTF8STRING:СЕРІКҚЫЗЫ АЙГҮЛ,SN=UTF8STRING:СЕРІКҚЫЗЫ,GN=UTF8STRING:ӘЛІМҚЫЗЫ,\
                       serialNumber=PRINTABLESTRING:IIN880412401006,C=PRINTABLESTRING:KZ";
        for expected in [
            subject,
            "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
            "E-mail Protection, 1.2.398.3.3.4.1.1, 1.2.398.3.3.4.3.2.1\n",
            "Policy: 1.2.398.3.3.2\n",
            "X509v3 Subject Alternative Name: \n                email:aigul@example.kz\n",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
        ] {
            assert!(shown.contains(expected), "{expected}\n{shown}");
        }
        let named = shown.contains("1.2.398.3.3.5:");
        assert_eq!(named, storage == StorageType::Pkcs12);
        let parts = openssl(&["asn1parse", "-in", &certificate]);
        assert_eq!(parts.contains(":1.2.398.3.3.5\n"), named);
        if named {
            // SEQUENCE { OID 1.2.398.3.3.5.1.1 }: without the folder of the request.
            assert!(
                parts.contains("[HEX DUMP]:300A06082A830E0303050101"),
                "{parts}"
            );
        }
        // The serial is what the authority says it is.
        let serial = openssl(&["x509", "-in", &certificate, "-noout", "-serial"]);
        assert_eq!(
            serial.trim(),
            format!("serial={}", issued.serial)
                .to_uppercase()
                .replace("SERIAL", "serial")
        );
    }
}

#[test]
fn only_what_was_decided_is_issued() {
    let (authority, _) = authority();
    let citizen = Citizen::aigul();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let der = request(&citizen, StorageType::Pkcs12, &key);
    let issue = |other: &Citizen, storage| {
        authority.issue(&der, other.subject(), Usage::Signing, storage, now())
    };

    let mut others = [Citizen::aigul(), Citizen::aigul(), Citizen::aigul()];
    others[0].holder = HolderName::new("СЕРІКҚЫЗЫ", "АЙГҮЛ", "").unwrap();
    others[1].iin = Iin::parse("900101300811", IinPolicy::Strict).unwrap();
    others[2].email = EmailAddress::parse("other@example.kz").unwrap();
    for other in &others {
        let refused = issue(other, StorageType::Pkcs12);
        assert!(matches!(refused, Err(AuthorityError::SubjectDiffers)));
    }
    let refused = issue(&citizen, StorageType::AKKaztokenStore);
    assert!(matches!(refused, Err(AuthorityError::SubjectDiffers)));

    let mut changed = der.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let refused = authority.issue(
        &changed,
        citizen.subject(),
        Usage::Signing,
        StorageType::Pkcs12,
        now(),
    );
    assert!(matches!(
        refused,
        Err(AuthorityError::Request(csr::RequestError::Signature))
    ));
    assert!(issue(&citizen, StorageType::Pkcs12).is_ok());
}

#[test]
fn nothing_is_issued_beyond_the_authoritys_own_end() {
    let (authority, _) = authority();
    let citizen = Citizen::aigul();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let der = request(&citizen, StorageType::Pkcs12, &key);
    let late = now().plus_millis(3_400 * 86_400_000);
    let refused = authority.issue(
        &der,
        citizen.subject(),
        Usage::Signing,
        StorageType::Pkcs12,
        late,
    );
    assert!(matches!(refused, Err(AuthorityError::Expiring)));
}

#[test]
fn serials_have_20_bytes_and_differ() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..10_000 {
        let serial = Serial::random().unwrap();
        // Positive, so that DER adds no 21st byte, and of full length.
        assert!((0x40..0x80).contains(&serial.as_bytes()[0]));
        assert_eq!(serial.as_bytes().len(), 20);
        assert_eq!(serial.to_string().parse::<Serial>().unwrap(), serial);
        assert!(seen.insert(serial));
    }
    // Those of other authorities.
    assert_eq!("0a41".parse::<Serial>().unwrap().to_string(), "0a41");
    for bad in ["", "4", "xy", &"41".repeat(21)] {
        assert!(bad.parse::<Serial>().is_err(), "{bad}");
    }
}

#[test]
fn openssl_reads_the_revocation_list() {
    let (authority, made) = authority();
    let citizen = Citizen::aigul();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let der = request(&citizen, StorageType::Pkcs12, &key);
    let [kept, revoked] = [0, 1].map(|_| {
        authority
            .issue(
                &der,
                citizen.subject(),
                Usage::Signing,
                StorageType::Pkcs12,
                now(),
            )
            .unwrap()
    });
    let record = Revocation {
        serial: revoked.serial,
        reason: Reason::KeyCompromise,
        at: now(),
    };
    let files = Files::new();
    let chain = files.put("chain.pem", authority.chain_pem());
    for (list, of_revoked) in [(vec![record], false), (vec![], true)] {
        let der = authority
            .revocation_list(&RevocationList {
                number: 7,
                this_update: now(),
                next_update: now().plus_millis(86_400_000),
                revocations: list.clone(),
            })
            .unwrap();
        let pem = der::pem::encode_string("X509 CRL", der::pem::LineEnding::LF, &der).unwrap();
        let revokes = !list.is_empty();
        let list = files.put("list.pem", &pem);
        let shown = openssl(&["crl", "-in", &list, "-noout", "-text"]);
        assert!(
            shown.contains("X509v3 CRL Number: \n                7\n"),
            "{shown}"
        );
        assert!(shown.contains("X509v3 Authority Key Identifier"), "{shown}");
        assert_eq!(shown.contains("Key Compromise"), revokes, "{shown}");
        let issuing = files.put("issuing.pem", &made.issuing.certificate_pem().unwrap());
        let checked = openssl(&["crl", "-in", &list, "-CAfile", &issuing, "-noout"]);
        assert!(checked.contains("verify OK"), "{checked}");
        for (issued, good) in [(&kept, true), (&revoked, of_revoked)] {
            let certificate = files.put("certificate.pem", &issued.certificate_pem);
            let done = Command::new("openssl")
                .args([
                    "verify",
                    "-crl_check",
                    "-CRLfile",
                    &list,
                    "-CAfile",
                    &chain,
                    &certificate,
                ])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
            assert_eq!(done.status.success(), good, "{text}");
            assert_eq!(text.contains("certificate revoked"), !good, "{text}");
        }
    }
}

#[test]
fn the_ceremony_writes_two_folders_once() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (root, issuing) = (folder.path().join("root"), folder.path().join("issue"));
    init(&root, &issuing, &CaNames::default(), now()).unwrap();
    for private in [root.join("root_key.pem"), issuing.join("issuing_key.pem")] {
        let mode = std::fs::metadata(&private).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", private.display());
    }
    // The root is taken away; the rest works without it.
    std::fs::remove_dir_all(&root).unwrap();
    let opened = Authority::open(&issuing, Statements::default()).unwrap();
    assert_eq!(opened.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);
    let again = init(&root, &issuing, &CaNames::default(), now());
    assert!(matches!(again, Err(AuthorityError::File { .. })));
    let untouched = Authority::open(&issuing, Statements::default()).unwrap();
    assert_eq!(untouched.chain_pem(), opened.chain_pem());

    // A key that belongs to another CA is noticed.
    let (_, other) = authority();
    let foreign = other.issuing.key_pem().unwrap();
    let refused = Authority::from_pem(&foreign, opened.chain_pem(), Statements::default());
    assert!(matches!(refused.err(), Some(AuthorityError::KeyMismatch)));
}

#[test]
fn a_root_that_came_back_gives_the_same_key_a_later_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (root, issuing) = (folder.path().join("root"), folder.path().join("issue"));
    let long_ago = now().plus_millis(-8 * 365 * 86_400_000);
    init(&root, &issuing, &CaNames::default(), long_ago).unwrap();
    let open = || Authority::open(&issuing, Statements::default()).unwrap();
    let (before, citizen) = (open(), Citizen::aigul());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let storage = StorageType::AKKaztokenStore;
    let der = request(&citizen, storage, &key);
    let issue = |a: &Authority| a.issue(&der, citizen.subject(), Usage::Signing, storage, now());
    let too_late = issue(&before);
    assert!(
        matches!(too_late, Err(AuthorityError::Expiring)),
        "in two years it ends"
    );

    renew_issuing(&root, &issuing, now()).unwrap();
    let after = open();
    assert_eq!(after.ca().public().id(), before.ca().public().id());
    assert_eq!(after.ca().name(), before.ca().name());
    let files = Files::new();
    let certificate = files.put("certificate.pem", &issue(&after).unwrap().certificate_pem);
    let chain = files.put("chain.pem", after.chain_pem());
    openssl(&["verify", "-x509_strict", "-CAfile", &chain, &certificate]);

    let stranger = folder.path().join("stranger");
    init(
        &stranger,
        &folder.path().join("other"),
        &CaNames::default(),
        now(),
    )
    .unwrap();
    let refused = renew_issuing(&stranger, &issuing, now());
    assert!(
        matches!(refused, Err(AuthorityError::KeyMismatch)),
        "another root"
    );
    assert_eq!(open().chain_pem(), after.chain_pem());
}

#[test]
fn a_key_that_signs_in_signs_no_documents() {
    let made = Hierarchy::create(&CaNames::default(), now()).unwrap();
    let statements = Statements {
        identification: Identification::DigitalId,
        locations: Locations::below("http://pki.example.kz"),
    };
    let (key, chain) = (made.issuing.key_pem().unwrap(), made.chain_pem().unwrap());
    let authority = Authority::from_pem(&key, &chain, statements).unwrap();
    let citizen = Citizen::aigul();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let der = request(&citizen, StorageType::Pkcs12, &key);
    let files = Files::new();
    let chain = files.put("chain.pem", &chain);
    for (usage, purpose, expected) in [
        (
            Usage::Authentication,
            "sslclient",
            [
                "critical\n                Digital Signature\n",
                "TLS Web Client Authentication, 1.2.398.3.3.4.1.1, 1.2.398.3.3.4.3.2.1\n",
            ],
        ),
        (
            Usage::Signing,
            "smimesign",
            [
                "critical\n                Digital Signature, Non Repudiation\n",
                "E-mail Protection, 1.2.398.3.3.4.1.1, 1.2.398.3.3.4.3.2.1\n",
            ],
        ),
    ] {
        let storage = StorageType::Pkcs12;
        let issued = authority
            .issue(&der, citizen.subject(), usage, storage, now())
            .unwrap();
        let certificate = files.put("certificate.pem", &issued.certificate_pem);
        let shown = openssl(&["x509", "-in", &certificate, "-noout", "-text"]);
        let places = [
            "Full Name:\n                  URI:http://pki.example.kz/revoked.crl\n",
            "OCSP - URI:http://pki.example.kz/ocsp\n",
            "CA Issuers - URI:http://pki.example.kz/issuing.cer\n",
        ];
        for expected in expected.iter().chain(&places) {
            assert!(shown.contains(expected), "{expected}\n{shown}");
        }
        for tried in ["sslclient", "smimesign"] {
            let words = ["verify", "-purpose", tried, "-CAfile", &chain, &certificate];
            let done = Command::new("openssl").args(words).output().unwrap();
            assert_eq!(
                done.status.success(),
                tried == purpose,
                "{usage:?} for {tried}"
            );
        }
    }
}

#[test]
fn a_responder_can_do_nothing_else_and_not_for_long() {
    let (authority, _) = authority();
    let made = authority.responder(now()).unwrap();
    let read = Responder::from_pem(&made.to_pem().unwrap()).unwrap();
    assert_eq!(read.certificate(), made.certificate());
    assert!(read.renew_at() > now() && read.renew_at() < now().plus_millis(4 * 86_400_000));
    let files = Files::new();
    let pem = keystore::certificate::to_pem(read.certificate()).unwrap();
    let certificate = files.put("responder.pem", &pem);
    let shown = openssl(&["x509", "-in", &certificate, "-noout", "-text"]);
    for expected in [
        "CA:FALSE",
        "critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                OCSP Signing\n",
        "OCSP No Check",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let (one, other) = (made.to_pem().unwrap(), authority.responder(now()).unwrap());
    let other = other.to_pem().unwrap();
    let at = |text: &str| text.find("-----BEGIN CERT").unwrap();
    let mixed = one[..at(&one)].to_owned() + &other[at(&other)..];
    assert!(matches!(
        Responder::from_pem(&mixed).err(),
        Some(AuthorityError::KeyMismatch)
    ));
    assert!(matches!(
        Responder::from_pem("").err(),
        Some(AuthorityError::KeyFile)
    ));
}

#[test]
fn openssl_accepts_both_ends_of_the_channel() {
    let made = TlsAuthority::create("Qoltanba", now()).unwrap();
    let (certificate, key) = (made.certificate_pem().unwrap(), made.key_pem().unwrap());
    let tls = TlsAuthority::from_pem(&certificate, &key).unwrap();
    let files = Files::new();
    let ca = files.put("ca.pem", &certificate);

    let server = tls
        .server(&["office.example.kz", "127.0.0.1", "::1"], now())
        .unwrap();
    let file = files.put("server.pem", &server.certificate_pem);
    for name in [
        ["-verify_hostname", "office.example.kz"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        openssl(&[
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-CAfile",
            &ca,
            name[0],
            name[1],
            &file,
        ]);
    }
    let key_file = files.put("server_key.pem", &server.key_pem);
    assert_eq!(
        openssl(&["pkey", "-in", &key_file, "-pubout"]),
        openssl(&["x509", "-in", &file, "-noout", "-pubkey"])
    );
    for bad in ["", "a b", "-x", "x..y", "кз", "a/b"] {
        assert!(matches!(
            tls.server(&[bad], now()),
            Err(AuthorityError::ServerName(_))
        ));
    }

    // A kiosk's request, made by a stranger; the name in it is not believed.
    let (kiosk_key, kiosk_request) = (files.put("kiosk_key.pem", ""), files.put("kiosk.csr", ""));
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=kiosk-999",
        "-keyout",
        &kiosk_key,
        "-out",
        &kiosk_request,
    ]);
    let kiosk: KioskId = "kiosk-042".parse().unwrap();
    let pem = tls
        .kiosk(&std::fs::read(&kiosk_request).unwrap(), &kiosk, now())
        .unwrap();
    let client = files.put("client.pem", &pem);
    openssl(&[
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-CAfile",
        &ca,
        &client,
    ]);
    let (label, der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
    assert_eq!((label, kiosk_of(&der)), ("CERTIFICATE", Some(kiosk)));
    // A server's name is no kiosk, and neither is garbage.
    let (_, der) = der::pem::decode_vec(server.certificate_pem.as_bytes()).unwrap();
    assert_eq!(kiosk_of(&der), None);
    assert_eq!(kiosk_of(b"garbage"), None);
}
