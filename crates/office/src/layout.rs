//! Where everything lies in the office's state folder.
//!
//! One folder a user: on one machine all may belong to one user, in the field
//! `receive`, `desk` and `issue` run as three users and each reads only its own
//! folder, `public/`, the database and the objects. `status/` is written by `issue`
//! and read by `status`: its group is the latter's.

use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn configuration(&self) -> PathBuf {
        self.root.join("office.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("office.db")
    }

    /// Sealed objects and unfinished uploads.
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// Bundles of updates, named by their digest: written by the desk, read by `receive`,
    /// whose group it is.
    pub fn updates(&self) -> PathBuf {
        self.root.join("updates")
    }

    /// Keys of the public listener: TLS, receipts, code hashes.
    pub fn receive(&self) -> PathBuf {
        self.root.join("receive")
    }

    /// Keys of the desk: operations identity, decisions, kiosk certificates, operators.
    pub fn desk(&self) -> PathBuf {
        self.root.join("desk")
    }

    /// Keys of the certificate authority.
    pub fn issue(&self) -> PathBuf {
        self.root.join("issue")
    }

    /// The key with which `status` answers.
    pub fn status(&self) -> PathBuf {
        self.root.join("status")
    }

    /// What every part may read: certificates and public keys.
    pub fn public(&self) -> PathBuf {
        self.root.join("public")
    }

    /// What the running parts say of themselves: process id and address.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The second sealing key; the administrator moves it to a safe.
    pub fn escrow(&self) -> PathBuf {
        self.root.join("escrow-identity.MOVE-AWAY.txt")
    }

    pub fn server_certificate(&self) -> PathBuf {
        self.receive().join("tls_certificate.pem")
    }

    pub fn server_key(&self) -> PathBuf {
        self.receive().join("tls_key.pem")
    }

    pub fn receipt_key(&self) -> PathBuf {
        self.receive().join("receipt_key.pem")
    }

    /// 32 random bytes under which one-time codes are hashed.
    pub fn code_key(&self) -> PathBuf {
        self.receive().join("code_key.bin")
    }

    pub fn operations_identity(&self) -> PathBuf {
        self.desk().join("operations_identity.txt")
    }

    pub fn decision_key(&self) -> PathBuf {
        self.desk().join("decision_key.pem")
    }

    pub fn operators(&self) -> PathBuf {
        self.desk().join("operators.toml")
    }

    /// Key of the certificate authority for TLS of the office and its kiosks;
    /// not the one that issues to citizens.
    pub fn tls_ca_key(&self) -> PathBuf {
        self.desk().join("tls_ca_key.pem")
    }

    pub fn tls_ca_certificate(&self) -> PathBuf {
        self.public().join("tls_ca.pem")
    }

    pub fn receipt_public(&self) -> PathBuf {
        self.public().join("receipt_key.pem")
    }

    pub fn decision_public(&self) -> PathBuf {
        self.public().join("decision_key.pem")
    }

    /// Two lines: operations, escrow.
    pub fn recipients(&self) -> PathBuf {
        self.public().join("sealing_recipients.txt")
    }

    /// Key and certificate, PEM; made anew every few days.
    pub fn responder(&self) -> PathBuf {
        self.status().join("responder.pem")
    }

    /// The newest revocation list, DER.
    pub fn revocation_list(&self) -> PathBuf {
        self.public().join("revoked.crl")
    }

    /// The same in PEM.
    pub fn revocation_list_pem(&self) -> PathBuf {
        self.public().join("revoked.crl.pem")
    }

    /// Issuing CA first, root last.
    pub fn authority_chain(&self) -> PathBuf {
        self.public().join("authority_chain.pem")
    }
}
