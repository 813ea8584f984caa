//! Who signed EF.SOD or EF.CardSecurity, and whether that is somebody to believe.

use der::asn1::ObjectIdentifier;

use super::{UnixSeconds, held, holds};
use crate::certificate::Certificate;
use crate::check::{Check, CheckName, Outcome};
use crate::digest_algorithm::DigestAlgorithm;
use crate::file_id::{DataGroup, FileId};
use crate::files::ChipFiles;
use crate::issuing_state::is_of_state;
use crate::lds::{Dg1, Dg12};
use crate::signed_data::SignedData;
use crate::trust::{NoPath, Path, Revocation, Trust};

/// 2.23.136.1.1, `id-icao-mrtd-security`.
const ICAO_SECURITY: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01];
const DAY: u64 = 24 * 60 * 60;
/// Clocks of a kiosk and of a state differ.
const CLOCK_TOLERANCE: u64 = DAY;
/// A document is signed up to this long after the date of issue printed in it.
const PERSONALISATION: u64 = 30 * DAY;

const OF_SIGNER: [CheckName; 4] = [
    CheckName::SignerChain,
    CheckName::SignerState,
    CheckName::SignerValidity,
    CheckName::SignerRevocation,
];

/// What was signed, and the file it is.
#[derive(Clone, Copy)]
pub(super) struct SignedFile<'a> {
    pub data: &'a SignedData,
    pub id: FileId,
}

/// `digests` are the checks of the data groups: DG12 tells a date only when it is
/// the one that was signed.
pub(super) fn examine(
    files: &ChipFiles,
    signed: SignedFile<'_>,
    digests: &[Check],
    trust: &Trust,
    at: UnixSeconds,
) -> Vec<Check> {
    let Some(signer) = signed.data.signer_certificate() else {
        let reason = format!("{} does not hold the certificate of its signer", signed.id);
        let mut checks = vec![Check::failed(CheckName::SodSignature, reason.as_str())];
        checks.extend(OF_SIGNER.map(|name| Check::not_done(name, reason.as_str())));
        return checks;
    };
    let state = IssuingState::of(files);
    let signed_at = SigningTime::of(files, signed, digests, at);
    let mut checks = vec![signature(signed.data, signer)];
    let paths = match trust.paths(signer) {
        Ok(paths) => paths,
        Err(no_path) => {
            checks.push(no_chain(&no_path, signer, &state, trust));
            checks.push(state_of_signer_alone(signer, &state));
            checks.push(validity(&[signer], false, &signed_at, at));
            checks.push(Check::not_done(
                CheckName::SignerRevocation,
                "no CSCA certificate stands behind the signer",
            ));
            return checks;
        }
    };
    // A key often has several certificates: its own, and the link from the key before.
    let path = paths
        .iter()
        .find(|path| path.iter().all(|link| signed_at.within(link)))
        .or(paths.first());
    let Some(path) = path else {
        return checks;
    };
    checks.push(chain(signer, path));
    checks.push(state_of(signer, path, &state));
    let mut certificates = vec![signer];
    certificates.extend(path.issuer());
    checks.push(validity(&certificates, true, &signed_at, at));
    checks.push(revocation(signer, path, trust, at));
    checks
}

fn signature(signed: &SignedData, signer: &Certificate) -> Check {
    let name = CheckName::SodSignature;
    let may_sign = signer
        .extensions
        .key_usage
        .is_none_or(|usage| usage.digital_signature());
    if !may_sign {
        return Check::failed(name, "the signer's key may not sign");
    }
    // Each purpose that ICAO names is one beside signing documents: master lists,
    // deviation lists, visible seals (ICAO 9303-12, 7.1.1.3).
    let elsewhere = |purpose: &ObjectIdentifier| purpose.as_bytes().starts_with(ICAO_SECURITY);
    if signer.extensions.purposes.iter().any(elsewhere) {
        return Check::failed(
            name,
            "the signer's key is for something other than documents",
        );
    }
    match signed.verify_signature(signer) {
        Ok(()) => held(name, signed.signer.algorithm.digest()),
        Err(error) => Check::failed(name, error.to_string()),
    }
}

fn no_chain(no_path: &NoPath, signer: &Certificate, state: &IssuingState, trust: &Trust) -> Check {
    let name = CheckName::SignerChain;
    if trust.is_empty() {
        return Check::not_done(name, "no CSCA certificate was given");
    }
    match no_path {
        NoPath::UnknownIssuer => {
            // Of the state that the document names; without DG1, that the signer names.
            let known = trust.countries().into_iter().any(|country| match state {
                IssuingState::Read(state) => is_of_state(&country, state),
                _ => signer.issuer.country() == Some(country),
            });
            if known {
                Check::failed(
                    name,
                    "no CSCA certificate of this state has the issuer's name",
                )
            } else {
                Check::not_done(name, "no CSCA certificate of this state was given")
            }
        }
        NoPath::Signature(error) => Check::failed(
            name,
            format!("the CSCA certificate of the issuer's name did not sign: {error}"),
        ),
        NoPath::Unanchored => Check::failed(
            name,
            "the CSCA certificate that signed is neither self-signed nor linked to one that is",
        ),
    }
}

fn chain(signer: &Certificate, path: &Path<'_>) -> Check {
    let weak = std::iter::once(signer)
        .chain(path.links())
        .filter_map(Certificate::algorithm)
        .map(|algorithm| algorithm.digest())
        .find(|digest| digest.is_weak());
    held(
        CheckName::SignerChain,
        weak.unwrap_or(DigestAlgorithm::Sha256),
    )
}

/// The state that DG1 names.
enum IssuingState {
    NotRead,
    Unreadable,
    Read(String),
}

impl IssuingState {
    fn of(files: &ChipFiles) -> IssuingState {
        match files.get(FileId::DataGroup(DataGroup::DG1)).map(Dg1::parse) {
            None => IssuingState::NotRead,
            Some(Err(_)) => IssuingState::Unreadable,
            Some(Ok(dg1)) => IssuingState::Read(dg1.mrz.issuing_state().to_owned()),
        }
    }
}

/// Compares every country with the one of DG1; the first that differs.
fn compare_states<'a>(
    countries: impl Iterator<Item = (&'a str, Option<String>)>,
    state: &IssuingState,
) -> Result<(), Check> {
    let name = CheckName::SignerState;
    let state = match state {
        IssuingState::NotRead => return Err(Check::not_done(name, "DG1 was not read")),
        IssuingState::Unreadable => {
            return Err(Check::not_done(name, "DG1 is not a readable zone"));
        }
        IssuingState::Read(state) => state,
    };
    for (whose, country) in countries {
        let Some(country) = country else {
            return Err(Check::failed(name, format!("{whose} names no country")));
        };
        if !is_of_state(&country, state) {
            return Err(Check::failed(
                name,
                format!("{whose} is of {country}, the document of {state}"),
            ));
        }
    }
    Ok(())
}

fn state_of(signer: &Certificate, path: &Path<'_>, state: &IssuingState) -> Check {
    let authorities = path
        .iter()
        .map(|authority| ("the CSCA certificate", authority.country()));
    let signer = std::iter::once(("the signer's certificate", signer.country()));
    match compare_states(authorities.chain(signer), state) {
        Ok(()) => Check::passed(CheckName::SignerState),
        Err(check) => check,
    }
}

/// Without a CSCA certificate a signer can only contradict itself.
fn state_of_signer_alone(signer: &Certificate, state: &IssuingState) -> Check {
    let countries = [
        ("the signer's certificate", signer.country()),
        ("the signer's issuer", signer.issuer.country()),
    ];
    match compare_states(countries.into_iter(), state) {
        Ok(()) => Check::not_done(
            CheckName::SignerState,
            "no CSCA certificate stands behind the signer",
        ),
        Err(check) => check,
    }
}

/// When a file was signed, as well as it is known: from, to, and by what.
struct SigningTime {
    from: u64,
    to: u64,
    source: String,
}

impl SigningTime {
    fn of(
        files: &ChipFiles,
        signed: SignedFile<'_>,
        digests: &[Check],
        at: UnixSeconds,
    ) -> SigningTime {
        if let Some(time) = signed.data.signer.attributes.signing_time {
            return SigningTime {
                from: time,
                to: time,
                source: format!("the signing time in {}", signed.id),
            };
        }
        let issued = files
            .get(FileId::DataGroup(DataGroup::DG12))
            .filter(|_| holds(digests, CheckName::DataGroupDigest(DataGroup::DG12)))
            .and_then(|file| Dg12::parse(file).ok())
            .and_then(|dg12| dg12.issue_date);
        match issued {
            // A date without a time zone begins up to a day before the one of UTC.
            Some(date) => SigningTime {
                from: date.unix_seconds().saturating_sub(DAY),
                to: date.unix_seconds().saturating_add(PERSONALISATION),
                source: "the date of issue in DG12".to_owned(),
            },
            None => SigningTime {
                from: at,
                to: at,
                source: format!(
                    "today, for neither {} nor DG12 tells when it was signed",
                    signed.id
                ),
            },
        }
    }

    fn within(&self, certificate: &Certificate) -> bool {
        certificate.valid_at(self.from, self.to)
    }
}

/// The first is the signer's, the second the one of the CSCA, where there is one.
fn validity(
    certificates: &[&Certificate],
    complete: bool,
    signed_at: &SigningTime,
    at: UnixSeconds,
) -> Check {
    let name = CheckName::SignerValidity;
    let source = &signed_at.source;
    if signed_at.from > at.saturating_add(CLOCK_TOLERANCE) {
        return Check::failed(name, format!("{source} is in the future"));
    }
    let expired = certificates
        .iter()
        .zip(["the signer's certificate", "the CSCA certificate"])
        .find(|(certificate, _)| !signed_at.within(certificate));
    match expired {
        Some((_, whose)) => Check::failed(name, format!("{whose} was not valid at {source}")),
        None if !complete => Check::not_done(
            name,
            format!("only the signer's certificate was examined, at {source}"),
        ),
        None => Check {
            name,
            outcome: Outcome::Passed,
            reason: format!("at {source}"),
        },
    }
}

/// Of the signer, and of the links on its path.
fn revocation(signer: &Certificate, path: &Path<'_>, trust: &Trust, at: UnixSeconds) -> Check {
    let name = CheckName::SignerRevocation;
    let revocations = trust.revocations(signer, path, at);
    if revocations.contains(&Revocation::Listed) {
        return Check::failed(name, "a certificate is on a revocation list");
    }
    match revocations.first() {
        Some(Revocation::NotListed { stale: false }) => Check::passed(name),
        Some(Revocation::NotListed { stale: true }) => Check::warning(
            name,
            "the revocation list is older than its own next update",
        ),
        _ => Check::not_done(name, "no revocation list of this issuer was given"),
    }
}
