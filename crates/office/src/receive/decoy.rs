//! An order for nobody: what a proof is compared with where there is no application,
//! so that a refusal costs the same work there.

use anyhow::Result;
use exchange::{
    EmailAddress, HolderName, Iin, IinPolicy, KeyAlgorithm, Signed, StorageType, SubmissionId,
    UnixMillis, VerifyingKey,
};
use keystore::{PrivateKey, csr};

use crate::{
    keys,
    order::{IssueOrder, Subject},
};

/// Made at each start with keys that are forgotten at once, so that nobody can sign
/// for it.
pub struct Decoy {
    order: String,
    decision_key: VerifyingKey,
}

impl Decoy {
    /// # Errors
    /// No randomness.
    pub fn make() -> Result<Self> {
        let cannot = |what: &'static str| anyhow::anyhow!("a decoy without {what}");
        let subject = Subject {
            iin: Iin::parse("061211600012", IinPolicy::Strict)?,
            name: HolderName::new("ЕШКІМ", "", "").map_err(cannot)?,
            email: EmailAddress::parse("decoy@example.kz")?,
        };
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        let named = keystore::Subject {
            holder: &subject.name,
            iin: &subject.iin,
            email: &subject.email,
        };
        let storage = StorageType::Pkcs12;
        let draft = csr::Draft::new(named, storage, None, key.public())?;
        let signature = key.sign(draft.to_be_signed())?;
        let request = draft.signed(&signature)?;
        let now = UnixMillis::from_system_clock();
        let nobody = SubmissionId::from_parts(now, &[0; 10]);
        let order = IssueOrder::new(nobody, &request, subject, storage, now, "decoy");
        let decision_key = keys::generate_signing_key()?;
        Ok(Self {
            order: serde_json::to_string(&Signed::new(&order, &decision_key))?,
            decision_key: *decision_key.verifying_key(),
        })
    }

    /// `Signed<IssueOrder>`, JSON.
    pub fn order(&self) -> &str {
        &self.order
    }

    pub fn decision_key(&self) -> &VerifyingKey {
        &self.decision_key
    }
}
