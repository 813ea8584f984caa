//! Another program's reader reads the virtual card.

use chip::FileId;
use emrtd::{EmrtdComms, other_mrz};
use serde_json::json;
use virtual_card::{VirtualReader, apart, connect};

/// Crate `emrtd` by BAC, short APDUs and a portrait below 32,768 bytes, which is all
/// that it can.
#[test]
fn crate_emrtd_reads_the_card_by_bac() {
    apart("crate_emrtd_reads_the_card_by_bac", || {
        let mut reader = VirtualReader::start();
        for holder in ["kaz-card", "utopia-passport"] {
            let document = reader.cards.make(json!({"holder": holder}));
            reader.cards.insert(&document, json!({}));
            let mrz = document.parsed_mrz();
            let mut card = EmrtdComms::new(connect());
            card.select_emrtd_application().unwrap();
            let number = format!("{:<<9}", mrz.document_number());
            let key = other_mrz(&number, mrz.birth_date(), mrz.expiry_date()).unwrap();
            card.establish_bac_session_keys(key.as_bytes()).unwrap();
            for name in ["EF.COM", "EF.SOD", "DG1", "DG2"] {
                let file: FileId = name.parse().unwrap();
                let identifier = file.identifier().to_be_bytes();
                card.select_ef(&identifier, name, true).unwrap();
                let read = card.read_data_from_ef(true).unwrap();
                assert!(read == document.files[&file], "{holder}: {name} differs");
            }
            drop(card);
            let sessions = reader.cards.take_out();
            println!("{holder} by emrtd: {sessions:?}");
        }
    });
}
