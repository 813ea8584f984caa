//! HTTP/1.1 over TLS 1.3, one connection a request, so that a test can also say
//! things that no proper client would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde::{Serialize, de::DeserializeOwned};

pub type Stream = StreamOwned<ClientConnection, TcpStream>;

#[derive(Clone)]
pub struct Client {
    tls: Arc<ClientConfig>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// What a caller can tell one refusal from another by.
    pub fn seen(&self) -> (u16, String) {
        (
            self.status,
            String::from_utf8_lossy(&self.body).into_owned(),
        )
    }
}

impl Answer {
    /// Everything of it but the date.
    pub fn alike(&self) -> (u16, Vec<(String, String)>, &[u8]) {
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != "date");
        (self.status, headers, &self.body)
    }
}

impl Client {
    /// `own`: certificate and key in PEM, or none.
    pub fn new(ca_pem: &[u8], own: Option<(&str, &str)>) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem).unwrap())
            .unwrap();
        let builder =
            ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots);
        let tls = match own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        Self { tls: Arc::new(tls) }
    }

    pub fn connect(&self, address: &str) -> Stream {
        let socket = TcpStream::connect(address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        StreamOwned::new(connection, socket)
    }

    pub fn request(
        &self,
        address: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.connect(address);
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        if !matches!(method, "GET" | "HEAD") {
            all.push(("content-length", &length));
        }
        stream.write_all(&head(method, path, &all)).unwrap();
        // A refusal may come before the body was taken.
        let _ = stream.write_all(body);
        let _ = stream.flush();
        answer(&mut stream, method == "HEAD")
    }

    pub fn post<T: Serialize>(&self, address: &str, path: &str, body: &T) -> Answer {
        let body = serde_json::to_vec(body).unwrap();
        self.request(address, "POST", path, &[], &body)
    }
}

pub fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

pub fn answer(stream: &mut Stream, bodyless: bool) -> Answer {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end_of_head = |b: &[u8]| b.windows(4).position(|w| w == b"\r\n\r\n");
    let (status, headers, start) = loop {
        let n = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..n]);
        match end_of_head(&bytes) {
            Some(end) => {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let mut lines = head.lines();
                let status = lines.next().unwrap().split(' ').nth(1).unwrap();
                let headers: Vec<(String, String)> = lines
                    .filter_map(|l| l.split_once(':'))
                    .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
                    .collect();
                break (status.parse().unwrap(), headers, end + 4);
            }
            None => assert!(n > 0, "the connection ended before an answer"),
        }
    };
    let length = headers
        .iter()
        .find(|(n, _)| n == "content-length")
        .map_or(0, |(_, v)| v.parse().unwrap());
    let length: usize = if bodyless { 0 } else { length };
    while bytes.len() < start + length {
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "the answer was cut off");
        bytes.extend_from_slice(&buffer[..n]);
    }
    Answer {
        status,
        headers,
        body: bytes[start..start + length].to_vec(),
    }
}
