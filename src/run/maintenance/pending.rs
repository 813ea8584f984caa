//! Work on devices, network, queue, storage and journal.

use std::sync::Arc;

use crate::maintenance::{Answer, Refusal};
use crate::run::asked::Asked;
use crate::run::world::Inner;
use crate::session::event::Failure;

impl Inner {
    pub(super) async fn examine_network(
        self: &Arc<Self>,
        _asked: &Asked,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }

    pub(super) async fn save_network(
        self: &Arc<Self>,
        _address: String,
        _gateway: String,
        _name_servers: String,
    ) -> Result<Answer, Failure> {
        Ok(Answer::Refused(Refusal::NotPossibleHere))
    }
}
