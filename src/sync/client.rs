//! One connection pool to the office, and how its answers are read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::api::ApiError;
use reqwest::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::{Credentials, SeenDates, SyncError, TimeFloor, tls};

/// Where the office is and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeConfig {
    /// `https://office.example.kz:8443`
    pub base_url: String,
    /// Certificate of the office's TLS authority, PEM: the only root.
    pub office_ca_pem: String,
}

/// Talks to the office. Cheap to clone.
#[derive(Clone)]
pub struct OfficeClient {
    http: reqwest::Client,
    base: Url,
    credentials: Option<Arc<Credentials>>,
    floor: Arc<TimeFloor>,
}

/// A slow satellite line answers within this; longer work has its own clock.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// Bytes sent and not acknowledged for this long: the line is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// No answer of the office is longer.
const LONGEST_ANSWER: usize = 256 << 10;

impl OfficeClient {
    /// For a provisioned kiosk.
    ///
    /// # Errors
    /// [`SyncError::Configuration`].
    pub fn new(
        config: &OfficeConfig,
        credentials: Credentials,
        floor: Arc<TimeFloor>,
    ) -> Result<Self, SyncError> {
        Self::build(config, Some(Arc::new(credentials)), floor, true)
    }

    /// For a new kiosk: only [`Self::provision`] works.
    ///
    /// # Errors
    /// [`SyncError::Configuration`].
    pub fn unprovisioned(config: &OfficeConfig, floor: Arc<TimeFloor>) -> Result<Self, SyncError> {
        Self::build(config, None, floor, true)
    }

    /// Only to ask the time, with a certificate whose dates do not fit: who of the two is wrong
    /// about the time is then known.
    ///
    /// # Errors
    /// [`SyncError::Configuration`].
    pub fn date_blind(
        config: &OfficeConfig,
        credentials: Option<Credentials>,
        floor: Arc<TimeFloor>,
    ) -> Result<(Self, SeenDates), SyncError> {
        let credentials = credentials.map(Arc::new);
        let (tls, seen) = tls::date_blind(
            &config.office_ca_pem,
            credentials.as_deref(),
            Arc::clone(&floor),
        )?;
        let client = Self::over(config, tls, credentials, floor, true)?;
        Ok((client, seen))
    }

    pub(super) fn build(
        config: &OfficeConfig,
        credentials: Option<Arc<Credentials>>,
        floor: Arc<TimeFloor>,
        https_only: bool,
    ) -> Result<Self, SyncError> {
        // Without TLS there is nothing to show a certificate to.
        let shown = credentials.as_deref().filter(|_| https_only);
        let tls = tls::configuration(&config.office_ca_pem, shown, Arc::clone(&floor))?;
        Self::over(config, tls, credentials, floor, https_only)
    }

    fn over(
        config: &OfficeConfig,
        tls: rustls::ClientConfig,
        credentials: Option<Arc<Credentials>>,
        floor: Arc<TimeFloor>,
        https_only: bool,
    ) -> Result<Self, SyncError> {
        let bad = |e: &dyn std::fmt::Display| SyncError::Configuration(e.to_string());
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(https_only)
            .http1_only()
            // The environment's proxies and redirects lead elsewhere than to the office.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("qoltanba/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .tcp_user_timeout(SILENCE)
            .pool_idle_timeout(Duration::from_secs(90))
            .build()
            .map_err(|e| bad(&e))?;
        let base = Url::parse(&config.base_url).map_err(|e| bad(&e))?;
        Ok(Self {
            http,
            base,
            credentials,
            floor,
        })
    }

    pub fn floor(&self) -> &TimeFloor {
        &self.floor
    }

    /// # Errors
    /// [`SyncError::NotProvisioned`].
    pub fn credentials(&self) -> Result<&Credentials, SyncError> {
        self.credentials.as_deref().ok_or(SyncError::NotProvisioned)
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, SyncError> {
        let url = self
            .base
            .join(path)
            .map_err(|e| SyncError::Unexpected(format!("not an address: {e}")))?;
        // An answer must not send the kiosk elsewhere.
        if url.origin() != self.base.origin() {
            return Err(SyncError::Unexpected("an address of another host".into()));
        }
        Ok(url)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, SyncError> {
        Ok(self.http.request(method, self.url(path)?))
    }

    pub(super) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, SyncError> {
        let request = self.request(Method::GET, path)?.timeout(ANSWER_WITHIN);
        whole(request.send().await?).await
    }

    /// `None`: there is nothing (204).
    pub(super) async fn get_if_any<A: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<A>, SyncError> {
        let request = self.request(Method::GET, path)?.timeout(ANSWER_WITHIN);
        let response = request.send().await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        whole(response).await.map(Some)
    }

    /// JSON that is sent as it is: it was signed and kept.
    pub(super) async fn post_text(&self, path: &str, text: String) -> Result<Response, SyncError> {
        let request = self.request(Method::POST, path)?.timeout(ANSWER_WITHIN);
        let request = request.header(CONTENT_TYPE, "application/json").body(text);
        Ok(request.send().await?)
    }

    pub(super) async fn put<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, SyncError> {
        let request = self.request(Method::PUT, path)?.timeout(ANSWER_WITHIN);
        whole(with_json(request, body)?.send().await?).await
    }

    /// For bodies that hold secrets or name a person: the connection is closed after it, so that
    /// its buffers do not live on in the pool.
    pub(super) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<A, SyncError> {
        whole(self.post_raw(path, body).await?).await
    }

    pub(super) async fn post_raw(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Response, SyncError> {
        let request = self
            .request(Method::POST, path)?
            .header(CONNECTION, "close")
            .timeout(ANSWER_WITHIN);
        Ok(with_json(request, body)?.send().await?)
    }
}

fn with_json(request: RequestBuilder, body: &impl Serialize) -> Result<RequestBuilder, SyncError> {
    // Grown beforehand: a growing buffer would leave pieces of it behind.
    let mut text = Zeroizing::new(Vec::with_capacity(8 << 10));
    serde_json::to_writer(&mut *text, body).map_err(|e| SyncError::Unexpected(e.to_string()))?;
    Ok(request
        .header(CONTENT_TYPE, "application/json")
        .body(Bytes::from_owner(text)))
}

/// The JSON of a success, or why it is none.
pub(super) async fn whole<A: DeserializeOwned>(response: Response) -> Result<A, SyncError> {
    if response.status() != StatusCode::OK {
        return Err(refusal(response).await);
    }
    if !is_json(response.headers()) {
        return Err(SyncError::CaptivePortal(
            "a page instead of an answer".into(),
        ));
    }
    let body = limited(response).await?;
    serde_json::from_slice(&body).map_err(|e| {
        // serde's message may quote the body.
        let place = format!(
            "not the expected JSON, line {} column {}",
            e.line(),
            e.column()
        );
        SyncError::Unexpected(place)
    })
}

/// What an answer other than the expected one means.
pub(super) async fn refusal(response: Response) -> SyncError {
    let status = response.status();
    let wait = retry_after(response.headers());
    let reason: Option<ApiError> = if is_json(response.headers()) {
        match limited(response).await {
            Ok(body) => serde_json::from_slice(&body).ok(),
            Err(_) => None,
        }
    } else {
        None
    };
    SyncError::of_status(status, wait, reason)
}

async fn limited(mut response: Response) -> Result<Vec<u8>, SyncError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(SyncError::Unexpected("an answer without end".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(';').next() == Some("application/json"))
}

/// In seconds (RFC 9110 section 10.2.3). The office never sends a date; a proxy's date is passed
/// over in favour of the kiosk's own backoff.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value: &HeaderValue = headers.get(RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
