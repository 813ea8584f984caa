//! What a technician asks for, carried out.

use std::sync::Arc;

use crate::maintenance::{Answer, Ask, Refusal};
use crate::session::event::{Failure, Reply};

use super::asked::Asked;
use super::world::Inner;

impl Inner {
    pub(super) async fn maintain(
        self: &Arc<Self>,
        _asked: Asked,
        _what: Ask,
    ) -> Result<Reply, Failure> {
        Ok(Reply::Maintenance(Answer::Refused(
            Refusal::NotPossibleHere,
        )))
    }
}
