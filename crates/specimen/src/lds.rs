//! EF.COM and the data groups that hold data (ICAO 9303-10, 4.6 and 4.7).

use chip::DataGroup;

use crate::asn1::{integer, object};
use crate::config::SpecimenConfig;
use crate::{SpecimenError, face};

/// Lists the data groups; LDS version 1.7, Unicode 4.0.0.
pub fn com(groups: &[DataGroup]) -> Vec<u8> {
    let tags: Vec<u8> = groups.iter().map(|group| group.tag() as u8).collect();
    object(
        0x60,
        &[
            &object(0x5F01, &[b"0107"]),
            &object(0x5F36, &[b"040000"]),
            &object(0x5C, &[&tags]),
        ],
    )
}

pub fn dg1(lines: &[String]) -> Vec<u8> {
    object(0x61, &[&object(0x5F1F, &[lines.concat().as_bytes()])])
}

/// One biometric information template with one face.
pub fn dg2(config: &SpecimenConfig) -> Result<Vec<u8>, SpecimenError> {
    // Header version, facial features, format owner and type: ISO/IEC 19794-5.
    let header = object(
        0xA1,
        &[
            &object(0x80, &[&[1, 1]]),
            &object(0x81, &[&[2]]),
            &object(0x87, &[&[1, 1]]),
            &object(0x88, &[&[0, 8]]),
        ],
    );
    let template = object(
        0x7F60,
        &[&header, &object(0x5F2E, &[&face::record(config)?])],
    );
    let group = object(0x7F61, &[&integer(1), &template]);
    Ok(object(0x75, &[&group]))
}

/// Name in national characters, personal number, full date of birth.
pub fn dg11(config: &SpecimenConfig) -> Vec<u8> {
    let name = format!(
        "{}<<{}",
        config.surname_national.replace(' ', "<"),
        config.given_names_national.replace(' ', "<")
    );
    let mut elements = vec![(0x5F0E, name)];
    if let Some(iin) = &config.iin {
        elements.push((0x5F10, iin.clone()));
    }
    elements.push((0x5F2B, config.birth.clone()));
    listed(0x6B, &elements)
}

/// Issuing authority and date of issue.
pub fn dg12(config: &SpecimenConfig) -> Vec<u8> {
    let authority = "SPECIMEN AUTHORITY".to_owned();
    listed(0x6C, &[(0x5F19, authority), (0x5F26, config.issue.clone())])
}

/// A list of tags, then the elements.
fn listed(tag: u32, elements: &[(u32, String)]) -> Vec<u8> {
    let tags: Vec<u8> = elements
        .iter()
        .flat_map(|(tag, _)| (*tag as u16).to_be_bytes())
        .collect();
    let mut content = object(0x5C, &[&tags]);
    for (tag, text) in elements {
        content.extend_from_slice(&object(*tag, &[text.as_bytes()]));
    }
    object(tag, &[&content])
}
