use super::*;
use apdu::CardChannel;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Answers in a row, each to the command expected.
struct Script(Vec<(&'static str, &'static str)>);

impl CardChannel for Script {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let (expected, answer) = self.0.remove(0);
        assert_eq!(hex::encode_upper(command), expected);
        Ok(bytes(answer))
    }
}

fn key() -> MrzKey {
    MrzKey::new("L898902C<", "690806", "940623").unwrap()
}

const RANDOM: &str = "781723860C06C2260B795240CB7049B01C19B33E32804F0B";
const AUTHENTICATE: &str =
    "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728";
const ANSWER: &str =
    "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000";

fn run(script: &mut Script, short: bool) -> Result<Option<bool>, ReadError> {
    let mut session = Session::new(script);
    if short {
        session.keep_short();
    }
    let random = bytes(RANDOM).try_into().unwrap();
    perform_with(&mut session, &key(), &random)?;
    // The first protected command proves keys and counter (appendix D.4).
    let select = Command::new(0xA4, 0x02, 0x0C, &[0x01, 0x1E], None);
    assert!(session.send(&select)?.status.is_ok());
    Ok(session.extended())
}

const SELECT_COM: (&str, &str) = (
    "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
    "990290008E08FA855A5D4C50A8ED9000",
);

/// ICAO 9303-11, appendix D.3 and D.4.
#[test]
fn the_worked_example() {
    let mut script = Script(vec![
        ("0084000008", "4608F919887022129000"),
        (AUTHENTICATE, ANSWER),
        SELECT_COM,
    ]);
    assert_eq!(run(&mut script, true), Ok(Some(false)));
    assert!(script.0.is_empty());
}

/// ICAO 9303-11, appendix D.2.
#[test]
fn the_keys_of_the_worked_example() {
    let keys = AccessKeys::of(&key());
    assert_eq!(
        keys.encryption[..],
        bytes("AB94FDECF2674FDFB9B391F85D7F76F2")
    );
    assert_eq!(keys.mac[..], bytes("7962D9ECE03D1ACD4C76089DCE131543"));
}

#[test]
fn the_challenge_tells_whether_extended_length_works() {
    let mut takes = Script(vec![
        ("00840000000008", "4608F919887022129000"),
        (AUTHENTICATE, ANSWER),
        SELECT_COM,
    ]);
    assert_eq!(run(&mut takes, false), Ok(Some(true)));
    let mut refuses = Script(vec![
        ("00840000000008", "6700"),
        ("0084000008", "4608F919887022129000"),
        (AUTHENTICATE, ANSWER),
        SELECT_COM,
    ]);
    assert_eq!(run(&mut refuses, false), Ok(Some(false)));
}

#[test]
fn refusals_are_told_apart() {
    let refused = |answer| {
        run(
            &mut Script(vec![
                ("0084000008", "4608F919887022129000"),
                (AUTHENTICATE, answer),
            ]),
            true,
        )
        .unwrap_err()
    };
    let wrong = |tries_left| ReadError::WrongAccessKey { tries_left };
    assert_eq!(refused("6300"), wrong(None));
    assert_eq!(refused("6982"), wrong(None));
    assert_eq!(refused("63C2"), wrong(Some(2)));
    assert_eq!(refused("6983"), ReadError::Blocked);
    assert!(matches!(refused("6D00"), ReadError::NotSupported(_)));
    let none = run(&mut Script(vec![("0084000008", "6D00")]), true);
    assert!(matches!(none, Err(ReadError::NotSupported(_))));
}

#[test]
fn a_chip_that_does_not_know_the_key_is_not_believed() {
    let answered = |answer: &'static str| {
        run(
            &mut Script(vec![
                ("0084000008", "4608F919887022129000"),
                (AUTHENTICATE, answer),
            ]),
            true,
        )
    };
    // One bit of the cryptogram; of the MAC; too short; the reader's own token again.
    for answer in [
        "47B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74489000",
        "46B9342A9000",
        "9000",
        "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A79000",
    ] {
        let error = answered(answer).unwrap_err();
        assert!(matches!(error, ReadError::Protocol { .. }), "{error}");
    }
}
