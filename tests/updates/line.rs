//! A line between kiosk and office that breaks or stands still when it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct State {
    /// Bytes from the office to the kiosk, over all connections.
    down: usize,
    /// Here the connection is closed, once.
    cut: Option<usize>,
    /// Here nothing goes on.
    stop: Option<usize>,
}

pub struct Line {
    listens: TcpListener,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Line {
    pub fn to(office: &str) -> Self {
        let line = Self {
            listens: TcpListener::bind("127.0.0.1:0").unwrap(),
            state: Arc::default(),
        };
        let (listens, office) = (line.listens.try_clone().unwrap(), office.to_owned());
        let state = line.state.clone();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for kiosk in listens.incoming() {
                let (kiosk, state) = (kiosk.unwrap(), state.clone());
                let Ok(office) = TcpStream::connect(&office) else {
                    continue;
                };
                let up = (kiosk.try_clone().unwrap(), office.try_clone().unwrap());
                std::thread::spawn(move || {
                    let (mut kiosk, mut office) = up;
                    let _ = std::io::copy(&mut kiosk, &mut office);
                    let _ = office.shutdown(Shutdown::Both);
                });
                std::thread::spawn(move || down(office, kiosk, &state));
            }
        });
        line
    }

    pub fn address(&self) -> String {
        self.listens.local_addr().unwrap().to_string()
    }

    pub fn cut_after(&self, bytes: usize) {
        self.state.0.lock().unwrap().cut = Some(bytes);
    }

    pub fn stop_after(&self, bytes: usize) {
        self.state.0.lock().unwrap().stop = Some(bytes);
    }

    pub fn go_on(&self) {
        self.state.0.lock().unwrap().stop = None;
        self.state.1.notify_all();
    }

    pub fn came_down(&self) -> usize {
        self.state.0.lock().unwrap().down
    }
}

fn down(mut office: TcpStream, mut kiosk: TcpStream, state: &(Mutex<State>, Condvar)) {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let read = office.read(&mut bytes).unwrap_or(0);
        let mut now = state.0.lock().unwrap();
        while now.stop.is_some_and(|at| now.down >= at) {
            now = state.1.wait(now).unwrap();
        }
        now.down += read;
        let here = now.down;
        let is_cut = now.cut.take_if(|at| here >= *at).is_some();
        drop(now);
        if read == 0 || is_cut || kiosk.write_all(&bytes[..read]).is_err() {
            let _ = kiosk.shutdown(Shutdown::Both);
            let _ = office.shutdown(Shutdown::Both);
            return;
        }
    }
}
