//! The worked examples of ICAO 9303-11, appendices G, H and I, command by command,
//! and what a chip that cheats gets.

use std::collections::VecDeque;

use openssl::bn::{BigNum, BigNumContext};
use openssl::dh::Dh;

use super::*;
use crate::access_key::{Can, MrzKey};
use crate::domain_parameters::standardized;
use apdu::{CardChannel, ChannelError};

fn bytes(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    hex::decode(text).unwrap()
}

/// Answers as a list says, and keeps what was asked.
#[derive(Default)]
struct Script {
    answers: VecDeque<Vec<u8>>,
    commands: Vec<Vec<u8>>,
}

impl Script {
    fn new(answers: &[&str]) -> Script {
        Script {
            answers: answers.iter().map(|answer| bytes(answer)).collect(),
            commands: Vec::new(),
        }
    }
}

impl CardChannel for Script {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.commands.push(command.to_vec());
        self.answers.pop_front().ok_or(ChannelError::Removed)
    }
}

/// Gives private keys and nonces of an example as random bytes: a private key k comes
/// of the number k - 1 (see [`Group::private_key`]).
fn drawn(values: Vec<Vec<u8>>) -> impl FnMut(&mut [u8]) -> Result<(), GroupError> {
    let mut values = VecDeque::from(values);
    move |buffer| {
        let value = values.pop_front().ok_or(GroupError::Random)?;
        let start = buffer.len() - value.len();
        buffer[start..].copy_from_slice(&value);
        Ok(())
    }
}

fn less_one(private: &str) -> Vec<u8> {
    let mut number = bytes(private);
    *number.last_mut().unwrap() -= 1;
    number
}

fn nonce_key(number: &str, birth: &str, expiry: &str) -> Vec<u8> {
    let mrz = MrzKey::new(number, birth, expiry).unwrap();
    let secret = sha1(mrz.information().as_bytes());
    derive_key(&secret, key_derivation::PASSWORD, Cipher::Aes128).to_vec()
}

struct Example {
    algorithm: &'static str,
    parameter_id: u8,
    /// K_pi.
    nonce_key: Vec<u8>,
    /// Private keys, or t and a private key.
    drawn: [Vec<u8>; 2],
    commands: [&'static str; 5],
    answers: [&'static str; 5],
}

impl Example {
    fn run(&self) -> Result<Option<MappingProof>, ReadError> {
        let mut script = Script::new(&self.answers);
        let result = self.run_on(&mut script);
        let expected: Vec<_> = self.commands.iter().map(|text| bytes(text)).collect();
        assert_eq!(script.commands, expected);
        result
    }

    fn run_on(&self, script: &mut Script) -> Result<Option<MappingProof>, ReadError> {
        let oid = der::asn1::ObjectIdentifier::new_unwrap(self.algorithm);
        let protocol = Protocol {
            algorithm: PaceAlgorithm::from_oid(oid).unwrap(),
            group: standardized(self.parameter_id).unwrap(),
            password: Password::Mrz,
            named_parameters: None,
        };
        let mut random = drawn(self.drawn.to_vec());
        let mut session = Session::new(script);
        match protocol.run(&mut session, &self.nonce_key, &mut random) {
            Ok(proof) => Ok(proof),
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Refused) => panic!("refused"),
        }
    }
}

/// Appendix G.1: id-PACE-ECDH-GM-AES-CBC-CMAC-128 over brainpoolP256r1.
fn ecdh_generic() -> Example {
    Example {
        algorithm: "0.4.0.127.0.7.2.2.4.2.2",
        parameter_id: 13,
        nonce_key: nonce_key("T22000129", "640812", "101031"),
        drawn: [
            less_one("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"),
            less_one("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"),
        ],
        commands: [
            "0022C1A4 0F 800A04007F00070202040202 830101",
            "10860000 02 7C00 00",
            "10860000 45 7C43 8141 04
             7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E
             544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 00",
            "10860000 45 7C43 8341 04
             2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C
             3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 00",
            "00860000 0C 7C0A 8508 C2B0BD78D94BA866 00",
        ],
        answers: [
            "9000",
            "7C12 8010 95A3A016522EE98D01E76CB6B98B42C3 9000",
            "7C43 8241 04
             824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57
             30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54 9000",
            "7C43 8441 04
             9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB
             7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094 9000",
            "7C0A 8608 3ABB9674BCE93C08 9000",
        ],
    }
}

/// Appendix G.2: id-PACE-DH-GM-AES-CBC-CMAC-128 over the 1024-bit MODP group.
fn dh_generic() -> Example {
    Example {
        algorithm: "0.4.0.127.0.7.2.2.4.1.2",
        parameter_id: 0,
        nonce_key: nonce_key("T22000129", "640812", "101031"),
        drawn: [
            less_one("5265030F751F4AD18B08AC565FC7AC952E41618D"),
            less_one("89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA"),
        ],
        commands: [
            "0022C1A4 0F 800A04007F00070202040102 830101",
            "10860000 02 7C00 00",
            "10860000 86 7C8183 818180
             23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3E
             B71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A4
             4D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022D
             CB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C 00",
            "10860000 86 7C8183 838180
             907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD91155
             1B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08F
             A8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236
             B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4 00",
            "00860000 0C 7C0A 8508 B46DD9BD4D98381F 00",
        ],
        answers: [
            "9000",
            "7C12 8010 854D8DF5827FA6852D1A4FA701CDDDCA 9000",
            "7C8183 828180
             78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E6
             23EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882
             A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F24
             49400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6 9000",
            "7C8183 848180
             075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152B
             D8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC
             71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064
             386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1 9000",
            "7C0A 8608 917F37B5C0E6D8D1 9000",
        ],
    }
}

/// Appendix H.1: id-PACE-ECDH-IM-AES-CBC-CMAC-128 over brainpoolP256r1.
fn ecdh_integrated() -> Example {
    Example {
        algorithm: "0.4.0.127.0.7.2.2.4.4.2",
        parameter_id: 13,
        nonce_key: bytes("591468CDA83D65219CCCB8560233600F"),
        drawn: [
            bytes("5DD4CBFC96F5453B130D890A1CDBAE32"),
            less_one("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"),
        ],
        commands: [
            "0022C1A4 0F 800A04007F00070202040402 830101",
            "10860000 02 7C00 00",
            "10860000 14 7C12 8110 5DD4CBFC96F5453B130D890A1CDBAE32 00",
            "10860000 45 7C43 8341 04
             89CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4
             6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37 00",
            "00860000 0C 7C0A 8508 450F02B86F6A0909 00",
        ],
        answers: [
            "9000",
            "7C12 8010 143DC40C08C8E891FBED7DEDB92B64AD 9000",
            "7C02 8200 9000",
            "7C43 8441 04
             67F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8
             932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753 9000",
            "7C0A 8608 75D4D96E8D5B0308 9000",
        ],
    }
}

/// Appendix H.2: id-PACE-DH-IM-AES-CBC-CMAC-128 over the 1024-bit MODP group. Its
/// private key is longer than the order of the subgroup: here it is reduced.
fn dh_integrated() -> Example {
    let private = "4BD0E54740F9A028E6A515BFDAF967848C4F5F5FFF65AA0915947FFD1A0DF2FA
        6981271BC905F3551457B7E03AC3B8066DE4AA406C1171FB43DD939C4BA16175
        103BA3DEE16419AA248118F90CC36A3D6F4C373652E0C3CCE7F0F1D0C5425B36
        00F0F0D6A67F004C8BBA33F2B4733C7252445C1DFC4F1107203F71D2EFB28161";
    let order = "F518AA8781A8DF278ABA4E7D64B7CB9D49462353";
    let mut reduced = BigNum::new().unwrap();
    reduced
        .nnmod(
            &BigNum::from_slice(&bytes(private)).unwrap(),
            &BigNum::from_slice(&bytes(order)).unwrap(),
            &mut BigNumContext::new().unwrap(),
        )
        .unwrap();
    reduced.sub_word(1).unwrap();
    Example {
        algorithm: "0.4.0.127.0.7.2.2.4.3.2",
        parameter_id: 0,
        nonce_key: bytes("591468CDA83D65219CCCB8560233600F"),
        drawn: [bytes("B3A6DB3C870C3E99245E0D1C06B747DE"), reduced.to_vec()],
        commands: [
            "0022C1A4 0F 800A04007F00070202040302 830101",
            "10860000 02 7C00 00",
            "10860000 14 7C12 8110 B3A6DB3C870C3E99245E0D1C06B747DE 00",
            "10860000 86 7C8183 838180
             0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0
             E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08
             FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E
             76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5 00",
            "00860000 0C 7C0A 8508 55D61977CBF5307E 00",
        ],
        answers: [
            "9000",
            "7C12 8010 9ABB8864CA0FF1551E620D1EF4E13510 9000",
            "7C02 8200 9000",
            "7C8183 848180
             928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854C
             FF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF
             8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4
             D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3 9000",
            "7C0A 8608 C2F04230187E1525 9000",
        ],
    }
}

/// Appendix I: id-PACE-ECDH-CAM-AES-CBC-CMAC-128 over brainpoolP256r1.
fn chip_authentication_mapping() -> Example {
    Example {
        algorithm: "0.4.0.127.0.7.2.2.4.6.2",
        parameter_id: 13,
        nonce_key: nonce_key("C11T002JM", "960812", "231031"),
        drawn: [
            less_one("5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC"),
            less_one("76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120"),
        ],
        commands: [
            "0022C1A4 0F 800A04007F00070202040602 830101",
            "10860000 02 7C00 00",
            "10860000 45 7C43 8141 04
             7F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE
             1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1 00",
            "10860000 45 7C43 8341 04
             446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95
             5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC 00",
            "00860000 0C 7C0A 8508 E86BD06018A1CD3B 00",
        ],
        answers: [
            "9000",
            "7C12 8010 CB60E8E0D85B76A9BD304747C2AD42E2 9000",
            "7C43 8241 04
             A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3
             04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23 9000",
            "7C43 8441 04
             02AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331
             11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1 9000",
            "7C3C 8608 8596CF055C67C1A3 8A30
             1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD
             10CBA372B42BE0B9B5F28AA8DE2F4F92 9000",
        ],
    }
}

#[test]
fn worked_examples_of_the_generic_mapping() {
    assert!(ecdh_generic().run().unwrap().is_none());
    assert!(dh_generic().run().unwrap().is_none());
}

#[test]
fn worked_examples_of_the_integrated_mapping() {
    assert!(ecdh_integrated().run().unwrap().is_none());
    assert!(dh_integrated().run().unwrap().is_none());
}

#[test]
fn worked_example_of_the_chip_authentication_mapping() {
    let proof = chip_authentication_mapping().run().unwrap().unwrap();
    // DG14 of the example.
    let infos = SecurityInfos::parse(&bytes(
        "3164 3062 0609 04007F000702020102 3052 300C 0607 04007F00070102 02010D 0342 00 04
         1872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8
         84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F 02010D",
    ))
    .unwrap();
    let (group, key) = infos.chip_authentication_keys[0].group().unwrap();
    assert!(proof.proves(&group, &key).unwrap());
    // Any other key is not the chip's.
    assert!(!proof.proves(&group, &group.generator().unwrap()).unwrap());
    let other = standardized(12).unwrap();
    assert!(!proof.proves(&other, &other.generator().unwrap()).unwrap());
}

#[test]
fn a_wrong_password_is_named() {
    for (answer, tries_left) in [("6300", None), ("63C2", Some(2)), ("6A80", None)] {
        let mut example = ecdh_generic();
        example.answers[4] = answer;
        let expected = ReadError::WrongAccessKey { tries_left };
        assert_eq!(example.run().err(), Some(expected));
    }
    let mut example = ecdh_generic();
    example.answers[4] = "6983";
    assert_eq!(example.run().err(), Some(ReadError::Blocked));
}

/// The reason why a chip with these answers from `step` on is not believed.
fn refused(step: usize, answer: &str) -> String {
    let mut example = ecdh_generic();
    let mut script = Script::new(&example.answers);
    script.answers[step] = bytes(answer);
    example.nonce_key = nonce_key("T22000129", "640812", "101031");
    match example.run_on(&mut script) {
        Err(ReadError::Protocol { reason, .. }) => reason,
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_mapping_key_that_is_no_point_is_refused() {
    let point = "824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57";
    let beside = GroupError::NotAnElement.to_string();
    // Beside the curve; at infinity; compressed; on P-256; cut.
    for object in [
        format!("7C43 8241 04 {point} {point}"),
        "7C03 8201 00".to_owned(),
        format!("7C23 8221 02 {point}"),
        "7C43 8241 04
         6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
         4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
            .to_owned(),
        format!("7C23 8221 04 {point}"),
    ] {
        assert_eq!(refused(2, &format!("{object} 9000")), beside);
    }
    assert_eq!(refused(2, "7C00 9000"), "data object 82 is missing");
    assert_eq!(refused(2, "9000"), "data object 7C is missing");
}

#[test]
fn our_own_public_key_is_refused() {
    let reason = "the chip gave back our own public key";
    let mapping = "7C43 8241 04
        7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E
        544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D 9000";
    assert_eq!(refused(2, mapping), reason);
    let agreement = "7C43 8441 04
        2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C
        3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462 9000";
    assert_eq!(refused(3, agreement), reason);
}

#[test]
fn a_wrong_token_is_refused() {
    let reason = "the token of the chip is wrong";
    assert_eq!(refused(4, "7C0A 8608 3ABB9674BCE93C09 9000"), reason);
    assert_eq!(refused(4, "7C09 8607 3ABB9674BCE93C 9000"), reason);
}

#[test]
fn a_nonce_that_is_no_block_is_refused() {
    assert_eq!(
        refused(1, "7C09 8007 95A3A016522EE9 9000"),
        "a nonce of 7 bytes"
    );
    assert_eq!(
        refused(1, "7C13 8011 95A3A016522EE98D01E76CB6B98B42C300 9000"),
        "not a whole number of blocks"
    );
}

/// By this an element is turned into its inverse.
fn order_less_one(group: &Group) -> Scalar {
    let mut order = BigNum::new().unwrap();
    match group.curve() {
        Some(curve) => {
            let mut context = BigNumContext::new().unwrap();
            curve
                .group()
                .unwrap()
                .order(&mut order, &mut context)
                .unwrap();
        }
        None => {
            let named = [Dh::get_1024_160, Dh::get_2048_224, Dh::get_2048_256]
                .map(|parameters| parameters().unwrap());
            let bytes = group.scalar_bytes() as i32;
            let found = named
                .iter()
                .find(|dh| dh.prime_q().unwrap().num_bytes() == bytes);
            order = found.unwrap().prime_q().unwrap().to_owned().unwrap();
        }
    }
    order.sub_word(1).unwrap();
    Scalar::from_bytes(&order.to_vec()).unwrap()
}

/// A chip that knew our mapping key beforehand could choose its own so that the
/// generator is the neutral element; then everybody would agree on the same keys.
#[test]
fn a_crafted_generator_is_refused() {
    for id in [0, 1, 2, 8, 13, 18] {
        let group = standardized(id).unwrap();
        let nonce = [0x5A; 16];
        let part = group
            .multiply(
                &group.generator().unwrap(),
                &Scalar::from_bytes(&nonce).unwrap(),
            )
            .unwrap();
        let minus = group.multiply(&part, &order_less_one(&group)).unwrap();
        let mapped = mapping::generic(&group, &nonce, &minus);
        assert_eq!(mapped.err(), Some(GroupError::Neutral), "group {id}");
    }
}

/// Elements of small order would give away the private key piece by piece.
#[test]
fn numbers_outside_the_subgroup_are_refused() {
    let group = standardized(0).unwrap();
    let p = group.prime().unwrap();
    let mut last = p.to_vec();
    *last.last_mut().unwrap() -= 1;
    let mut longer = vec![0; 1];
    longer.extend(p.to_vec());
    for number in [vec![], vec![0], vec![1], vec![2], last, p.to_vec(), longer] {
        assert_eq!(group.decode(&number).err(), Some(GroupError::NotAnElement));
    }
}

/// Chip and reader of the same code, over every mapping, cipher and kind of group: the
/// tokens and keys of both sides agree.
#[test]
fn every_combination_maps_alike_on_both_sides() {
    for cipher in [
        Cipher::TripleDes,
        Cipher::Aes128,
        Cipher::Aes192,
        Cipher::Aes256,
    ] {
        let s = vec![0x17; mapping::chip_nonce_bytes(cipher)];
        let t = vec![0x42; cipher.key_length()];
        for id in [0, 1, 2, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18] {
            let group = standardized(id).unwrap();
            let generator = mapping::integrated(&group, cipher, &s, &t).unwrap();
            // It is one of the group: it comes back from its encoding.
            let encoded = group.encode(&generator).unwrap();
            assert!(
                group
                    .equal(&group.decode(&encoded).unwrap(), &generator)
                    .unwrap()
            );
        }
        let p224 = standardized(10).unwrap();
        assert_eq!(
            mapping::integrated(&p224, cipher, &s, &t).err(),
            Some(GroupError::NoPointEncoding)
        );
        let short = mapping::integrated(&p224, cipher, &s[1..], &t);
        assert_eq!(short.err(), Some(GroupError::Parameters));
    }
}

fn infos(card_access: &str) -> SecurityInfos {
    SecurityInfos::parse(&bytes(card_access)).unwrap()
}

#[test]
fn a_chip_without_a_known_pace_is_left_to_bac() {
    let key = AccessKey::Can(Can::parse("123456").unwrap());
    // Refused at once; parameters unknown here; and version 1.
    for (file, answers) in [
        ("3114 3012 060A 04007F00070202040202 020102 02010D", 1),
        ("3114 3012 060A 04007F00070202040202 020102 020120", 0),
        ("3114 3012 060A 04007F00070202040202 020101 02010D", 0),
    ] {
        let mut script = Script::new(&["6A80"]);
        let mut session = Session::new(&mut script);
        assert!(perform(&mut session, &infos(file), &key).unwrap().is_none());
        assert_eq!(script.commands.len(), answers);
    }
}

#[test]
fn the_best_is_tried_first_and_ambiguous_parameters_are_named() {
    // 3DES over P-256, AES-128 over brainpoolP256r1 and over MODP.
    let file = infos(
        "313C 3012 060A 04007F00070202040201 020102 02010C
              3012 060A 04007F00070202040202 020102 02010D
              3012 060A 04007F00070202040102 020102 020100",
    );
    let key = AccessKey::Can(Can::parse("123456").unwrap());
    let mut script = Script::new(&["6A80", "6A88", "6A80"]);
    let mut session = Session::new(&mut script);
    assert!(perform(&mut session, &file, &key).unwrap().is_none());
    let expected = [
        "0022C1A4 12 800A04007F00070202040202 830102 84010D",
        "0022C1A4 12 800A04007F00070202040201 830102 84010C",
        "0022C1A4 12 800A04007F00070202040102 830102 840100",
    ];
    assert_eq!(script.commands, expected.map(bytes));
}
