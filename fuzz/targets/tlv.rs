//! BER-TLV as a chip sends it.

#![no_main]

use chip::tlv::{self, Header, TlvReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Header::parse(data);
    walk(data, 0);
    for tag in [0x30, 0x53, 0x5F1F, 0x7C, 0x7F61] {
        if let Ok(value) = tlv::only(data, tag) {
            assert_eq!(tlv::first(data, tag), Ok(Some(value)));
            // What is written is read back.
            let mut written = Vec::new();
            tlv::write(&mut written, tag, value);
            assert_eq!(tlv::only(&written, tag), Ok(value));
        }
    }
});

fn walk(data: &[u8], depth: usize) {
    for object in TlvReader::new(data).map_while(Result::ok) {
        assert!(object.raw.ends_with(object.value));
        if object.is_constructed() && depth < 32 {
            walk(object.value, depth + 1);
        }
    }
}
