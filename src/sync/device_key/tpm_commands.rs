//! What is said to the TPM (TPM 2.0 Library, part 3), by the TCG's Enhanced System API.

use std::str::FromStr;
use std::time::Duration;

use exchange::VerifyingKey;
use p256::ecdsa::Signature;
use tss_esapi::attributes::ObjectAttributesBuilder;
use tss_esapi::constants::response_code::Tss2ResponseCodeKind;
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Digest, EccParameter, EccPoint, EccScheme, HashScheme, Private, Public, PublicBuilder,
    PublicEccParametersBuilder, Signature as TpmSignature, SignatureScheme,
    SymmetricDefinitionObject,
};
use tss_esapi::traits::{Marshall, UnMarshall};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;
use tss_esapi::{Context, Error, TctiNameConf};

use super::DeviceKeyError;
use super::tpm::Place;

/// What the TPM gives of a key that it made; of use to that TPM alone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct WrappedKey {
    /// TPMT_PUBLIC
    pub public: Vec<u8>,
    /// Encrypted and authenticated by the parent's seed.
    pub private: Vec<u8>,
}

/// A TPM without a resource manager has room for three: two keys and, while one is loaded, their
/// parent.
const MOST_LOADED: usize = 2;
/// Before each try. A TPM is busy with itself (TPM_RC_RETRY, _TESTING, _NV_RATE) for a moment, and
/// knows no handle any more after a reset.
const TRIES_AFTER: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(300),
    Duration::from_secs(1),
];
/// TPM2_ST_HASHCHECK, TPM2_RH_NULL: the digest was not made by the TPM, which only a restricted
/// key asks for.
const ST_HASHCHECK: u16 = 0x8024;
const RH_NULL: u32 = 0x4000_0007;

/// The connection, opened when it is needed.
pub(super) struct Session {
    place: Place,
    open: Option<Open>,
}

struct Open {
    context: Context,
    loaded: Vec<(WrappedKey, KeyHandle)>,
}

impl Session {
    pub fn new(place: Place) -> Self {
        Self { place, open: None }
    }

    /// TPM2_Create: a P-256 key that signs, and that this TPM gives to nobody.
    pub fn make(&mut self) -> Result<WrappedKey, DeviceKeyError> {
        self.again(|open| {
            let made = open.under_parent(|context, parent| {
                context.create(parent, signing_key()?, None, None, None, None)
            })?;
            Ok(WrappedKey {
                public: made.out_public.marshall()?,
                private: made.out_private.to_vec(),
            })
        })
    }

    /// TPM2_Sign: ECDSA over a SHA-256.
    pub fn sign(
        &mut self,
        key: &WrappedKey,
        digest: [u8; 32],
    ) -> Result<Signature, DeviceKeyError> {
        let signed = self.again(|open| {
            let handle = open.load(key)?;
            let unchecked = TPMT_TK_HASHCHECK {
                tag: ST_HASHCHECK,
                hierarchy: RH_NULL,
                digest: Default::default(),
            };
            let digest = Digest::try_from(digest.to_vec())?;
            open.context
                .sign(handle, digest, SignatureScheme::Null, unchecked.try_into()?)
        })?;
        let TpmSignature::EcDsa(signature) = signed else {
            return Err(DeviceKeyError::WrongSignature);
        };
        let (r, s) = (
            scalar(signature.signature_r()),
            scalar(signature.signature_s()),
        );
        let both = r
            .zip(s)
            .and_then(|(r, s)| Signature::from_scalars(r, s).ok());
        both.ok_or(DeviceKeyError::WrongSignature)
    }

    fn again<T>(
        &mut self,
        work: impl Fn(&mut Open) -> Result<T, Error>,
    ) -> Result<T, DeviceKeyError> {
        let mut failed = DeviceKeyError::Silent;
        for pause in TRIES_AFTER {
            std::thread::sleep(pause);
            match self.opened().and_then(|open| work(open).map_err(meaning)) {
                Ok(done) => return Ok(done),
                Err(e) => failed = e,
            }
            // Handles of a TPM that was reset lead nowhere.
            self.open = None;
            let waiting_helps = matches!(failed, DeviceKeyError::Refused(_));
            if !waiting_helps {
                break;
            }
        }
        Err(failed)
    }

    fn opened(&mut self) -> Result<&mut Open, DeviceKeyError> {
        match &mut self.open {
            Some(open) => Ok(open),
            none => Ok(none.insert(Open::new(&self.place)?)),
        }
    }
}

impl Open {
    fn new(place: &Place) -> Result<Self, DeviceKeyError> {
        let tcti = place.tcti();
        if !place.is_there() {
            return Err(DeviceKeyError::NoTpm(tcti));
        }
        let opened = TctiNameConf::from_str(&tcti).and_then(Context::new);
        let mut context = opened
            .map_err(|e| DeviceKeyError::Refused(format!("it cannot be opened at {tcti}: {e}")))?;
        keep_from_children();
        // Of parent and key: empty, as the owner's is on a machine that is its own owner.
        context.set_sessions((Some(AuthSession::Password), None, None));
        Ok(Self {
            context,
            loaded: Vec::new(),
        })
    }

    /// TPM2_Load, where it is not loaded already.
    fn load(&mut self, key: &WrappedKey) -> Result<KeyHandle, Error> {
        if let Some((_, handle)) = self.loaded.iter().find(|(loaded, _)| loaded == key) {
            return Ok(*handle);
        }
        let (private, public) = (
            Private::try_from(key.private.clone())?,
            Public::unmarshall(&key.public)?,
        );
        let handle = self.under_parent(|context, parent| context.load(parent, private, public))?;
        self.loaded.push((key.clone(), handle));
        Ok(handle)
    }

    /// TPM2_CreatePrimary gives the same parent from the owner's seed each time, so that nothing of
    /// it need be kept.
    fn under_parent<T>(
        &mut self,
        work: impl FnOnce(&mut Context, KeyHandle) -> Result<T, Error>,
    ) -> Result<T, Error> {
        while self.loaded.len() >= MOST_LOADED {
            let (_, oldest) = self.loaded.remove(0);
            self.context.flush_context(oldest.into())?;
        }
        let hierarchy = Hierarchy::Owner;
        let parent =
            self.context
                .create_primary(hierarchy, storage_key()?, None, None, None, None)?;
        let parent = parent.key_handle;
        let done = work(&mut self.context, parent);
        self.context.flush_context(parent.into())?;
        done
    }
}

/// The TSS opens TPM and socket for every program that this one starts, too: kiosk-worker, which
/// parses what strangers hand in, could ask the TPM.
fn keep_from_children() {
    const BEHIND_STANDARD_ERROR: libc::c_uint = 3;
    // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC closes nothing here: it sets a flag that acts
    // in a program started later, which gets its descriptors by dup2(2).
    let kept = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            BEHIND_STANDARD_ERROR,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if kept != 0 {
        tracing::warn!(
            "the TPM is open to programs that are started from here: {}",
            std::io::Error::last_os_error()
        );
    }
}

fn meaning(e: Error) -> DeviceKeyError {
    let kind = match e {
        Error::Tss2Error(code) => code.kind(),
        Error::WrapperError(_) => None,
    };
    match kind {
        Some(Tss2ResponseCodeKind::Integrity) => DeviceKeyError::OfAnotherTpm,
        _ => DeviceKeyError::Refused(e.to_string()),
    }
}

/// The storage primary of TCG's "TPM v2.0 Provisioning Guidance", P-256.
fn storage_key() -> Result<Public, Error> {
    let attributes = made_here().with_restricted(true).with_decrypt(true);
    let aes = SymmetricDefinitionObject::AES_128_CFB;
    p256(
        attributes,
        PublicEccParametersBuilder::new_restricted_decryption_key(aes, EccCurve::NistP256),
    )
}

fn signing_key() -> Result<Public, Error> {
    let ecdsa = EccScheme::EcDsa(HashScheme::new(HashingAlgorithm::Sha256));
    p256(
        made_here().with_sign_encrypt(true),
        PublicEccParametersBuilder::new_unrestricted_signing_key(ecdsa, EccCurve::NistP256),
    )
}

/// Came to be in this TPM, and leaves it for nobody.
fn made_here() -> ObjectAttributesBuilder {
    ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_no_da(true)
}

fn p256(
    attributes: ObjectAttributesBuilder,
    parameters: PublicEccParametersBuilder,
) -> Result<Public, Error> {
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes.build()?)
        .with_ecc_parameters(parameters.build()?)
        .with_ecc_unique_identifier(EccPoint::default())
        .build()
}

/// # Errors
/// [`DeviceKeyError::MalformedTpmKey`]; also of a key that did not come to be in the TPM.
pub(super) fn verifying_key(key: &WrappedKey) -> Result<VerifyingKey, DeviceKeyError> {
    let bad = |why: &str| DeviceKeyError::MalformedTpmKey(why.into());
    let public = Public::unmarshall(&key.public).map_err(|_| bad("no public part"))?;
    let Public::Ecc {
        object_attributes: is,
        parameters,
        unique,
        ..
    } = public
    else {
        return Err(bad("not on a curve"));
    };
    if parameters.ecc_curve() != EccCurve::NistP256 {
        return Err(bad("on another curve"));
    }
    if !(is.fixed_tpm() && is.fixed_parent() && is.sensitive_data_origin() && is.sign_encrypt()) {
        return Err(bad("not made in a TPM for signing"));
    }
    let (Some(x), Some(y)) = (scalar(unique.x()), scalar(unique.y())) else {
        return Err(bad("no point"));
    };
    // SEC 1 section 2.3.3, uncompressed.
    let point = [&[4u8][..], &x, &y].concat();
    VerifyingKey::from_sec1_bytes(&point).map_err(|_| bad("not a point of the curve"))
}

/// Big endian; a TPM may leave leading zeros out.
fn scalar(value: &EccParameter) -> Option<[u8; 32]> {
    let bytes = value.value();
    let mut padded = [0; 32];
    padded
        .get_mut(32usize.checked_sub(bytes.len())?..)?
        .copy_from_slice(bytes);
    Some(padded)
}
