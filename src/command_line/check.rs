//! `kiosk check`: every device, a line each.

use anyhow::Result;
use faults::Fault;

use super::Layers;

pub fn check(layers: &Layers) -> Result<bool> {
    let found = kiosk::run::inspect(&layers.load())?;
    for one in &found {
        if layers.json {
            println!("{}", serde_json::to_string(one)?);
        } else {
            let state = if one.ok { "ok" } else { "NOT OK" };
            let code = one.fault.map(Fault::code).unwrap_or_default();
            println!("{:<12} {state:<7} {code:<7} {}", one.device, one.what);
        }
    }
    Ok(found.iter().all(|one| one.ok))
}
