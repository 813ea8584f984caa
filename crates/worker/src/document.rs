//! A document's chip as it travels from worker to kiosk.
//!
//! The files are the attachment, one after the other, so that they are copied and
//! wiped as plain bytes; everything else is the message.

use chip::{Access, ActiveProof, Check, ChipFiles, ChipRead, FileId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::wire::MAX_ATTACHMENT;

/// A [`ChipRead`] without the content of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentHead {
    access: Spoken,
    checks: Vec<Check>,
    active: Option<ActiveProof>,
    apdus: u32,
    bytes: u64,
    /// Names and lengths in bytes, in the order of the attachment.
    files: Vec<(FileId, u32)>,
}

/// [`Access`] in a form that postcard can read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Spoken {
    Bac,
    Pace {
        algorithm: String,
        parameter_id: u8,
        can: bool,
    },
}

/// For the socket; `None`: more than an attachment holds.
pub fn pack(read: ChipRead) -> Option<(DocumentHead, Zeroizing<Vec<u8>>)> {
    let length: usize = read.files.iter().map(|(_, content)| content.len()).sum();
    if length > MAX_ATTACHMENT {
        return None;
    }
    // Large enough at once: growing would leave copies behind.
    let mut attachment = Zeroizing::new(Vec::with_capacity(length));
    let mut files = Vec::new();
    for (id, content) in read.files.iter() {
        files.push((id, u32::try_from(content.len()).ok()?));
        attachment.extend_from_slice(content);
    }
    let head = DocumentHead {
        access: match read.access {
            Access::Bac => Spoken::Bac,
            Access::Pace {
                algorithm,
                parameter_id,
                can,
            } => Spoken::Pace {
                algorithm,
                parameter_id,
                can,
            },
        },
        checks: read.checks,
        active: read.active,
        apdus: read.apdus,
        bytes: read.bytes,
        files,
    };
    Some((head, attachment))
}

/// From the socket; `None`: the attachment is not what the message says.
pub fn unpack(head: DocumentHead, attachment: &[u8]) -> Option<ChipRead> {
    let mut files = ChipFiles::default();
    let mut rest = attachment;
    for (id, length) in head.files {
        let (content, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        files.insert(id, content.to_vec());
        rest = after;
    }
    rest.is_empty().then_some(ChipRead {
        access: match head.access {
            Spoken::Bac => Access::Bac,
            Spoken::Pace {
                algorithm,
                parameter_id,
                can,
            } => Access::Pace {
                algorithm,
                parameter_id,
                can,
            },
        },
        files,
        checks: head.checks,
        active: head.active,
        apdus: head.apdus,
        bytes: head.bytes,
    })
}

#[cfg(test)]
mod tests {
    use chip::{CheckName, DataGroup};

    use super::*;
    use crate::message::{Answer, Said};
    use crate::wire;

    fn read() -> ChipRead {
        let mut files = ChipFiles::default();
        files.insert(FileId::Sod, vec![0x77; 1800]);
        files.insert(FileId::DataGroup(DataGroup::DG2), vec![0x75; 60_000]);
        files.insert(FileId::Com, vec![]);
        ChipRead {
            access: Access::Pace {
                algorithm: "id-PACE-ECDH-GM-AES-CBC-CMAC-128".into(),
                parameter_id: 13,
                can: true,
            },
            files,
            checks: vec![Check::passed(CheckName::ChipAuthentication)],
            active: Some(ActiveProof {
                challenge: [7; 8],
                signature: vec![9; 256],
            }),
            apdus: 104,
            bytes: 70_000,
        }
    }

    #[test]
    fn a_document_arrives_as_it_was_sent() {
        let (head, attachment) = pack(read()).unwrap();
        assert_eq!(attachment.len(), 61_800);
        let said = Said::Answer {
            id: 3,
            answer: Ok(Answer::Document(Box::new(Ok(head)))),
        };
        let frame = wire::encode(&said, attachment.len()).unwrap();
        let Said::Answer { answer, .. } = wire::decode(&frame[wire::HEAD_BYTES..]).unwrap() else {
            panic!("not an answer");
        };
        let Ok(Answer::Document(head)) = answer else {
            panic!("not a document");
        };
        assert_eq!(unpack(head.unwrap(), &attachment).unwrap(), read());
    }

    #[test]
    fn an_attachment_of_another_length_is_refused() {
        let (head, attachment) = pack(read()).unwrap();
        assert!(unpack(head.clone(), &attachment[1..]).is_none());
        assert!(unpack(head, &[&attachment[..], &[0]].concat()).is_none());
    }
}
