use proptest::prelude::*;

use super::*;
use crate::pace::algorithm::Mapping;

fn bytes(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    hex::decode(text).unwrap()
}

/// A SET of these.
fn set(infos: &[&str]) -> Vec<u8> {
    let content: Vec<u8> = infos.iter().flat_map(|info| bytes(info)).collect();
    let mut set = Vec::new();
    tlv::write(&mut set, 0x31, &content);
    set
}

fn dg14(infos: &[&str]) -> Vec<u8> {
    let mut file = Vec::new();
    tlv::write(&mut file, 0x6E, &set(infos));
    file
}

/// Of ICAO 9303-11, appendix G.1.
const PACE_EC: &str = "3012 060A 04007F00070202040202 020102 02010D";
/// Of appendix G.2.
const PACE_DH: &str = "3012 060A 04007F00070202040102 020102 020100";
const CHIP_AUTHENTICATION: &str = "3012 060A 04007F00070202030202 020101 020107";
/// TerminalAuthenticationInfo: known, but of no use here.
const TERMINAL_AUTHENTICATION: &str = "300D 0608 04007F0007020202 020101";

#[test]
fn the_infos_of_the_worked_examples() {
    let infos = SecurityInfos::parse(&set(&[PACE_EC])).unwrap();
    assert_eq!(infos.pace.len(), 1);
    let pace = &infos.pace[0];
    assert_eq!(
        pace.algorithm.to_string(),
        "id-PACE-ECDH-GM-AES-CBC-CMAC-128"
    );
    assert_eq!(pace.parameter_id, Some(13));
    let (group, id) = infos.pace_group(pace).unwrap();
    assert_eq!((group.curve().unwrap().name(), id), ("brainpoolP256r1", 13));
    assert!(!infos.pace_parameters_are_ambiguous());

    let infos = SecurityInfos::parse(&set(&[PACE_DH])).unwrap();
    let (group, id) = infos.pace_group(&infos.pace[0]).unwrap();
    assert_eq!((group.curve(), id), (None, 0));
    let both = SecurityInfos::parse(&set(&[PACE_DH, PACE_EC])).unwrap();
    assert!(both.pace_parameters_are_ambiguous());
}

#[test]
fn every_algorithm_has_its_identifier() {
    for elliptic in [false, true] {
        for mapping in [
            Mapping::Generic,
            Mapping::Integrated,
            Mapping::ChipAuthentication,
        ] {
            for cipher in [
                Cipher::TripleDes,
                Cipher::Aes128,
                Cipher::Aes192,
                Cipher::Aes256,
            ] {
                let Some(algorithm) = PaceAlgorithm::new(elliptic, mapping, cipher) else {
                    assert_eq!(mapping, Mapping::ChipAuthentication);
                    continue;
                };
                assert_eq!(PaceAlgorithm::from_oid(algorithm.oid()), Some(algorithm));
            }
        }
    }
}

#[test]
fn what_is_unknown_is_skipped() {
    let infos = SecurityInfos::of_dg14(&dg14(&[
        TERMINAL_AUTHENTICATION,
        CHIP_AUTHENTICATION,
        // A cipher that is none; version 2; ECDSA of no hash.
        "3012 060A 04007F00070202030209 020101 020107",
        "3012 060A 04007F00070202030202 020102 020107",
        "3018 0606 678108010105 020101 060B 04007F000701010401 0309",
    ]))
    .unwrap();
    assert_eq!(infos.chip_authentication.len(), 1);
    let info = &infos.chip_authentication[0];
    assert_eq!((info.cipher, info.key_id), (Cipher::Aes128, Some(7)));
    assert!(info.elliptic);
    assert_eq!(infos.active_authentication, None);
}

#[test]
fn what_is_malformed_says_so() {
    let refused = |file: &[u8]| SecurityInfos::parse(file).unwrap_err();
    assert_eq!(
        refused(&[0x30, 0]),
        SecurityInfoError::Tlv(TlvError::Unexpected(0x30))
    );
    assert_eq!(
        refused(&set(&["3003 020101"])),
        SecurityInfoError::Malformed
    );
    // The version of a PACEInfo is no number.
    assert_eq!(
        refused(&set(&["3012 060A 04007F00070202040202 040102 02010D"])),
        SecurityInfoError::Malformed
    );
    assert_eq!(refused(&set(&[PACE_EC; 65])), SecurityInfoError::TooMany);
}

#[test]
fn parameters_of_the_chips_own_are_taken_where_they_are_standardized() {
    let group = |domain: &str| {
        let pace = "3012 060A 04007F00070202040202 020102 020120";
        let infos = SecurityInfos::parse(&set(&[pace, domain])).unwrap();
        infos
            .pace_group(&infos.pace[0])
            .map(|(group, id)| (group.curve().unwrap().name(), id))
    };
    // brainpoolP256r1 by its number and by its name.
    assert_eq!(
        group("301C 0609 04007F000702020402 300C 0607 04007F00070102 02010D 020120"),
        Ok(("brainpoolP256r1", 13))
    );
    assert_eq!(
        group("3023 0609 04007F000702020402 3013 0607 2A8648CE3D0201 0608 2A8648CE3D030107 020120"),
        Ok(("P-256", 12))
    );
    // Under another number; for another kind of PACE; a curve that is none.
    for domain in [
        "301C 0609 04007F000702020402 300C 0607 04007F00070102 02010D 020121",
        "301C 0609 04007F000702020401 300C 0607 04007F00070102 02010D 020120",
        "301C 0609 04007F000702020402 300C 0607 04007F00070102 020114 020120",
        // A MODP group for ECDH.
        "301C 0609 04007F000702020402 300C 0607 04007F00070102 020100 020120",
    ] {
        assert_eq!(group(domain), Err(GroupError::Parameters), "{domain}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = SecurityInfos::parse(&data);
        let mut wrapped = Vec::new();
        tlv::write(&mut wrapped, 0x31, &data);
        if let Ok(infos) = SecurityInfos::parse(&wrapped) {
            for info in &infos.pace {
                let _ = infos.pace_group(info);
            }
            for key in &infos.chip_authentication_keys {
                let _ = key.group();
            }
        }
    }
}
