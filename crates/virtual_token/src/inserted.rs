//! A card in vpcd's reader, for a card service to find.

use std::process::{Child, Command, Stdio};

use crate::program;

/// A fresh card in the reader that listens at a port of this machine; pulled when dropped.
pub struct InsertedCard(Child);

impl InsertedCard {
    /// # Panics
    /// See [`program`]; nobody listens.
    pub fn at(port: u16) -> InsertedCard {
        let child = Command::new(program())
            .arg("vpcd")
            .arg(format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("virtual_piv");
        InsertedCard(child)
    }
}

impl Drop for InsertedCard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
