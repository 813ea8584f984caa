//! EF.CardAccess and DG14, down to the groups they name; DG15 and a signature by its
//! key.

#![no_main]

use chip::active_authentication;
use chip::security_info::SecurityInfos;
use chip::{ChipFiles, DataGroup, FileId, card_access};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for infos in [SecurityInfos::parse(data), SecurityInfos::of_dg14(data)] {
        let Ok(infos) = infos else { continue };
        for pace in &infos.pace {
            let _ = infos.pace_group(pace);
        }
        for key in &infos.chip_authentication_keys {
            let _ = key.group();
        }
    }
    let mut files = ChipFiles::default();
    files.insert(FileId::CardAccess, data.to_vec());
    files.insert(FileId::DataGroup(DataGroup::DG14), data.to_vec());
    let _ = card_access::compare(&files);
    // The last of it as a signature by the key before it.
    for length in [56, 64, 128] {
        if let Some(at) = data.len().checked_sub(length) {
            let (dg15, signature) = data.split_at(at);
            active_authentication::verify(dg15, Some(data), &[7; 8], signature);
        }
    }
});
