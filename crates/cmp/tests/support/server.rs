//! `openssl cmp -port`: answers with the one certificate that it was given.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use super::PKI;

pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Signs its answers as `signer` and gives out the certificate `issued`.
    pub fn signing_as(signer: &str, issued: &str, more: &str) -> Self {
        let own = format!("-srv_cert {signer}.pem -srv_key {signer}.key");
        Self::start(
            &format!("{own} -srv_trusted cmp-ca.pem {}", issues(issued)),
            more,
        )
    }

    pub fn signing(issued: &str, more: &str) -> Self {
        Self::signing_as("authority", issued, more)
    }

    /// Shares the secret. The certificate gives it its name, as the protocol has none
    /// for who shares one.
    pub fn sharing(issued: &str, more: &str) -> Self {
        // Once: a server of another test may be reading it.
        static WRITTEN: Once = Once::new();
        WRITTEN.call_once(|| std::fs::write(PKI.path("secret"), super::SECRET).unwrap());
        let own = "-srv_ref office -srv_secret file:secret";
        Self::start(&format!("{own} {}", issues(issued)), more)
    }

    fn start(own: &str, more: &str) -> Self {
        let mut child = Command::new("openssl")
            .args(["cmp", "-config", "", "-port", "0"])
            .args(own.split_whitespace())
            .args(more.split_whitespace())
            .current_dir(PKI.folder())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // ACCEPT [::]:PORT PID=...
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("the server listens").unwrap();
            if let Some(rest) = line.strip_prefix("ACCEPT ") {
                let address = rest.split(' ').next().unwrap();
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        // It must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }
}

fn issues(name: &str) -> String {
    format!("-rsp_cert {name}.pem -rsp_extracerts issuing.pem")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
