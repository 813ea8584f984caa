//! Other people's programs at a token that this project enrolled, in a reader of the
//! card service. What they sign is checked by OpenSSL.

use std::path::Path;
use std::process::{Command, Output};

use exchange::KeyAlgorithm;
use keystore::{Chain, certificate};

/// Where the programs run: certificate, public key and a message lie there.
pub struct Strangers {
    folder: tempfile::TempDir,
    algorithm: KeyAlgorithm,
    pin: &'static str,
}

impl Strangers {
    /// `pin`: of a card that exists for a second.
    pub fn with(chain: &Chain, pin: &'static str) -> Strangers {
        let folder = tempfile::tempdir().unwrap();
        let pem = certificate::to_pem(chain.certificate()).unwrap();
        std::fs::write(folder.path().join("certificate.pem"), pem).unwrap();
        std::fs::write(folder.path().join("message"), "a message").unwrap();
        let strangers = Strangers {
            folder,
            algorithm: chain.key().algorithm(),
            pin,
        };
        strangers.run(&words(
            "openssl x509 -in certificate.pem -pubkey -noout -out public.pem",
        ));
        strangers
    }

    /// Yubico's tool reads the certificate and signs.
    pub fn yubico_piv_tool(&self, reader: &str) {
        let name = match self.algorithm {
            KeyAlgorithm::EcdsaP256 => "ECCP256",
            KeyAlgorithm::Rsa2048 => "RSA2048",
        };
        let tool = ["yubico-piv-tool", "-r", reader, "-s", "9c"];
        let read = words("-a read-certificate -o seen.pem");
        self.run(&[&tool[..], &read].concat());
        assert_eq!(self.file("seen.pem"), self.file("certificate.pem"));
        let sign = ["-a", "verify-pin", "-P", self.pin];
        let rest = words("--sign -H SHA256 -i message -o signature -A");
        self.run(&[&tool[..], &sign, &rest, &[name]].concat());
        self.openssl_verifies();
    }

    /// OpenSC's tool reads the certificate and signs through a PKCS#11 module. 02: the
    /// signature key, SP 800-73-4's second.
    pub fn pkcs11_tool(&self, module: &str) {
        let tool = ["pkcs11-tool", "--module", module, "--slot-index", "0"];
        let read = words("--read-object --type cert --id 02 --output-file seen.der");
        self.run(&[&tool[..], &read].concat());
        self.run(&words(
            "openssl x509 -in seen.der -inform DER -out seen.pem",
        ));
        assert_eq!(self.file("seen.pem"), self.file("certificate.pem"));
        let mechanism = match self.algorithm {
            KeyAlgorithm::EcdsaP256 => words("ECDSA-SHA256 --signature-format openssl"),
            KeyAlgorithm::Rsa2048 => words("SHA256-RSA-PKCS"),
        };
        let sign = ["--login", "--pin", self.pin];
        let rest = words("--sign --id 02 --input-file message --output-file signature --mechanism");
        self.run(&[&tool[..], &sign, &rest, &mechanism].concat());
        self.openssl_verifies();
    }

    /// The signature that was made last, which is taken away.
    fn openssl_verifies(&self) {
        self.run(&words(
            "openssl dgst -sha256 -verify public.pem -signature signature message",
        ));
        std::fs::remove_file(self.path().join("signature")).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn run(&self, words: &[&str]) -> Output {
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(self.path())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        assert!(
            output.status.success(),
            "{words:?}:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}
