//! Draws every screen as small pictures into a folder, to be looked at:
//! `cargo xtask screens` does so for docs/screens.

fn main() -> anyhow::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        anyhow::bail!("name the folder for the pictures");
    };
    kiosk::ui::headless::contact_sheet(folder.as_ref())
}
