//! A kiosk of files: drives, programs, a socket and a steward behind it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream as PlainStream;
use std::path::PathBuf;
use std::sync::Arc;

use steward::config::Programs;
use steward::verbs::Steward;
use steward::{Answer, Config, Reason, Request, client, serve};
use tempfile::TempDir;
use tokio::net::UnixListener;

pub struct Place {
    pub folder: TempDir,
    pub config: Config,
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let program = |name: &str| {
            let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
            symlink(source.join(name), root.join(name)).unwrap();
            root.join(name)
        };
        for name in ["drives", "network", "local", "data"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("calls"), "").unwrap();
        fs::write(root.join("os-release"), "ID=qoltanba\nVERSION_ID=1.0\n").unwrap();
        fs::write(root.join("bundle-version"), "1.0+next").unwrap();
        fs::write(root.join("journal"), "").unwrap();
        fs::write(root.join("mounts"), "").unwrap();
        let config = Config {
            peers: vec![fs::metadata(&root).unwrap().uid()],
            drives: root.join("drives"),
            mount_table: root.join("mounts"),
            state_dir: root.join("state"),
            kiosk_dir: root.join("data"),
            data_dirs: ["data", "local", "network"]
                .map(|name| root.join(name))
                .to_vec(),
            network_dir: root.join("network"),
            os_release: root.join("os-release"),
            local_dir: root.join("local"),
            programs: Programs {
                rauc: program("rauc"),
                systemctl: program("systemctl"),
                journalctl: program("journalctl"),
                networkctl: program("networkctl"),
            },
            ..Config::default()
        };
        Place { folder, config }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn socket(&self) -> PathBuf {
        self.path("socket")
    }

    /// A drive with an empty folder of the steward's, in the table of mounts.
    pub fn drive(&self, name: &str) -> PathBuf {
        let root = self.config.drives.join(name);
        fs::create_dir_all(root.join("qoltanba")).unwrap();
        let device = fs::metadata(&root).unwrap().dev();
        let mut table = fs::read_to_string(&self.config.mount_table).unwrap();
        table += &format!(
            "36 35 {}:{} / {} rw,nosuid,nodev,noexec shared:1 - vfat /dev/sda1 rw\n",
            rustix::fs::major(device),
            rustix::fs::minor(device),
            root.display()
        );
        fs::write(&self.config.mount_table, table).unwrap();
        root.join("qoltanba")
    }

    pub fn start(&self) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let steward = Arc::new(Steward::new(self.config.clone()));
        tokio::spawn(serve::serve(listener, steward));
    }

    /// The last answer and the per cents before it.
    pub async fn ask(&self, request: &str) -> (Answer, Vec<u8>) {
        let request = Request::parse(request).expect(request);
        let mut percents = Vec::new();
        let answer = client::ask(&self.socket(), &request, |percent, _| {
            percents.push(percent)
        })
        .await
        .unwrap();
        (answer, percents)
    }

    pub async fn refused(&self, request: &str) -> Reason {
        match self.ask(request).await.0 {
            Answer::Refused(refusal) => refusal.reason,
            answer => panic!("{answer:?}"),
        }
    }

    /// Bytes as they are, and all that comes back until the steward closes.
    pub async fn say(&self, bytes: Vec<u8>) -> String {
        let socket = self.socket();
        tokio::task::spawn_blocking(move || {
            let mut stream = PlainStream::connect(socket).unwrap();
            // Closed before all is written: it has refused already.
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        })
        .await
        .unwrap()
    }

    /// What was run, a line each.
    pub fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap();
        calls.lines().map(String::from).collect()
    }
}
