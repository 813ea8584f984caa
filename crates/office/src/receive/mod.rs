//! The public listener: everything a kiosk says to the office.
//!
//! Holds the TLS key, the key that signs receipts and time, and the key under
//! which one-time codes are hashed. It can open no submission and issue nothing.

mod answer;
mod collect;
mod decoy;
mod holders;
mod import;
mod listener;
mod made_key;
mod manifest;
mod phone;
mod provision;
mod renewal;
mod reports;
mod station;
mod tus;
mod updates;

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use exchange::{KioskId, SigningKey, UnixMillis, api, certificates};
use zeroize::Zeroizing;

use crate::{
    config::Configuration,
    db::{Database, kiosks},
    keys,
    layout::Layout,
    objects::{LocalObjects, Objects},
    services::{IdentityRegistry, PhoneRegistry, SmsGateway, StandInRegistry, StandInSms},
};

use answer::Refusal;
pub use import::{Imported, Outcome, import};
pub use listener::run;
pub(crate) use provision::words as fingerprint;

/// What every handler reaches.
pub struct Receive {
    configuration: Configuration,
    database: Arc<Database>,
    objects: Arc<dyn Objects>,
    phones: Arc<dyn PhoneRegistry>,
    persons: Arc<dyn IdentityRegistry>,
    sms: Arc<dyn SmsGateway>,
    receipt_key: SigningKey,
    code_key: Zeroizing<Vec<u8>>,
    /// SubjectPublicKeyInfo of the desk's decision key, to check orders with.
    decision_key: exchange::VerifyingKey,
    decoy: decoy::Decoy,
    /// Folder of the bundles.
    updates: std::path::PathBuf,
    public: Public,
    uploads: tus::Active,
}

/// What is told to a confirmed kiosk.
struct Public {
    sealing_recipients: [String; 2],
    receipt_key_pem: String,
    decision_key_pem: String,
    authority_chain_pem: String,
}

impl Receive {
    /// # Errors
    /// A key or setting of this part cannot be read.
    pub fn open(layout: &Layout) -> Result<Self> {
        let database = Arc::new(Database::open(&layout.database())?);
        let registry = StandInRegistry::new(Arc::clone(&database));
        let recipients = keys::read_text(&layout.recipients())?;
        let mut lines = recipients.lines().map(str::to_owned);
        let (Some(operations), Some(escrow)) = (lines.next(), lines.next()) else {
            anyhow::bail!("{}: two lines expected", layout.recipients().display());
        };
        Ok(Self {
            configuration: Configuration::load(layout)?,
            objects: Arc::new(LocalObjects::new(layout.objects())),
            phones: Arc::new(registry.clone()),
            persons: Arc::new(registry),
            sms: Arc::new(StandInSms::new(Arc::clone(&database))),
            database,
            receipt_key: keys::load_signing_key(&layout.receipt_key())?,
            code_key: keys::read_secret(&layout.code_key())?,
            decision_key: keys::load_verifying_key(&layout.decision_public())?,
            decoy: decoy::Decoy::make()?,
            updates: layout.updates(),
            public: Public {
                sealing_recipients: [operations, escrow],
                receipt_key_pem: keys::read_text(&layout.receipt_public())?,
                decision_key_pem: keys::read_text(&layout.decision_public())?,
                authority_chain_pem: keys::read_text(&layout.authority_chain())?,
            },
            uploads: tus::Active::default(),
        })
    }
}

/// The kiosk whose certificate this connection showed.
#[derive(Clone)]
pub struct Caller {
    id: KioskId,
    manifest_key_pem: String,
}

/// SHA-256 of the client certificate of the connection; `None`: it showed none.
#[derive(Clone, Copy)]
pub struct PeerCertificate(pub Option<exchange::Digest>);

/// All routes; [`PeerCertificate`] must be an extension of every request.
pub fn router(state: Arc<Receive>) -> Router {
    let submissions = api::SUBMISSIONS;
    let kiosk_only = Router::new()
        .route(api::TIME, get(station::time))
        .route(api::HEARTBEAT, post(station::heartbeat))
        .route(api::PHONE_LOOKUP, post(phone::lookup))
        .route(api::PHONE_CODE, post(phone::send_code))
        .route(api::PHONE_CHECK, post(phone::check_code))
        .route(
            &format!("{submissions}/{{id}}/{}", api::MANIFEST_SUFFIX),
            put(manifest::put),
        )
        .route(
            &format!("{submissions}/{{id}}/{}", api::RESULT_SUFFIX),
            get(manifest::result),
        )
        .route(api::COLLECT_OPEN, post(collect::open))
        .route(api::COLLECT_KEY, post(made_key::post))
        .route(api::COLLECT_PROVE, post(collect::prove))
        .route(api::COLLECT_CONFIRM, post(collect::confirm))
        .route(exchange::renewal::NONCE, post(renewal::nonce))
        .route(certificates::CODE, post(holders::code))
        .route(certificates::LIST, post(holders::list))
        .route(certificates::REVOKE, post(holders::revoke))
        .route(exchange::readiness::READINESS, post(reports::readiness))
        .route(exchange::work_order::WORK_ORDERS, post(reports::work_order))
        .route(exchange::update::RESULT, post(reports::update_result))
        .route(exchange::update::OFFER, get(updates::offer))
        .route(
            &format!("{}/{{sha256}}", exchange::update::BUNDLES),
            get(updates::bundle),
        )
        .route(
            exchange::technician::REVOKED,
            get(updates::revoked_technicians),
        )
        .merge(tus::router())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state),
            kiosk_only,
        ));
    Router::new()
        .route(api::PROVISION, post(provision::post))
        .merge(kiosk_only)
        .fallback(async || Refusal::from(api::ApiError::NotFound))
        .with_state(state)
}

/// Lets a request through when its certificate belongs to a confirmed kiosk. Looked up
/// at each request, so that a revocation holds at once.
async fn kiosk_only(
    State(state): State<Arc<Receive>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<PeerCertificate>().copied();
    let Some(PeerCertificate(Some(digest))) = peer else {
        return Refusal::from(api::ApiError::UnknownKiosk).into_response();
    };
    let found = state
        .database
        .run(move |db| {
            let found = db.read(|c| kiosks::by_certificate(c, &digest))?;
            let now = UnixMillis::from_system_clock();
            if let Some(kiosk) = &found {
                // Once a minute is enough for "last seen", and spares a write a request.
                let seen = kiosk.last_seen_at.unwrap_or_default();
                if now.0.abs_diff(seen.0) > 60_000 {
                    db.write(|t| kiosks::seen(t, &kiosk.id, now))?;
                }
            }
            Ok(found)
        })
        .await;
    match found {
        Ok(Some(kiosk)) => {
            let Some(manifest_key_pem) = kiosk.manifest_key_pem else {
                return Refusal::from(api::ApiError::UnknownKiosk).into_response();
            };
            request.extensions_mut().insert(Caller {
                id: kiosk.id,
                manifest_key_pem,
            });
            next.run(request).await
        }
        Ok(None) => Refusal::from(api::ApiError::UnknownKiosk).into_response(),
        Err(e) => Refusal::from(e).into_response(),
    }
}
