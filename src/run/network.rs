//! Why the office does not answer, found step by step from this kiosk's address to the
//! office's word. Chooses the fault of a lost link, and shows a technician how far it goes.

mod paths;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use exchange::UnixMillis;
use faults::Fault;
use reqwest::Url;
use serde::Serialize;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use x509_cert::der::DateTime;

use crate::config::Config;
use crate::sync::{CertificateDates, Credentials, Identity, OfficeClient, SyncError, TimeFloor};

use super::clock::FAR_OFF_MILLIS;
use super::link::{office_config, time_floor, tpm};

/// From near to far; each needs those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An interface has an address that others can answer.
    Address,
    /// There is a default route, or the office lies in a network of this kiosk's own.
    Route,
    /// The office's host name has an address.
    Name,
    /// The office's port takes a connection.
    Connection,
    /// Whoever answers shows a certificate of the office's authority that is valid now.
    Certificate,
    /// This kiosk's clock agrees with the office's.
    Clock,
    /// The office knows this kiosk and answers it.
    Answer,
}

impl Step {
    pub const ALL: [Step; 7] = [
        Step::Address,
        Step::Route,
        Step::Name,
        Step::Connection,
        Step::Certificate,
        Step::Clock,
        Step::Answer,
    ];
}

/// What a step found, in English for the technician; nothing of a citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    Good(String),
    Bad {
        fault: Fault,
        what: String,
    },
    /// What it needs is missing.
    NotReached,
}

/// What all steps together say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Of the first step that is bad.
    pub fault: Option<Fault>,
    /// The office's word, signed and just received.
    pub office_time: Option<UnixMillis>,
    /// Nothing is in the way of the link.
    pub reaches: bool,
}

/// The resolver asks two servers twice, five seconds each (resolv.conf(5)).
const NAME_WITHIN: Duration = Duration::from_secs(12);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// For TLS and one small answer over a slow satellite line.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Looks at each step and tells it as it is found. Asks nothing of the office but the time,
/// and needs no queue: it may run beside the link. At most a minute.
pub async fn diagnose(config: &Config, on_step: impl Fn(Step, StepResult)) -> Diagnosis {
    let mut steps = Steps {
        on_step,
        next: 0,
        found: Diagnosis::default(),
    };
    // The first bad step ends it; which one is in what was found.
    let _ = steps.walk(config).await;
    for step in &Step::ALL[steps.next..] {
        (steps.on_step)(*step, StepResult::NotReached);
    }
    steps.found
}

struct Steps<F> {
    on_step: F,
    /// Place in [`Step::ALL`] of the next one to be told.
    next: usize,
    found: Diagnosis,
}

/// A step was bad, and has been told.
struct Ends;

impl<F: Fn(Step, StepResult)> Steps<F> {
    fn good(&mut self, what: impl Into<String>) {
        self.tell(StepResult::Good(what.into()));
    }

    fn bad(&mut self, fault: Fault, what: impl Into<String>) -> Ends {
        self.found.fault.get_or_insert(fault);
        let what = what.into();
        self.tell(StepResult::Bad { fault, what });
        Ends
    }

    fn tell(&mut self, result: StepResult) {
        if let Some(step) = Step::ALL.get(self.next) {
            (self.on_step)(*step, result);
        }
        self.next += 1;
    }

    async fn walk(&mut self, config: &Config) -> Result<(), Ends> {
        let Some(office) = Target::of(&config.office.url) else {
            return Err(self.bad(Fault::ConfigurationBad, "office.url is not set"));
        };
        let resolved = self.local(&office).await?;
        self.reach(&resolved).await?;
        self.speak(config).await
    }

    /// The steps that this kiosk and its own network answer for.
    async fn local(&mut self, office: &Target) -> Result<Vec<SocketAddr>, Ends> {
        let addresses = paths::addresses();
        let routes = paths::default_routes();
        let mut resolved = None;
        let mut direct = false;
        if addresses.is_empty() || routes.is_empty() {
            // An office beside the kiosk, or on the same machine, needs neither.
            let found = office.resolve().await;
            direct = found.iter().flatten().copied().any(paths::leads_to);
            resolved = Some(found);
        }
        match (addresses.is_empty(), direct) {
            (false, _) => self.good(addresses.join(", ")),
            (true, true) => self.good("none, and the office needs none"),
            (true, false) => {
                return Err(self.bad(Fault::NoAddress, "no interface has an address"));
            }
        }
        match (routes.is_empty(), direct) {
            (false, _) => self.good(routes.join(", ")),
            (true, true) => self.good("no default route, and the office needs none"),
            (true, false) => return Err(self.bad(Fault::NoAddress, "no default route")),
        }
        let found = match resolved {
            Some(found) => found,
            None => office.resolve().await,
        };
        match found {
            Ok(addresses) => {
                self.good(format!("{} is {}", office.host, list(&addresses)));
                Ok(addresses)
            }
            Err(e) => {
                let what = format!("{} has no address: {e}", office.host);
                Err(self.bad(Fault::NoNameResolution, what))
            }
        }
    }

    async fn reach(&mut self, addresses: &[SocketAddr]) -> Result<(), Ends> {
        let mut told = String::new();
        for address in addresses {
            match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(_)) => {
                    self.good(format!("{address} takes connections"));
                    return Ok(());
                }
                Ok(Err(e)) => told = format!("{address}: {e}"),
                Err(_) => told = format!("{address}: no answer"),
            }
        }
        Err(self.bad(Fault::OfficeUnreachable, told))
    }

    /// Asks the office the time, whatever the dates of its certificate.
    async fn speak(&mut self, config: &Config) -> Result<(), Ends> {
        let (client, seen) = match date_blind(config) {
            Ok(made) => made,
            Err(e) => return Err(self.bad(e.fault(), e.to_string())),
        };
        let asked = match timeout(ANSWER_WITHIN, client.office_time()).await {
            Ok(asked) => asked,
            Err(_) => Err(SyncError::Unreachable("no answer".into())),
        };
        let Some(dates) = seen.get() else {
            let (fault, what) = match asked {
                Err(e) => (e.fault(), e.to_string()),
                Ok(_) => (Fault::OfficeUntrusted, "no certificate was shown".into()),
            };
            return Err(self.bad(fault, what));
        };
        let wall = UnixMillis::from_system_clock();
        let skew = asked.as_ref().ok().map(|office| wall.0 - office.0);
        let far_off = skew.is_some_and(|skew| skew.abs() > FAR_OFF_MILLIS);
        self.found.office_time = asked.as_ref().ok().copied();
        self.found.reaches = asked.is_ok() && dates == CertificateDates::Fit;
        let told = match dates {
            CertificateDates::Fit => None,
            CertificateDates::ExpiredAt(at) => {
                Some(format!("expired at {}", time_of(at.as_secs())))
            }
            CertificateDates::NotValidBefore(at) => {
                Some(format!("not valid before {}", time_of(at.as_secs())))
            }
        };
        match told {
            None => self.good("is the office's and valid"),
            // Which of the two is wrong only the office's time tells.
            Some(what) if far_off => {
                self.bad(Fault::ClockWrong, what + ", by this kiosk's clock");
            }
            Some(what) => {
                self.bad(Fault::OfficeCertificateExpired, what);
            }
        }
        match skew {
            Some(skew) if far_off => {
                let what = format!("{} days off", skew / 86_400_000);
                self.bad(Fault::ClockWrong, what);
            }
            Some(skew) => self.good(format!("{} s off", skew / 1000)),
            None => self.tell(StepResult::NotReached),
        }
        match asked {
            Ok(_) => self.good("answers, and its signature is right"),
            Err(e) => {
                self.bad(e.fault(), e.to_string());
            }
        }
        Ok(())
    }
}

/// Provisioned or not: without credentials all but the answer can still be seen.
fn date_blind(config: &Config) -> Result<(OfficeClient, crate::sync::SeenDates), SyncError> {
    let identity = Identity::open(&config.data_dir.join("identity"), &tpm(&config.tpm))?;
    let known = identity.as_ref().ok_or(SyncError::NotProvisioned);
    let credentials: Option<Credentials> = match known.and_then(Identity::credentials) {
        Ok(credentials) => Some(credentials),
        Err(SyncError::NotProvisioned) => None,
        Err(e) => return Err(e),
    };
    let floor: TimeFloor = time_floor(&config.data_dir, credentials.as_ref())?;
    OfficeClient::date_blind(
        &office_config(&config.office)?,
        credentials,
        Arc::new(floor),
    )
}

/// Where the office is by the configuration.
struct Target {
    host: String,
    port: u16,
}

impl Target {
    fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// By the system's resolver, unless it is an address already.
    async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let asked = timeout(NAME_WITHIN, lookup_host((self.host.as_str(), self.port))).await;
        let found: Vec<SocketAddr> = asked??.collect();
        if found.is_empty() {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        Ok(found)
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    let all: Vec<String> = addresses.iter().map(|a| a.ip().to_string()).collect();
    all.join(", ")
}

fn time_of(seconds: u64) -> String {
    DateTime::from_unix_duration(Duration::from_secs(seconds))
        .map_or_else(|_| format!("{seconds} s"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::config::Office;

    /// A kiosk that nobody provisioned, and an office at `url`.
    async fn look(url: &str) -> (Diagnosis, Vec<(Step, StepResult)>) {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: dir.path().into(),
            office: Office {
                url: url.into(),
                ca_file: concat!(env!("CARGO_MANIFEST_DIR"), "/src/sync/tests/ca.pem").into(),
                heartbeat_seconds: None,
            },
            ..Config::default()
        };
        let told = Mutex::new(Vec::new());
        let found = diagnose(&config, |step, result| {
            told.lock().unwrap().push((step, result));
        })
        .await;
        (found, told.into_inner().unwrap())
    }

    fn bad(told: &[(Step, StepResult)]) -> Vec<Step> {
        let bad = |(step, result): &(Step, StepResult)| {
            matches!(result, StepResult::Bad { .. }).then_some(*step)
        };
        told.iter().filter_map(bad).collect()
    }

    #[tokio::test]
    async fn every_step_is_told_once_and_in_order() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (found, told) = look(&format!("https://{address}")).await;
        assert_eq!(found.fault, Some(Fault::OfficeUnreachable));
        let steps: Vec<Step> = told.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, Step::ALL);
        assert_eq!(bad(&told), [Step::Connection]);
        assert_eq!(told.last().unwrap().1, StepResult::NotReached);
    }

    #[tokio::test]
    async fn a_name_of_nobody_is_told_as_such() {
        // RFC 2606: this one never resolves. Without any network the name is not come to.
        let (found, told) = look("https://office.invalid:8443").await;
        match found.fault {
            Some(Fault::NoNameResolution) => assert_eq!(bad(&told), [Step::Name]),
            other => assert_eq!(other, Some(Fault::NoAddress), "{told:?}"),
        }
    }

    #[tokio::test]
    async fn who_speaks_no_tls_is_a_portal() {
        let portal = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", portal.local_addr().unwrap());
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            while let Ok((mut stream, _)) = portal.accept().await {
                let _ = stream.write_all(b"HTTP/1.1 302 Found\r\n\r\n").await;
            }
        });
        let (found, told) = look(&url).await;
        assert_eq!(found.fault, Some(Fault::CaptivePortal));
        assert_eq!(bad(&told), [Step::Certificate]);
    }

    #[tokio::test]
    async fn without_an_office_in_the_configuration_there_is_nothing_to_look_at() {
        for url in ["", "https://", "office"] {
            let (found, told) = look(url).await;
            assert_eq!(found.fault, Some(Fault::ConfigurationBad), "{url}");
            assert_eq!(told.len(), Step::ALL.len());
        }
    }
}
