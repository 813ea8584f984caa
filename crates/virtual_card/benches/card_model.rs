//! How long a document takes whose chip needs 12 ms an APDU and moves 30 kB/s, through a
//! real pcscd: PACE, EF.COM, EF.SOD, DG1 and DG2 with a portrait of 19,000 bytes.
//!
//! Fails where a number is above its limit in the best of five reads.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chip::{AccessKey, DataGroup, ReadRequest};
use serde_json::json;
use virtual_card::{PcscChannel, VirtualReader, program_apart};

const READS: usize = 5;

struct Limit {
    extended: bool,
    apdus: u32,
    time: Duration,
}

const LIMITS: [Limit; 2] = [
    Limit {
        extended: true,
        apdus: 20,
        time: Duration::from_millis(1_200),
    },
    Limit {
        extended: false,
        apdus: 104,
        time: Duration::from_millis(2_500),
    },
];
/// Of this program in one read.
const COMPUTING: Duration = Duration::from_millis(60);

struct Measured {
    apdus: u32,
    bytes: u64,
    time: Duration,
    computing: Duration,
}

fn main() -> ExitCode {
    program_apart(|| {
        let mut reader = VirtualReader::start();
        let document = reader.cards.make(json!({}));
        let mut passed = true;
        for limit in LIMITS {
            reader.cards.insert(
                &document,
                json!({"extended": limit.extended, "latency_ms": 12, "bytes_per_second": 30_000}),
            );
            let best = (0..READS)
                .map(|_| measure(&document.can))
                .min_by_key(|measured| measured.time)
                .expect("some reads");
            let holds =
                best.apdus <= limit.apdus && best.time <= limit.time && best.computing <= COMPUTING;
            passed &= holds;
            println!(
                "{} length: {} APDUs (at most {}), {} bytes, {} ms (at most {}), of them {} ms \
                 own computing (at most {}){}",
                if limit.extended { "extended" } else { "short" },
                best.apdus,
                limit.apdus,
                best.bytes,
                best.time.as_millis(),
                limit.time.as_millis(),
                best.computing.as_millis(),
                COMPUTING.as_millis(),
                if holds { "" } else { ": TOO MUCH" },
            );
        }
        if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    })
}

fn measure(can: &chip::Can) -> Measured {
    let request = ReadRequest {
        access: AccessKey::Can(can.clone()),
        data_groups: vec![DataGroup::DG1, DataGroup::DG2],
        challenge: [0; 8],
        short_only: false,
    };
    let mut channel = PcscChannel::open();
    let (begun, computed) = (Instant::now(), computing());
    let read = chip::read_document(&mut channel, &request, &mut |_| {}).expect("a good card");
    Measured {
        apdus: read.apdus,
        bytes: read.bytes,
        time: begun.elapsed(),
        computing: computing() - computed,
    }
}

/// Processor time of this process so far.
fn computing() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
