//! A stranger to talk to: the mock server of `openssl cmp`, with authorities made for
//! one test run.
#![allow(dead_code)]

pub mod http;
pub mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use cmp::{Configuration, Credentials, DerCertificate, Mac, SharedSecret, SignatureKey};
use exchange::UnixMillis;
use tempfile::TempDir;

/// The shared secret between office and authority.
pub const SECRET: &[u8] = b"eight words that only these two have ever seen";
pub const REFERENCE: &[u8] = b"office 1";

/// Keys and certificates in a folder:
///
/// - `cmp-ca` with `authority` (who answers), `office` (who asks) and `clerk`;
/// - `other-ca` with another `impostor` of the authority's name;
/// - `root` with `issuing`, under which `citizen` and what else the names say are.
pub struct Pki(TempDir);

pub static PKI: LazyLock<Pki> = LazyLock::new(Pki::make);

const EC: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
pub const CITIZEN: &str = "/CN=ТЕСТОВ ТЕСТ/SN=ТЕСТОВ/serialNumber=IIN061211600012/C=KZ";

impl Pki {
    fn make() -> Self {
        let pki = Self(tempfile::tempdir().unwrap());
        for (name, subject) in [
            ("cmp-ca", "/CN=CMP CA"),
            ("other-ca", "/CN=CMP CA"),
            ("root", "/CN=Root"),
            ("other-root", "/CN=Root"),
        ] {
            let extensions =
                "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign";
            pki.openssl(
                &format!(
                    "req -x509 -utf8 {EC} -keyout {name}.key -out {name}.pem -days 30 {extensions}"
                ),
                &["-subj", subject],
            );
        }
        let signs = "keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n";
        let authority = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n";
        pki.leaf("authority", "/CN=Test RA/C=KZ", "cmp-ca", signs);
        pki.leaf("impostor", "/CN=Test RA/C=KZ", "other-ca", signs);
        pki.leaf(
            "encryptor",
            "/CN=Test RA/C=KZ",
            "cmp-ca",
            "keyUsage=keyEncipherment\n",
        );
        pki.leaf("office", "/CN=Office", "cmp-ca", signs);
        pki.leaf("clerk", "/CN=Clerk", "cmp-ca", signs);
        pki.leaf("issuing", "/CN=Issuing", "root", authority);
        pki.leaf("citizen", CITIZEN, "issuing", signs);
        // The same name with another key.
        pki.leaf("namesake", CITIZEN, "issuing", signs);
        pki.leaf("foreign", CITIZEN, "other-root", signs);
        let short = "-days 1 -extfile citizen.ext -out short.pem";
        let issuer = "-CA issuing.pem -CAkey issuing.key -CAcreateserial";
        pki.openssl(&format!("x509 -req -in citizen.csr {issuer} {short}"), &[]);
        pki.resign("citizen", "foreign-issuer", "other-root", CITIZEN, signs);
        pki.resign(
            "citizen",
            "renamed",
            "issuing",
            "/CN=SOMEBODY ELSE/C=KZ",
            signs,
        );
        pki.resign("citizen", "promoted", "issuing", CITIZEN, authority);
        pki.openssl("req -in citizen.csr -outform DER -out citizen.csr.der", &[]);
        pki
    }

    /// Runs OpenSSL in the folder, which has to succeed.
    pub fn openssl(&self, arguments: &str, more: &[&str]) {
        let done = Command::new("openssl")
            .args(arguments.split(' '))
            .args(more)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments}\n{said}");
    }

    fn leaf(&self, name: &str, subject: &str, issuer: &str, extensions: &str) {
        self.openssl(
            &format!("req -new -utf8 {EC} -keyout {name}.key -out {name}.csr"),
            &["-subj", subject],
        );
        self.sign(name, name, issuer, extensions);
    }

    /// A certificate for a key that already has a request, under a name of one's own.
    fn resign(&self, key: &str, name: &str, issuer: &str, subject: &str, extensions: &str) {
        self.openssl(
            &format!("req -new -utf8 -key {key}.key -out {name}.csr"),
            &["-subj", subject],
        );
        self.sign(name, name, issuer, extensions);
    }

    fn sign(&self, request: &str, name: &str, issuer: &str, extensions: &str) {
        let file = format!("{name}.ext");
        std::fs::write(self.path(&file), extensions).unwrap();
        self.openssl(
            &format!(
                "x509 -req -in {request}.csr -CA {issuer}.pem -CAkey {issuer}.key \
                 -CAcreateserial -days 20 -extfile {file} -out {name}.pem"
            )
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
            &[],
        );
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn certificate(&self, name: &str) -> DerCertificate {
        let all = DerCertificate::list_from_pem(&self.pem(&format!("{name}.pem"))).unwrap();
        all.into_iter().next().unwrap()
    }

    /// The citizen's request, DER.
    pub fn request(&self) -> Vec<u8> {
        std::fs::read(self.path("citizen.csr.der")).unwrap()
    }

    /// The office as a client that signs.
    pub fn signing(&self) -> Configuration {
        let key = std::fs::read(self.path("office.key")).unwrap();
        let key = SignatureKey::from_pem(&key, &self.pem("office.pem")).unwrap();
        self.configuration(Credentials::Signature(Box::new(key)))
    }

    /// The office as a client that shares a secret, and takes what OpenSSL 3.0 answers.
    pub fn sharing(&self) -> Configuration {
        let mut configuration = self.configuration(shared_secret(Mac::Pbm));
        configuration.hmac_sha1 = true;
        configuration
    }

    fn configuration(&self, credentials: Credentials) -> Configuration {
        let recipient = self.certificate("authority").subject().clone();
        let mut configuration = Configuration::new(recipient, credentials);
        configuration.responder_anchors = vec![self.certificate("cmp-ca")];
        configuration.issuer_anchors = vec![self.certificate("root")];
        configuration
    }
}

pub fn shared_secret(mac: Mac) -> Credentials {
    Credentials::Secret(SharedSecret::new(REFERENCE, SECRET, mac))
}

pub fn now() -> UnixMillis {
    UnixMillis::from_system_clock()
}
