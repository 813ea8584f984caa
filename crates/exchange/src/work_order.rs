//! What a technician did at a kiosk, and how it was before and after.

use serde::{Deserialize, Serialize};

use crate::{
    AtMost, CertificateSerial, KioskId, KioskStatement, Line, Statement, TimeTrust, UnixMillis,
    readiness::{Aspect, Readiness},
};

/// POST `Signed<WorkOrder>` -> 204.
pub const WORK_ORDERS: &str = "/v1/work-orders";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Inspected,
    Cleaned,
    Replaced,
    Restarted,
    Configured,
    Updated,
    /// Sealed submissions were carried out on a drive.
    QueueExported,
    Other,
}

impl Action {
    pub const ALL: [Action; 8] = [
        Action::Inspected,
        Action::Cleaned,
        Action::Replaced,
        Action::Restarted,
        Action::Configured,
        Action::Updated,
        Action::QueueExported,
        Action::Other,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDone {
    pub action: Action,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    /// Never personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Line<120>>,
    pub at: UnixMillis,
}

/// Signed by the kiosk's device key when the technician leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkOrder {
    pub kiosk: KioskId,
    pub number: u64,
    /// Of the certificate whose key signed [`crate::technician::presence_bytes`].
    pub technician: CertificateSerial,
    pub began_at: UnixMillis,
    pub ended_at: UnixMillis,
    pub time_trust: TimeTrust,
    pub done: AtMost<WorkDone, 24>,
    pub before: Readiness,
    pub after: Readiness,
}

impl Statement for WorkOrder {
    const DOMAIN: &'static str = "qoltanba work order v1";
}

impl KioskStatement for WorkOrder {
    fn kiosk(&self) -> &KioskId {
        &self.kiosk
    }

    fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signed, SigningKey, readiness::tests::largest};

    /// The office takes no body above 64 kB.
    #[test]
    fn the_largest_work_order_can_be_sent() {
        let done = WorkDone {
            action: Action::QueueExported,
            aspect: Some("a".repeat(32).parse().unwrap()),
            note: Some("\"".repeat(120).parse().unwrap()),
            at: UnixMillis(i64::MAX),
        };
        let order = WorkOrder {
            kiosk: "k".repeat(32).parse().unwrap(),
            number: u64::MAX,
            technician: "f".repeat(40).parse().unwrap(),
            began_at: UnixMillis(i64::MAX),
            ended_at: UnixMillis(i64::MAX),
            time_trust: TimeTrust::OfficeConfirmed,
            done: AtMost::new(vec![done; 24]).unwrap(),
            before: largest(),
            after: largest(),
        };
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let signed = Signed::new(&order, &key);
        assert_eq!(signed.verify(key.verifying_key()).unwrap(), order);
        let length = serde_json::to_vec(&signed).unwrap().len();
        assert!(length < 64 << 10, "{length}");
    }
}
