//! Against the chip's side over the same groups and secure messaging, the keys derived
//! here once more. Strangers' cryptography answers in the tests of the virtual card.

use der::Encode;
use der::asn1::UintRef;

use super::*;
use crate::domain_parameters::standardized;
use crate::group::{Scalar, system_random};
use apdu::StatusWord;
use apdu::{CardChannel, ChannelError};

const PRIVATE: [u8; 20] = [0x35; 20];

/// A chip with one key, after access.
struct Chip {
    group: Group,
    private: Scalar,
    /// Once under the old keys, then under the new ones.
    messaging: SecureMessaging,
    cipher: Cipher,
    /// Answered to what comes first.
    refusal: Option<u16>,
    commands: Vec<(u8, u8, u8, Vec<u8>)>,
}

fn old_keys() -> SecureMessaging {
    SecureMessaging::new(Cipher::TripleDes, &[1; 16], &[2; 16], &[0; 8]).unwrap()
}

impl Chip {
    fn new(parameters: u8, cipher: Cipher) -> Chip {
        Chip {
            group: standardized(parameters).unwrap(),
            private: Scalar::from_bytes(&PRIVATE).unwrap(),
            messaging: old_keys(),
            cipher,
            refusal: None,
            commands: Vec::new(),
        }
    }

    fn agree(&self, public: &[u8]) -> SecureMessaging {
        let public = self.group.decode(public).unwrap();
        let shared = self.group.multiply(&public, &self.private).unwrap();
        let secret = self.group.shared_secret(shared).unwrap();
        let encryption = derive_key(&secret, 1, self.cipher);
        let authentication = derive_key(&secret, 2, self.cipher);
        SecureMessaging::new(self.cipher, &encryption, &authentication, &[]).unwrap()
    }

    fn infos(&self, key_id: Option<u8>) -> SecurityInfos {
        let elliptic = self.group.is_curve();
        let generator = self.group.generator().unwrap();
        let public = self
            .group
            .multiply(&generator, &Scalar::from_bytes(&PRIVATE).unwrap());
        let mut bits = vec![0];
        let encoded = self.group.encode(&public.unwrap()).unwrap();
        match elliptic {
            true => bits.extend(encoded),
            false => bits.extend(UintRef::new(&encoded).unwrap().to_der().unwrap()),
        }
        let id = key_id.map(|id| vec![0x02, 0x01, id]).unwrap_or_default();
        let parameters = match (elliptic, self.group.scalar_bytes()) {
            (true, _) => 13,
            (false, 20) => 0,
            (false, _) => 2,
        };
        let kind = if elliptic { 2 } else { 1 };
        let cipher = match self.cipher {
            Cipher::TripleDes => 1,
            Cipher::Aes128 => 2,
            Cipher::Aes192 => 3,
            Cipher::Aes256 => 4,
        };
        let wrap = |tag: u32, parts: &[&[u8]]| {
            let mut out = Vec::new();
            tlv::write(&mut out, tag, &parts.concat());
            out
        };
        let bsi = [0x04, 0x00, 0x7F, 0x00, 0x07];
        let algorithm = wrap(
            0x30,
            &[&wrap(0x06, &[&bsi, &[1, 2]]), &[0x02, 1, parameters]],
        );
        let spki = wrap(0x30, &[&algorithm, &wrap(0x03, &[&bits])]);
        let key = wrap(0x30, &[&wrap(0x06, &[&bsi, &[2, 2, 1, kind]]), &spki, &id]);
        let info = wrap(
            0x30,
            &[
                &wrap(0x06, &[&bsi, &[2, 2, 3, kind, cipher]]),
                &[0x02, 1, 1],
                &id,
            ],
        );
        SecurityInfos::parse(&wrap(0x31, &[&key, &info])).unwrap()
    }
}

impl CardChannel for Chip {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let command = Command::parse(apdu).unwrap();
        let Ok(plain) = self.messaging.unprotect_command(&command) else {
            return Ok(vec![0x69, 0x88]);
        };
        self.commands
            .push((plain.ins, plain.p1, plain.p2, plain.data.to_vec()));
        let mut restarted = None;
        let (data, status): (&[u8], u16) = match (self.refusal, plain.ins, plain.p2) {
            (Some(status), ..) => (&[], status),
            (None, 0x22, 0xA6) => {
                let public = tlv::first(&plain.data, 0x91).unwrap().unwrap();
                restarted = Some(self.agree(public));
                (&[], 0x9000)
            }
            (None, 0x22, 0xA4) => (&[], 0x9000),
            (None, 0x86, _) => {
                let object = tlv::only(&plain.data, 0x7C).unwrap();
                restarted = Some(self.agree(tlv::only(object, 0x80).unwrap()));
                (&[0x7C, 0x00], 0x9000)
            }
            (None, 0xB0, _) => (&[0x60, 0x14, 0x5F, 0x01], 0x9000),
            _ => (&[], 0x6D00),
        };
        let response = Response::new(data, StatusWord(status));
        let answer = self
            .messaging
            .protect_response(plain.ins, &response)
            .unwrap();
        if let Some(restarted) = restarted {
            self.messaging = restarted;
        }
        Ok(answer.encode().to_vec())
    }
}

fn run_on(chip: &mut Chip, infos: &SecurityInfos) -> Result<Performed, ReadError> {
    let mut session = Session::new(chip);
    session.set_secure_messaging(old_keys());
    perform(&mut session, infos, &mut system_random)
}

#[test]
fn a_chip_with_the_key_is_proved() {
    for parameters in [0, 2, 13] {
        for cipher in [
            Cipher::TripleDes,
            Cipher::Aes128,
            Cipher::Aes192,
            Cipher::Aes256,
        ] {
            let mut chip = Chip::new(parameters, cipher);
            let infos = chip.infos(Some(5));
            assert_eq!(
                run_on(&mut chip, &infos),
                Ok(Performed::Proved),
                "{cipher:?}"
            );
            let steps: Vec<_> = chip.commands.iter().map(|it| (it.0, it.2)).collect();
            let expected: &[_] = match cipher {
                Cipher::TripleDes => &[(0x22, 0xA6), (0xB0, 0)],
                _ => &[(0x22, 0xA4), (0x86, 0), (0xB0, 0)],
            };
            assert_eq!(steps, expected);
            assert!(chip.commands[0].3.ends_with(&[0x84, 0x01, 0x05]));
        }
    }
}

#[test]
fn one_key_is_not_named() {
    let mut chip = Chip::new(13, Cipher::Aes128);
    let infos = chip.infos(None);
    assert_eq!(run_on(&mut chip, &infos), Ok(Performed::Proved));
    let (.., data) = &chip.commands[0];
    assert_eq!(hex::encode(data), "800a04007f00070202030202");
}

/// A key without a ChipAuthenticationInfo means 3DES.
#[test]
fn a_key_alone_means_3des() {
    let mut chip = Chip::new(13, Cipher::TripleDes);
    let mut infos = chip.infos(None);
    infos.chip_authentication.clear();
    assert_eq!(run_on(&mut chip, &infos), Ok(Performed::Proved));
}

#[test]
fn a_clone_fails() {
    for cipher in [Cipher::TripleDes, Cipher::Aes256] {
        let mut chip = Chip::new(13, cipher);
        let infos = chip.infos(None);
        chip.private = Scalar::from_bytes(&[0x36; 20]).unwrap();
        let performed = run_on(&mut chip, &infos).unwrap();
        assert!(matches!(performed, Performed::Failed(_)), "{performed:?}");
    }
}

#[test]
fn a_refusal_leaves_the_old_keys() {
    let mut chip = Chip::new(13, Cipher::Aes128);
    chip.refusal = Some(0x6A88);
    let infos = chip.infos(None);
    let mut session = Session::new(&mut chip);
    session.set_secure_messaging(old_keys());
    let performed = perform(&mut session, &infos, &mut system_random).unwrap();
    assert_eq!(performed, Performed::Refused("MSE:Set: SW 6A88".into()));
    assert!(session.is_secure());
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut chip = Chip::new(13, Cipher::Aes128);
    let none = SecurityInfos::default();
    assert!(matches!(
        run_on(&mut chip, &none),
        Ok(Performed::NotOffered(_))
    ));
    // A point beside its curve.
    let mut infos = chip.infos(None);
    *infos.chip_authentication_keys[0]
        .public_key
        .last_mut()
        .unwrap() ^= 1;
    assert!(matches!(
        run_on(&mut chip, &infos),
        Ok(Performed::NotOffered(_))
    ));
    assert!(chip.commands.is_empty());
}
