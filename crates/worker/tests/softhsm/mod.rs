//! A SoftHSM2 token of a test's own, for a worker that has no environment but its
//! profile's; by its own module, or by `unreliable_module.c` in front of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;
use worker::TokenPlace;

pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub const PIN: &str = "24682468";

const PROFILE: &str = include_str!("../../../keystore/profiles/softhsm2.toml");
const CONFIGURATION: &str = "SOFTHSM2_CONF";

pub struct SoftHsm(TempDir);

impl SoftHsm {
    pub fn with_pin(pin: &str) -> SoftHsm {
        let token = SoftHsm(tempfile::tempdir().unwrap());
        let tokens = token.path("tokens");
        fs::create_dir(&tokens).unwrap();
        let text = format!("directories.tokendir = {tokens}\nlog.level = ERROR\n");
        fs::write(token.path("softhsm2.conf"), text).unwrap();
        let words = ["--init-token", "--free", "--label", "Citizen"];
        let done = Command::new("softhsm2-util")
            .args(words)
            .args(["--so-pin", "87654321", "--pin", pin])
            .env(CONFIGURATION, token.path("softhsm2.conf"))
            .output()
            .expect("Debian's package softhsm2");
        assert!(done.status.success(), "{done:?}");
        token.use_good_module();
        token
    }

    pub fn place(&self) -> TokenPlace {
        TokenPlace::Modules {
            profiles: vec![self.path("profile.toml")],
        }
    }

    pub fn use_good_module(&self) {
        let configuration = self.path("softhsm2.conf");
        self.use_module(MODULE, &[(CONFIGURATION, &configuration)]);
    }

    /// From the next start of a worker on.
    pub fn use_module(&self, module: &str, environment: &[(&str, &str)]) {
        assert!(PROFILE.contains(MODULE));
        let mut text = PROFILE.replace(MODULE, module) + "\n[environment]\n";
        for (name, value) in environment {
            text += &format!("{name} = \"{value}\"\n");
        }
        // At once, for a worker that starts just now.
        fs::write(self.path("next.toml"), text).unwrap();
        fs::rename(self.path("next.toml"), self.path("profile.toml")).unwrap();
    }

    /// Until [`hang_no_more`](Self::hang_no_more).
    pub fn hang_in(&self, function: &str) {
        fs::write(self.path("hang"), "").unwrap();
        let file = self.path("hang");
        self.use_unreliable(&[("UNRELIABLE_HANG", function), ("UNRELIABLE_WHILE", &file)]);
    }

    pub fn hang_no_more(&self) {
        fs::remove_file(self.path("hang")).unwrap();
    }

    /// In front of that many a write, or with "+" behind it.
    pub fn kill_at(&self, write: &str) {
        self.use_unreliable(&[("UNRELIABLE_KILL", write)]);
    }

    /// Processes that work for this token.
    pub fn workers(&self) -> Vec<u32> {
        let profile = self.path("profile.toml");
        let works_here = |process: &u32| {
            fs::read_to_string(format!("/proc/{process}/cmdline"))
                .is_ok_and(|words| words.contains(&profile))
        };
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter(works_here).collect()
    }

    pub fn list_too_short(&self) {
        self.use_unreliable(&[("UNRELIABLE_LIST", "always")]);
    }

    fn use_unreliable(&self, behaviour: &[(&str, &str)]) {
        let configuration = self.path("softhsm2.conf");
        let behind = [
            (CONFIGURATION, &*configuration),
            ("UNRELIABLE_MODULE", MODULE),
        ];
        let module = unreliable_module().to_str().unwrap();
        self.use_module(module, &[&behind[..], behaviour].concat());
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Compiled once in a test program.
fn unreliable_module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/unreliable_module.c"
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("unreliable_module.so");
        let next = folder.join(format!("unreliable_module.{}", std::process::id()));
        let done = Command::new("cc")
            .args(["-std=gnu11", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .args([next.as_path(), Path::new(source)])
            .output()
            .expect("Debian's package gcc");
        assert!(done.status.success(), "{done:?}");
        // Another run may have it loaded.
        fs::rename(next, &library).unwrap();
        library
    })
}
