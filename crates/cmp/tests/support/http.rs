//! One message by plain HTTP, and ways to spoil its answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use cmp::{CONTENT_TYPE, Message, Transport, TransportError, judge_answer};

pub struct Http {
    port: u16,
    /// Both directions, in order.
    pub sent: Mutex<Vec<Vec<u8>>>,
    pub received: Mutex<Vec<Vec<u8>>>,
}

impl Http {
    pub fn to(port: u16) -> Self {
        Self {
            port,
            sent: Mutex::default(),
            received: Mutex::default(),
        }
    }

    /// The kinds of the messages that went out.
    pub fn said(&self) -> Vec<&'static str> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .map(|m| Message::from_der(m).unwrap().body.name())
            .collect()
    }

    pub fn last_sent(&self) -> Message {
        Message::from_der(self.sent.lock().unwrap().last().unwrap()).unwrap()
    }
}

impl Transport for Http {
    fn exchange(&self, message: &[u8]) -> Result<Vec<u8>, TransportError> {
        let failed = |e: std::io::Error| TransportError::Unreachable(e.to_string());
        self.sent.lock().unwrap().push(message.to_vec());
        let mut stream = TcpStream::connect(("localhost", self.port)).map_err(failed)?;
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).map_err(failed)?;
        let head = format!(
            "POST / HTTP/1.0\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\n\r\n",
            message.len()
        );
        let request = [head.as_bytes(), message].concat();
        stream.write_all(&request).map_err(failed)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(failed)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
        let body = answer.split_off(end.expect("a head") + 4);
        let head = String::from_utf8(answer).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let content_type = head.lines().find_map(|l| l.strip_prefix("Content-type: "));
        judge_answer(status, content_type, Some(body.len() as u64))?;
        self.received.lock().unwrap().push(body.clone());
        Ok(body)
    }
}

/// The real server behind somebody who changes its answers.
pub struct Spoiled<F> {
    pub http: Http,
    pub spoil: F,
}

impl<F: Fn(Vec<u8>) -> Vec<u8> + Send + Sync> Transport for Spoiled<F> {
    fn exchange(&self, message: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.http.exchange(message).map(&self.spoil)
    }
}
