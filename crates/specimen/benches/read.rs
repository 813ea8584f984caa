//! What one read costs: PACE over brainpoolP256r1, EF.COM, EF.SOD, DG1 and a DG2 of
//! 19 kB. `cargo bench -p specimen` fails where a number is above its limit.
//!
//! Own computing is the whole read less what the chip of software takes. The time on
//! a real chip is reckoned by the model of 12 ms for each APDU and 30 kB/s.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chip::{CardChannel, ChannelError, ChipRead, DataGroup, ReadRequest};
use specimen::{
    Authority, ChipConfig, SeededRandom, Specimen, SpecimenChip, SpecimenConfig, portrait,
};

const ROUNDS: usize = 50;
const OWN: Duration = Duration::from_millis(60);

/// Adds up how long the chip takes.
struct Timed {
    chip: SpecimenChip,
    elapsed: Duration,
}

impl CardChannel for Timed {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let start = Instant::now();
        let answer = self.chip.transmit(command);
        self.elapsed += start.elapsed();
        answer
    }
}

fn main() -> ExitCode {
    let mut random = SeededRandom::new(1);
    let authority = Authority::new("KZ", &mut random).expect("an authority");
    let mut good = true;
    println!("            APDUs  bytes  on a chip  own median  own slowest");
    for (name, extended_length, most_apdus, most_time) in [
        ("extended", Some(0x1_0000), 20, Duration::from_millis(1200)),
        ("short", None, 104, Duration::from_millis(2500)),
    ] {
        let mut own = Vec::new();
        let mut last: Option<ChipRead> = None;
        for _ in 0..ROUNDS {
            let portrait = portrait::silhouette(19_000).expect("a portrait");
            let config = SpecimenConfig::passport(portrait);
            let specimen = Specimen::new(config, &authority, &mut random).expect("a document");
            let request = ReadRequest {
                access: specimen.mrz_key().expect("a key"),
                data_groups: vec![DataGroup::DG1, DataGroup::DG2],
                challenge: [7; 8],
                short_only: false,
            };
            let config = ChipConfig {
                extended_length,
                ..ChipConfig::default()
            };
            let mut timed = Timed {
                chip: SpecimenChip::new(specimen, config, Box::new(random.clone())),
                elapsed: Duration::ZERO,
            };
            let start = Instant::now();
            let read = chip::read_document(&mut timed, &request, &mut |_| ()).expect("a read");
            own.push(start.elapsed().saturating_sub(timed.elapsed));
            last = Some(read);
        }
        own.sort();
        let (Some(read), Some(slowest)) = (last, own.last()) else {
            return ExitCode::FAILURE;
        };
        let median = own[own.len() / 2];
        let time = Duration::from_millis(12) * read.apdus
            + Duration::from_secs_f64(read.bytes as f64 / 30_000.0);
        println!(
            "{name:10}  {:5}  {:5}  {:6} ms  {:7.2} ms  {:8.2} ms",
            read.apdus,
            read.bytes,
            time.as_millis(),
            median.as_secs_f64() * 1e3,
            slowest.as_secs_f64() * 1e3,
        );
        good &= read.apdus <= most_apdus && time <= most_time && median <= OWN;
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
