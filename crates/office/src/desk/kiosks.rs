//! Kiosks as an administrator sees and changes them.

use anyhow::{Context, Result, bail};
use exchange::{Digest, KioskId, UnixMillis};

use super::Desk;
use crate::{
    authority::tls::TlsAuthority,
    db::{Database, kiosks, submissions},
    keys, receive,
};

const TOKEN_HOURS: i64 = 24;

/// What `office kiosk add` prints, once.
#[derive(serde::Serialize)]
pub struct Invitation {
    pub kiosk: KioskId,
    /// 128 random bits; the office keeps its hash.
    pub token: String,
    pub expires_at: UnixMillis,
}

/// Makes a one-use token for a new kiosk.
///
/// # Errors
/// The id belongs to a kiosk that has already used its token.
pub fn invite(database: &Database, id: &KioskId) -> Result<Invitation> {
    let now = UnixMillis::from_system_clock();
    let token = keys::random_hex::<16>()?;
    let expires_at = now.plus_millis(TOKEN_HOURS * 3_600_000);
    let digest = Digest::of(token.as_bytes());
    if !database.write(|t| kiosks::invite(t, id, &digest, expires_at, now))? {
        bail!("there is already a kiosk {id}");
    }
    Ok(Invitation {
        kiosk: id.clone(),
        token,
        expires_at,
    })
}

/// A kiosk with what concerns it elsewhere.
#[derive(serde::Serialize)]
pub struct KioskOverview {
    #[serde(flatten)]
    pub kiosk: kiosks::Kiosk,
    /// To be compared with those on the kiosk's screen while it awaits confirmation.
    pub fingerprint_words: Option<Vec<String>>,
    /// Submissions of its count that never arrived, between the first and the last.
    pub missing_submissions: u64,
}

impl Desk {
    /// All kiosks, with last seen and queue depth in `heartbeat`.
    ///
    /// # Errors
    /// The database's.
    pub fn kiosks(&self) -> Result<Vec<KioskOverview>> {
        self.database.read(|c| {
            kiosks::list(c)?
                .into_iter()
                .map(|kiosk| {
                    let keys = kiosk
                        .tls_csr_pem
                        .as_ref()
                        .zip(kiosk.manifest_key_pem.as_ref());
                    Ok(KioskOverview {
                        fingerprint_words: keys.and_then(|(t, m)| receive::fingerprint(t, m)),
                        missing_submissions: submissions::missing_sequences(c, &kiosk.id)?,
                        kiosk,
                    })
                })
                .collect()
        })
    }

    /// The words were compared: gives the kiosk its client certificate.
    ///
    /// # Errors
    /// No kiosk of that id awaits confirmation.
    pub fn confirm_kiosk(&self, id: &KioskId) -> Result<()> {
        let kiosk = self
            .database
            .read(|c| kiosks::by_id(c, id))?
            .with_context(|| format!("there is no kiosk {id}"))?;
        let (Some(request), kiosks::KioskState::Awaiting) = (&kiosk.tls_csr_pem, kiosk.state)
        else {
            bail!("kiosk {id} does not await confirmation");
        };
        let ca = self.channel_authority()?;
        let now = UnixMillis::from_system_clock();
        let pem = ca.kiosk(request.as_bytes(), id, now)?;
        let (_, der) = der::pem::decode_vec(pem.as_bytes())
            .map_err(|e| anyhow::anyhow!("reading the new certificate: {e}"))?;
        let digest = Digest::of(&der);
        if !self
            .database
            .write(|t| kiosks::confirm(t, id, &pem, &digest, now))?
        {
            bail!("kiosk {id} does not await confirmation");
        }
        Ok(())
    }

    /// Read when it is needed, and cleared after.
    pub(super) fn channel_authority(&self) -> Result<TlsAuthority> {
        let key = keys::read_secret(&self.layout.tls_ca_key())?;
        Ok(TlsAuthority::from_pem(
            &keys::read_text(&self.layout.tls_ca_certificate())?,
            std::str::from_utf8(&key)?,
        )?)
    }

    /// From now on its certificate opens nothing.
    ///
    /// # Errors
    /// There is no such kiosk, or it was revoked before.
    pub fn revoke_kiosk(&self, id: &KioskId) -> Result<()> {
        let now = UnixMillis::from_system_clock();
        if !self.database.write(|t| kiosks::revoke(t, id, now))? {
            bail!("there is no kiosk {id} that could be revoked");
        }
        Ok(())
    }
}
