//! pcscd and its own serial driver at the reader: a witness of the framing, of T=1 and
//! of how a reader is configured.

use std::fs;
use std::path::Path;

use apdu::{CardChannel, Command};
use chip::ReadRequest;
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, portrait,
};
use virtual_card::{CardService, PcscChannel, apart_without_documents};
use virtual_reader::{FileCard, InsertedCard, ReaderModel, VirtualSerialReader};

/// By Debian's package libccid.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libccidtwin.so";

/// A private pcscd that has this reader alone.
fn service(tty: &Path, model: &str, directory: &Path) -> CardService {
    assert!(
        Path::new(DRIVER).exists(),
        "Debian's package libccid is missing"
    );
    let text = format!(
        "FRIENDLYNAME \"Token writer\"\nDEVICENAME {}:{model}\nLIBPATH {DRIVER}\n",
        tty.display()
    );
    fs::write(directory.join("token-writer"), text).unwrap();
    CardService::with_readers(directory)
}

fn passport() -> Specimen {
    let authority = Authority::new("KZ", &mut SeededRandom::new(1)).unwrap();
    let config = SpecimenConfig::passport(portrait::silhouette(9_000).unwrap());
    Specimen::new(config, &authority, &mut SeededRandom::new(2)).unwrap()
}

#[test]
fn a_passport_is_read_by_the_card_service() {
    apart_without_documents("a_passport_is_read_by_the_card_service", || {
        let specimen = passport();
        for (name, model) in [
            ("GemPCTwin", ReaderModel::gem_pc_twin()),
            ("GemCoreSIMPro", ReaderModel::gem_core_sim_pro()),
        ] {
            let plugged = VirtualSerialReader::plug_in(model);
            let powered = specimen.clone();
            plugged.insert(InsertedCard::reset_by(move || {
                let random = Box::new(SeededRandom::new(3));
                let config = ChipConfig::default();
                Box::new(SpecimenChip::new(powered.clone(), config, random))
            }));
            let directory = tempfile::tempdir().unwrap();
            let _service = service(plugged.path(), name, directory.path());
            let request = ReadRequest {
                access: specimen.mrz_key().unwrap(),
                data_groups: ReadRequest::DATA_GROUPS.to_vec(),
                challenge: [1, 2, 3, 4, 5, 6, 7, 8],
                short_only: false,
            };
            let mut channel = PcscChannel::open();
            let read = chip::read_document(&mut channel, &request, &mut |_| ())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for (id, content) in specimen.files.iter() {
                assert_eq!(read.files.get(id), Some(content), "{name}: {id}");
            }
        }
    });
}

#[test]
fn long_commands_go_through_the_card_service() {
    apart_without_documents("long_commands_go_through_the_card_service", || {
        let plugged = VirtualSerialReader::plug_in(ReaderModel::gem_pc_twin());
        plugged.insert(InsertedCard::new(Box::new(FileCard::default())));
        let directory = tempfile::tempdir().unwrap();
        let _service = service(plugged.path(), "GemPCTwin", directory.path());
        let mut channel = PcscChannel::open();
        let object: Vec<u8> = (0..1_500_u32).map(|n| n as u8).collect();
        let put = Command::new(0xDB, 0x3F, 0xFF, &object, None);
        let answer = channel.transmit(&put.encode(true).unwrap());
        assert_eq!(answer, Ok(vec![0x90, 0]));
        let get = Command::new(0xCB, 0x3F, 0xFF, &[], Some(65536));
        let answer = channel.transmit(&get.encode(true).unwrap()).unwrap();
        assert!(answer == [&object[..], &[0x90, 0]].concat());
    });
}
